from typing import Any

import numpy as np
import pytest

from streams.trends.detector import FEW_KEYS, Detector, Settings

HOURLY = 3600.0


def one(detector: Detector, value: float, seconds: float = 0.0) -> tuple[bool, int, float, float]:
    seen = detector.observe(np.array([0]), np.array([value]), np.array([seconds]))
    return bool(seen.alarm[0]), int(seen.channel[0]), float(seen.baseline[0]), float(seen.residual[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["values", "seconds", "floors"])
@pytest.mark.parametrize("size", [2, 50])
def test_what_is_not_finite_is_refused_and_nothing_changes(bad: float, where: str, size: int) -> None:
    detector = Detector(FEW_KEYS)
    slots = np.arange(size)
    call: dict[str, Any] = {"values": np.full(size, 5.0), "seconds": np.zeros(size), "floors": np.full(size, 1e-3)}
    detector.observe(slots, **call)
    before = [array.tobytes() for array in detector.state.arrays()]
    call[where] = np.full(size, 1.0)
    call[where][-1] = bad
    with pytest.raises(ValueError, match=where):
        detector.observe(slots, **call)
    assert [array.tobytes() for array in detector.state.arrays()] == before


def test_slots_and_lengths_are_checked() -> None:
    detector = Detector(FEW_KEYS)
    with pytest.raises(ValueError, match="negative"):
        detector.observe(np.array([-1]), np.array([1.0]), np.array([0.0]))
    with pytest.raises(ValueError, match="one length"):
        detector.observe(np.array([0, 1]), np.array([1.0]), np.array([0.0]))


def test_an_empty_call_is_none() -> None:
    nothing = np.array([])
    assert len(Detector(FEW_KEYS).observe(nothing.astype(np.intp), nothing, nothing).score) == 0


@pytest.mark.parametrize("series", [1, 40])
def test_extreme_values_leave_finite_state(series: int) -> None:
    detector = Detector(FEW_KEYS)
    slots = np.arange(series)
    extremes = [0.0, 1e-320, 5e-324, -1e-200, 1e308, -1.7e308, 1.0, 1e100, -1e155, 1e-160, 0.0, 7e307]
    for index in range(240):
        value = extremes[index * 7 % len(extremes)] if index > 70 else (0.0 if index % 2 else 1e-310)
        seen = detector.observe(slots, np.full(series, value), np.full(series, index * 1800.0 - 1e-20))
        assert np.isfinite(seen.tail).all()
        assert ((seen.tail >= 0) & (seen.tail <= 8)).all()
    assert all(np.isfinite(array).all() for array in detector.state.arrays())


def test_nothing_alarms_before_the_warm_up_is_over() -> None:
    detector = Detector(FEW_KEYS)
    values = [10.0 + index % 2 for index in range(FEW_KEYS.warm_up - 1)] + [1000.0]
    assert not any(one(detector, value)[0] for value in values)


def test_a_jump_alarms_once_and_then_the_series_rests() -> None:
    detector = Detector(FEW_KEYS)
    quiet = [100 + (index * 37 % 11) / 10 for index in range(200)]
    assert not any(one(detector, value)[0] for value in quiet)
    alarm, channel, baseline, residual = one(detector, 140.0)
    assert alarm
    assert channel in (1, 4)
    assert baseline == pytest.approx(100.5, abs=0.3)
    assert residual == pytest.approx(140 - baseline)
    assert not any(one(detector, value)[0] for value in [60.0, 200.0] * (FEW_KEYS.rest // 2))
    assert one(detector, 5000.0)[0]


def test_a_value_that_is_usual_at_another_hour_only_is_found_by_the_season() -> None:
    """Between 90 and 110 in the course of a day: 109 is nothing at six, and an event at eighteen."""
    random = np.random.default_rng(3)
    detector = Detector(FEW_KEYS)
    course = 100 + 10 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    for hour in range(24 * 120):
        one(detector, course[hour % 24] + random.normal(), hour * HOURLY)
    for hour in range(18):
        assert not one(detector, course[hour] + random.normal(), hour * HOURLY)[0]
    alarm, channel, baseline, residual = one(detector, 109.0, 18 * HOURLY)
    assert alarm
    assert channel == 4
    assert baseline == pytest.approx(90, abs=1.5)
    assert residual == pytest.approx(109 - baseline)


def test_a_level_that_moves_less_than_the_noise_is_found_as_a_shift() -> None:
    random = np.random.default_rng(11)
    detector = Detector(FEW_KEYS)
    for _ in range(3000):
        one(detector, 50 + random.normal())
    found = [seen for seen in (one(detector, 51.6 + random.normal()) for _ in range(60)) if seen[0]]
    assert found
    assert found[0][1] in (2, 3, 5, 6)
    assert found[0][3] > 0


@pytest.mark.parametrize(
    "wrong",
    [{"bar": 0.0}, {"bar": 9.0}, {"budget": 0.0}, {"budget": 1.0}, {"toll": 0.0}, {"rest": -1}, {"price_floor": -0.1}],
)
def test_settings_under_which_the_budget_would_not_hold_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must|can't"):
        Settings(**{"bar": 2.8, "budget": 1e-3, "toll": 0.1, **wrong})  # type: ignore[arg-type]
