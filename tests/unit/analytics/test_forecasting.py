"""Forecasts go on as the series went, and their ranges hold what they promise."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.analytics.forecasting import Forecast, ForecastError, forecast
from api.services.analytics.origins import tried
from api.services.analytics.ranges import quantile, ranges, student
from api.services.analytics.seasons import seasons
from api.services.analytics.smoothing import told, ways
from tests.bench import forecasts
from tests.bench.families import FAMILIES
from tests.bench.forecasts import Judged, judged

DAY = 86_400.0
WEEK = (5.0, 6.0, 5.0, 4.0, 6.0, 1.0, 0.0)


def after(values: Sequence[float | None], horizon: int = 7, level: float = 0.8) -> Forecast:
    return forecast([DAY * place for place in range(len(values))], values, horizon, level)


def column(said: Forecast, name: str) -> list[float]:
    return [getattr(point, name) for point in said.points]


def noisy(count: int, seed: int = 3) -> list[float]:
    random = np.random.default_rng(seed)
    return [WEEK[place % 7] + 0.05 * place + float(random.normal()) for place in range(count)]


def test_a_line_goes_on() -> None:
    said = after([3.0 + 2.0 * place for place in range(20)], 5)
    assert column(said, "value") == pytest.approx([43, 45, 47, 49, 51])
    assert column(said, "low") == pytest.approx(column(said, "high"))
    assert said.season is None
    assert column(said, "at") == [DAY * place for place in range(20, 25)]


@pytest.mark.parametrize("slope", [0.0, 0.25])
def test_a_season_comes_again(slope: float) -> None:
    said = after([WEEK[place % 7] + slope * place for place in range(42)], 10)
    assert column(said, "value") == pytest.approx([WEEK[place % 7] + slope * place for place in range(42, 52)])
    assert said.season == 7 and "A season of 7 buckets was used." in said.notes


def test_two_seasons_at_once_are_found_by_the_longer() -> None:
    random = np.random.default_rng(0)
    hours = np.arange(24 * 7 * 4)
    values = 9 + 4 * np.sin(hours * np.pi / 12) * (hours // 24 % 7 < 5) + 0.2 * random.normal(size=len(hours))
    assert after(values.tolist(), 24).season == 168
    assert 168 in seasons(values, np.ones(len(values), dtype=bool))


def test_noise_and_walks_have_no_season() -> None:
    random = np.random.default_rng(0)
    chance = [seasons(one, np.ones(300, dtype=bool)) for one in random.normal(size=(40, 300))]
    walks = [seasons(one, np.ones(300, dtype=bool)) for one in random.normal(size=(40, 300)).cumsum(axis=1)]
    assert sum(map(bool, chance)) <= 8 and sum(map(bool, walks)) <= 8


@pytest.mark.parametrize("value", [0.0, 7.3, -2.0, 1e140])
def test_a_constant_is_certain(value: float) -> None:
    said = after([value] * 30)
    assert {value} == set(column(said, "value")) == set(column(said, "low")) == set(column(said, "high"))


BARS = {0.8: 0.7, 0.95: 0.85}


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "records an hour"])
def test_ranges_hold_what_they_promise(name: str) -> None:
    found = judged(FAMILIES[name], 12, seed=1)
    assert all(covered >= bar for covered, bar in zip(found.covered, BARS.values(), strict=True)), found
    assert found.error <= 1.2


@pytest.mark.parametrize(
    ("covered", "error", "code"),
    [((0.8, 0.95), 0.9, 0), ((0.74, 0.95), 0.9, 1), ((0.8, 0.8), 0.9, 1), ((0.8, 0.95), 1.1, 1)],
)
def test_a_bench_of_broken_ranges_is_no_success(
    monkeypatch: pytest.MonkeyPatch, covered: tuple[float, float], error: float, code: int
) -> None:
    monkeypatch.setattr(forecasts, "judged", lambda family, series: Judged(covered, error))
    monkeypatch.setattr(forecasts, "_cost", lambda table: True)
    assert forecasts.run([]) == code


def test_seasons_and_trends_are_worth_their_while() -> None:
    """Better than repeating the last season, by a quarter: the same over fewer ways would not be."""
    assert judged(FAMILIES["trend, weekly season, noise"], 20).error < 0.8


def test_a_range_for_more_is_wider_and_grows() -> None:
    values = np.random.default_rng(1).normal(size=200).cumsum().tolist()
    narrow, wide = after(values, 30, 0.8), after(values, 30, 0.95)
    spans = [np.subtract(column(one, "high"), column(one, "low")) for one in (narrow, wide)]
    assert (spans[1] > spans[0]).all()
    assert (np.diff(spans[0]) >= -1e-12).all() and spans[0][-1] > 2 * spans[0][0]


def test_beyond_what_could_be_tried_the_range_is_widened_and_said_to_be() -> None:
    said = after(noisy(20), 60)
    spans = np.subtract(column(said, "high"), column(said, "value"))
    assert any("could be tried" in note for note in said.notes)
    assert any("short" in note for note in said.notes)
    assert spans[-1] > 1.5 * spans[12]
    assert not any("could be tried" in note or "short" in note for note in after(noisy(200), 14).notes)


def test_counts_are_not_negative() -> None:
    counts = np.random.default_rng(2).poisson(0.4, 120).astype(float).tolist()
    said = after(counts, 10, 0.95)
    assert min(column(said, "low")) == 0 and "No value was below 0, so the range ends there." in said.notes
    assert min(column(after([one - 1 for one in counts], 10, 0.95), "low")) < -1


def test_what_is_missing_teaches_nothing() -> None:
    whole = [WEEK[place % 7] for place in range(70)]
    gaps: list[float | None] = [None if place in (3, 30, 31, 32, 69) else one for place, one in enumerate(whole)]
    said = after(gaps)
    assert column(said, "value") == pytest.approx([WEEK[place % 7] for place in range(70, 77)], abs=0.6)
    assert "5 buckets had no value; nothing was learnt from them." in said.notes
    assert after([None, *noisy(50)]).points == [
        type(point)(point.at + DAY, point.value, point.low, point.high) for point in after(noisy(50)).points
    ]


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf, 1e200])
def test_what_is_no_finite_number_counts_as_missing(strange: float) -> None:
    values: list[float | None] = [*noisy(60)]
    values[20] = strange
    said = after(values)
    assert "1 bucket held no finite number; nothing was learnt from them." in said.notes
    values[20] = None
    assert said.points == after(values).points


@pytest.mark.parametrize(
    ("values", "horizon", "level", "sentence"),
    [
        ([1.0] * 7, 3, 0.8, "at least 8 values and there are 7"),
        ([1.0, None, math.nan] * 5, 3, 0.8, "at least 8 values and there are 5"),
        ([], 3, 0.8, "there are none"),
        ([1.0] * 9, 0, 0.8, "horizon of 0"),
        ([1.0] * 9, 1001, 0.8, "horizon of 1001"),
        ([1.0] * 9, 3, 1.0, "level of 1.0"),
        ([float(place) for place in range(20)] + [None] * 900, 3, 0.8, "newest values are too few"),
    ],
)
def test_what_cannot_be_forecast_is_refused(
    values: list[float | None], horizon: int, level: float, sentence: str
) -> None:
    with pytest.raises(ForecastError, match=sentence) as refusal:
        after(values, horizon, level)
    assert any(word in str(refusal.value) for word in ("choose", "ask for"))


def test_moments_and_values_are_of_one_number() -> None:
    with pytest.raises(ForecastError, match="one value for each moment"):
        forecast([0.0], [1.0, 2.0], 1, 0.8)


@given(st.integers(0, 50), st.integers(-8, 8), st.integers(-1000, 1000))
def test_another_unit_is_another_unit_only(seed: int, power: int, shift: int) -> None:
    values = np.random.default_rng(seed).normal(size=60).cumsum() - 1e4
    before, then = after(values.tolist()), after((values * 2.0**power + shift - 1e6).tolist())
    assert before.method == then.method
    for name in ("value", "low", "high"):
        moved = np.array(column(before, name)) * 2.0**power + shift - 1e6
        assert column(then, name) == pytest.approx(moved, abs=1e-3 * 2.0**power)


def test_the_same_series_has_the_same_forecast() -> None:
    assert after(noisy(100)) == after(noisy(100))


def test_only_the_last_two_thousand_are_looked_at() -> None:
    values = noisy(2300)
    said = after(values)
    assert "Only the last 2,000 buckets were looked at." in said.notes
    assert column(said, "value") == column(after(values[300:]), "value")


def test_no_origin_knows_what_came_after_it() -> None:
    values = np.array(noisy(80))
    known, steps = np.ones(80, dtype=bool), np.array([1, 5])
    changed = values.copy()
    changed[60:] += 100
    before, then = (told(one, known, ways([7]), np.array([40, 59]), steps) for one in (values, changed))
    assert before == pytest.approx(then)
    early, late = tried(values, known, ways([7]), 5), tried(changed, known, ways([7]), 5)
    until = len(early.errors) - 25
    assert early.errors[:until] == pytest.approx(late.errors[:until])


def test_quantiles_are_those_of_the_books() -> None:
    """Student's at 0.975 for 5 and 30 degrees of freedom, from any table of it."""
    assert student(0.975, 5) == pytest.approx(2.571, abs=0.01) and student(0.975, 30) == pytest.approx(2.042, abs=0.001)
    assert quantile(np.array([3.0, 1.0, 2.0]), np.ones(3), 0.5) == 2
    assert quantile(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 8.0]), 0.9) == 9


def test_errors_of_one_side_make_a_range_of_one_side() -> None:
    errors = np.abs(np.random.default_rng(0).normal(size=(400, 1)))
    span = ranges(errors, np.array([1]), 3, 0.8)
    assert span.below[0] == 0 and span.above[0] == pytest.approx(1.645, abs=0.25)
    assert span.above[2] > span.above[0] and span.tried == 1


def test_newer_errors_count_more() -> None:
    random = np.random.default_rng(0)
    calm, wild = random.normal(size=(200, 1)), 4 * random.normal(size=(200, 1))
    calmed, worse = (ranges(np.vstack(one), np.array([1]), 1, 0.8) for one in ((wild, calm), (calm, wild)))
    assert worse.above[0] > 1.2 * calmed.above[0] and worse.below[0] > 1.2 * calmed.below[0]
