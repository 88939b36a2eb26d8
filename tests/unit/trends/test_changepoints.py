import numpy as np
import pytest

from streams.trends.daily.changepoints import KEPT, changes
from tests.bench.changes import segments


def plain_strength(values: list[float]) -> tuple[float, int]:
    """d of the best split and its place, by the formula, one split after the other."""
    best, place = 0.0, 0
    length = len(values)
    for split in range(5, length - 4):
        old, new = np.array(values[:split]), np.array(values[split:])
        within = ((old - old.mean()) ** 2).sum() + ((new - new.mean()) ** 2).sum()
        deviation = np.sqrt(within / (length - 2))
        d = abs(new.mean() - old.mean()) * np.sqrt(split * (length - split) / length) / deviation
        if d > best:
            best, place = float(d), split
    old, new = np.array(values[:place]), np.array(values[place:])
    left = np.concatenate([old - old.mean(), new - new.mean()])
    seen = (left[1:] * left[:-1]).sum() / (left**2).sum()
    rho = min(max((length * seen + 2) / (length - 4), 0), 0.95)
    return best / float(np.sqrt(min((1 + rho) / (1 - rho), 20))), place


@pytest.mark.parametrize("length", [12, 60, 200])
def test_it_is_the_formula(length: int) -> None:
    random = np.random.default_rng(length)
    values = 100 + random.normal(size=(6, KEPT))
    values[3:, -length // 3 :] += 4
    ratio, split = changes(values, np.full(6, length), np.full(6, 150.0))
    for row in range(6):
        strength, place = plain_strength(values[row, KEPT - length :].tolist())
        assert ratio[row] * 2 * np.sqrt(2 * np.log(150)) == pytest.approx(strength)
        assert split[row] == KEPT - length + place


def found_in(values: np.ndarray[tuple[int, int], np.dtype[np.float64]], event: int) -> tuple[int, list[int]]:
    """(series in which something was declared before the event, delays of the first declarations after it)."""
    before, delays = 0, []
    for row in values:
        early, late = segments(row[:event]), 0
        before += bool(early)
        for end in range(event + 5, len(row) + 1):
            if len(segments(row[:end])) > len(early):
                late = end - event
                break
        delays.append(late)
    return before, [delay for delay in delays if delay]


def test_levels_that_change_are_found_within_days_and_noise_is_not() -> None:
    random = np.random.default_rng(1)
    values = 100 + random.normal(size=(25, 75))
    values[:, 55:] += 3.5
    before, delays = found_in(values, 55)
    assert before <= 1
    assert len(delays) == 25
    assert np.median(delays) <= 6


@pytest.mark.parametrize(("phi", "most"), [(0.0, 0.05), (0.3, 0.15), (0.6, 0.5)])
def test_a_year_of_noise_has_few_changes_even_where_days_resemble_each_other(phi: float, most: float) -> None:
    random = np.random.default_rng(4)
    noise = random.normal(size=(40, 365))
    for day in range(1, 365):
        noise[:, day] += phi * noise[:, day - 1]
    declared = 0
    begin = np.zeros(40, dtype=np.intp)
    for end in range(1, 366):
        window = np.zeros((40, KEPT))
        window[:, -min(end, KEPT) :] = 100 + noise[:, max(end - KEPT, 0) : end]
        ratio, split = changes(window, np.minimum(end - begin, KEPT), (end - begin).astype(float))
        declared += int((ratio > 1).sum())
        begin = np.where(ratio > 1, end - KEPT + split, begin)
    assert declared / 40 <= most


def test_what_never_moved_needs_a_real_step() -> None:
    flat = np.full(60, 50.0)
    assert segments(flat) == []
    assert segments(np.where(np.arange(60) < 40, 50.0, 50.01)) == []
    assert segments(np.where(np.arange(60) < 40, 50.0, 47.5)) in ([39], [40])


def test_after_a_change_the_series_begins_again() -> None:
    random = np.random.default_rng(2)
    levels = np.repeat([100.0, 110.0, 90.0], 40)
    assert np.allclose(segments(levels + random.normal(size=120)), [40, 80], atol=1)
