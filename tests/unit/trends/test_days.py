import numpy as np
import pytest

from streams.trends.daily.company import Company
from streams.trends.daily.days import DAY, Days
from streams.trends.daily.judge import Daily, judge

BEGIN = 20_000 * DAY


def push(days: Days, value: float, seconds: float, slot: int = 0) -> list[int]:
    return [int(one) for one in days.push(np.array([slot]), np.array([value]), np.array([seconds]))]


def test_a_day_is_its_median_and_ends_an_hour_after_midnight() -> None:
    days = Days(4)
    for hour, value in enumerate([10.0, 500.0, 12.0, 11.0, 0.0]):
        assert push(days, value, BEGIN + hour * 3600) == []
    assert push(days, 13.0, BEGIN + DAY + 3599) == [], "a new day has begun, the old one still takes what is late"
    assert push(days, 12.0, BEGIN + DAY - 1) == []
    assert push(days, 14.0, BEGIN + DAY + 3600) == [0]
    assert days.ring[0, -1] == 11.5
    assert days.numbers[0, -1] == 20_000
    assert push(days, 99.0, BEGIN + DAY - 1) == [], "too late"
    assert push(days, 14.0, BEGIN + 5 * DAY) == [0]
    assert days.ring[0, -2:].tolist() == [11.5, 13.5]
    assert days.numbers[0, -2:].tolist() == [20_000, 20_001]


def test_two_days_that_end_at_once_end_in_their_order() -> None:
    days = Days(4)
    push(days, 1.0, BEGIN)
    push(days, 2.0, BEGIN + DAY + 60)
    assert push(days, 3.0, BEGIN + 9 * DAY) == [0]
    assert days.ring[0, -2:].tolist() == [1.0, 2.0]


def test_the_sample_of_a_busy_day_is_spread_over_it() -> None:
    days = Days(4)
    for minute in range(1000):
        push(days, float(minute), BEGIN + minute * 60)
    push(days, 0.0, BEGIN + 2 * DAY)
    assert 250 < days.ring[0, -1] < 750


def test_a_series_several_times_in_a_call_is_taken_in_order() -> None:
    one, many = Days(4), Days(4)
    values, seconds = np.arange(40.0), BEGIN + np.repeat(np.arange(4), 10) * DAY + 7200.0
    slots = np.tile([0, 1], 20)
    ended = many.push(slots, values, seconds.astype(np.float64))
    single = [index for index in range(40) if push(one, values[index], seconds[index], int(slots[index]))]
    assert ended.tolist() == single
    for name in ("open", "ring", "numbers", "meta"):
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes()


def told(values: list[float]) -> list[tuple[int, Daily]]:
    """What is said of a daily series at the end of each of its days; in company of a few that say nothing."""
    days, company, found = Days(2), Company(), []
    for day, value in enumerate(values):
        if push(days, value, BEGIN + day * DAY + 7200):
            for one in judge(days, np.array([0]), company):
                days.told(0, "00000000-0000-0000-0000-0000000000aa")
                found.append((day, one))
    return found


def test_a_level_that_changes_is_told_once_with_the_days_around_it() -> None:
    random = np.random.default_rng(1)
    values = [*(100 + random.normal(size=40)), *(92 + random.normal(size=60))]
    ((day, one),) = told([float(value) for value in values])
    assert 44 <= day <= 48
    assert (one.detector, one.closes) == ("change_point", "")
    assert one.before == pytest.approx(100, abs=0.6)
    assert one.after == pytest.approx(92, abs=1)
    assert len(one.values) >= 14
    assert one.score > 6


def test_a_slow_rise_is_told_once_and_ends_when_it_ends() -> None:
    random = np.random.default_rng(6)
    level = np.concatenate([np.linspace(100, 106, 60), np.full(80, 106.0)])
    found = [(day, one) for day, one in told([float(x) for x in level + random.normal(size=140)])]
    slow = [(day, one) for day, one in found if one.detector == "slow_trend"]
    assert slow
    day, began = slow[0]
    assert 21 < day < 60
    assert began.after > began.before
    assert [bool(one.closes) for _, one in slow] == [index % 2 == 1 for index in range(len(slow))]
    assert slow[-1][1].closes
