"""Series have no holes and nothing unfinished; histograms have as many buckets as their numbers deserve."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from api.errors import ApiError
from api.services.analytics.buckets import edges, fitting, spread_of
from api.services.analytics.calendar import begun, between, later
from api.services.analytics.series import series_of
from schemas.analysing import Interval, Summary

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def ms(moment: datetime) -> float:
    return moment.timestamp() * 1000


@pytest.mark.parametrize("interval", ["minute", "hour", "day", "week", "month"])
def test_stretches_follow_each_other(interval: Interval) -> None:
    moment = datetime(2026, 12, 30, 23, 59, 59, tzinfo=UTC)
    first = begun(moment, interval)
    assert first <= moment < later(first, interval, 1)
    for steps in range(-30, 30):
        there = later(first, interval, steps)
        assert begun(there, interval) == there and between(first, there, interval) == steps
    if interval == "week":
        assert first.weekday() == 0
    with pytest.raises(ValueError, match="last year"):
        later(first, interval, 10**9 * 5)


def test_a_hole_is_nothing_or_zero_and_the_open_end_is_left_out() -> None:
    rows: list[list[Any]] = [[ms(JANUARY + timedelta(days=day)), day] for day in (5, 0, 1, 3)]
    until = JANUARY + timedelta(days=5, hours=7)
    for empty in (None, 0.0):
        series = series_of(rows, "day", (None, until), empty=empty, horizon=3)
        assert (series.first, series.values) == (JANUARY, [0.0, 1.0, empty, 3.0, empty])
    whole = series_of(rows, "day", (JANUARY + timedelta(hours=1), until), empty=0.0, horizon=3)
    assert whole.first == JANUARY + timedelta(days=1), "the first is not whole either"
    assert np.diff(whole.at).tolist() == [86_400.0] * 3


def test_months_are_where_the_calendar_has_them() -> None:
    rows: list[list[Any]] = [[ms(later(JANUARY, "month", place)), place] for place in range(4)]
    series = series_of(rows, "month", (None, datetime(2026, 5, 2, tzinfo=UTC)), empty=None, horizon=12)
    assert series.values == [0.0, 1.0, 2.0, 3.0] and len(set(np.diff(series.at))) == 1
    assert series.moment(4) == datetime(2026, 5, 1, tzinfo=UTC)


def test_a_series_that_is_too_long_or_leads_too_far_is_refused() -> None:
    with pytest.raises(ApiError) as refused:
        series_of([[ms(JANUARY), 1]], "minute", (None, JANUARY + timedelta(days=30)), empty=0.0, horizon=1)
    assert refused.value.faults[0].field == "interval"
    old = datetime(9999, 1, 1, tzinfo=UTC)
    with pytest.raises(ApiError) as refused:
        series_of([[ms(old), 1]], "month", (None, datetime(9999, 6, 1, tzinfo=UTC)), empty=0.0, horizon=200)
    assert refused.value.faults[0].field == "horizon"


def summary(values: Any) -> Summary:
    p05, p25, median, p75, p95 = map(float, np.percentile(values, [5, 25, 50, 75, 95]))
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Summary(field="x", count=len(values), mean=float(np.mean(values)), deviation=deviation,
                   low=float(min(values)), p05=p05, p25=p25, median=median, p75=p75, p95=p95,
                   high=float(max(values)))  # fmt: skip


def test_buckets_are_numpy_s_auto_up_to_fifty() -> None:
    dice = np.random.default_rng(3)
    for values in (dice.normal(size=200), dice.uniform(size=1000), dice.normal(size=7)):
        assert fitting(summary(values)) == len(np.histogram_bin_edges(values, "auto")) - 1
    assert fitting(summary(dice.standard_cauchy(size=5000))) == 50


@pytest.mark.parametrize("values", [[3.0], [0.0, 0.0], [-1.7e308, 1.7e308], [0.0, 5e-324], [1.0, 1.0 + 2e-16]])
def test_a_histogram_has_edges_that_rise_whatever_the_numbers_are(values: list[float]) -> None:
    for wanted in (None, 1, 50):
        spread = spread_of(summary(values), wanted)
        told = edges(spread, max(values))
        assert len(told) == spread.buckets + 1 and spread.width > 0
        assert all(before <= after for before, after in pairwise(told)) and np.isfinite(told).all()
