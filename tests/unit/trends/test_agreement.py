import numpy as np
import pytest

from streams.trends.detector import FEW_KEYS, MANY_KEYS, Detector, Settings
from tests.unit.trends.plain_detector import PlainDetector
from tests.unit.trends.streams_of_numbers import walks

SERIES, OBSERVATIONS = 9, 500


@pytest.mark.parametrize(
    ("seed", "settings", "floor"), [(1, FEW_KEYS, 1e-3), (2, FEW_KEYS, 1e-2), (3, MANY_KEYS, 1e-3)]
)
@pytest.mark.parametrize("largest_call", [5, 60])
def test_same_scores_as_the_specification(seed: int, settings: Settings, floor: float, largest_call: int) -> None:
    """In calls of random size in which series repeat, with capacity for one, as many slots as come up."""
    random = np.random.default_rng(seed)
    values = walks(seed, OBSERVATIONS, SERIES)
    plain = [PlainDetector(settings, floor) for _ in range(SERIES)]
    detector = Detector(settings, capacity=1)
    order = random.permutation(np.repeat(np.arange(SERIES), OBSERVATIONS))
    taken = [0] * SERIES
    alarms, start = 0, 0
    while start < len(order):
        slots = order[start : start + int(random.integers(1, largest_call + 1))]
        start += len(slots)
        call = []
        for slot in slots.tolist():
            call.append((values[taken[slot], slot], 1.79e9 + taken[slot] * 1800.0))
            taken[slot] += 1
        x, seconds = np.array(call).T
        observed = detector.observe(slots, x, seconds, np.full(len(slots), floor))
        expected = [plain[slot].observe(*one) for slot, one in zip(slots.tolist(), call, strict=True)]
        tail, above, alarm = np.array(expected).T
        np.testing.assert_allclose(observed.tail, tail, rtol=0, atol=1e-9)
        np.testing.assert_allclose(observed.score, above, rtol=0, atol=1e-9)
        assert observed.alarm.tolist() == alarm.astype(bool).tolist()
        alarms += int(alarm.sum())
    assert alarms > 0


def test_a_long_series_agrees_beyond_the_memory_of_every_average() -> None:
    values = walks(7, 6500, 1)[:, 0]
    plain, detector = PlainDetector(FEW_KEYS, 1e-3), Detector(FEW_KEYS)
    slot = np.zeros(1, dtype=np.intp)
    for index, value in enumerate(values.tolist()):
        observed = detector.observe(slot, np.array([value]), np.array([index * 600.0]))
        tail, _, alarm = plain.observe(value, index * 600.0)
        assert observed.tail[0] == pytest.approx(tail, abs=1e-9)
        assert bool(observed.alarm[0]) is alarm


@pytest.mark.parametrize("calls", [1, 3, 7, 8, 30, 1200])
def test_the_size_of_a_call_changes_no_bit(calls: int) -> None:
    """Plain and vectorised steps, rounds of repeats, pieces: all the same state and output as one big call."""
    values = walks(4, 300, 20)
    slots = np.tile(np.arange(20), 300)
    x, seconds = values.ravel(), np.repeat(np.arange(300) * 900.0, 20)
    whole = Detector(FEW_KEYS)
    expected = whole.observe(slots, x, seconds)
    parts = Detector(FEW_KEYS)
    pieces = np.array_split(np.arange(len(x)), -(-len(x) // calls))
    observed = [parts.observe(slots[piece], x[piece], seconds[piece]) for piece in pieces]
    for name in ("score", "alarm", "channel", "tail", "baseline", "residual"):
        joined = np.concatenate([getattr(one, name) for one in observed])
        assert joined.tobytes() == getattr(expected, name).tobytes(), name
    for mine, theirs in zip(parts.state.arrays(), whole.state.arrays(), strict=True):
        assert mine[:20].tobytes() == theirs[:20].tobytes()


def test_the_company_of_a_series_changes_no_bit() -> None:
    values = walks(5, 400, 40)
    together, alone = Detector(FEW_KEYS), Detector(FEW_KEYS)
    for index, row in enumerate(values):
        seconds = np.full(40, index * 60.0)
        observed = together.observe(np.arange(40), row, seconds)
        single = alone.observe(np.array([0]), row[7:8], seconds[:1])
        assert observed.tail[7] == single.tail[0]
        assert observed.residual[7] == single.residual[0]
