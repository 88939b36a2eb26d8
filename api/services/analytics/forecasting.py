"""What a series will be next, and between which values: pure, without a clock, the same for the same series.

Many ways of forecasting are tried on the series itself (`origins`), the best of them are averaged, and the range comes
from how far their forecasts were off before (`ranges`). docs/decisions/26-forecasts.md tells what was measured.

Time and memory are O(n · ways + origins · steps · ways), with at most 2,000 values, 98 ways, 400 origins and 16 steps
tried, so that both are bounded whatever is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from api.services.analytics.origins import tried
from api.services.analytics.ranges import Range, ranges
from api.services.analytics.seasons import Bools, Floats, seasons
from api.services.analytics.smoothing import Way, told, ways

FEWEST = 8
MOST = 2000
FARTHEST = 1000
LOWEST_LEVEL, HIGHEST_LEVEL = 0.5, 0.99
_SHORT = 30
_LARGEST = 1e150
"""Squares of larger numbers are none."""


class ForecastError(Exception):
    """There is no forecast to be had of what was given; the text says what to do about it."""


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """One bucket to come: `at` in epoch seconds, `value` the middle, in the series' own unit, and the range."""

    at: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """`method` names the way that was best, `season` its length in buckets; `notes` are sentences for people."""

    points: list[ForecastPoint]
    method: str
    season: int | None
    notes: list[str]


def forecast(at: Sequence[float], values: Sequence[float | None], horizon: int, level: float) -> Forecast:
    """The next `horizon` buckets after the last, each with the range that holds the truth `level` of the time.

    `at` (n) are the beginnings of equally wide buckets in epoch seconds, ascending; `values` (n) what was in them, None
    for nothing, which is not 0. Numbers that are not finite count as nothing. ForecastError for too few values, and for
    a horizon or level out of bounds.
    """
    _bounded(at, values, horizon, level)
    given = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    known = np.abs(given) <= _LARGEST
    notes = _lacking(given, known, sum(value is None for value in values))
    begin = max(int(known.argmax()), len(given) - MOST)
    given, known = given[begin:], known[begin:]
    if known.sum() < FEWEST:
        raise ForecastError(
            f"A forecast needs at least {FEWEST} values and there are {int(known.sum())}: "
            "choose a longer time, or another width of buckets."
        )
    middle, spans, best = _said(given, known, horizon, level)
    low, high = middle - spans.below, middle + spans.above
    notes += _remarks(best, len(given), spans.tried, horizon)
    if given[known].min() >= 0:
        if low.min() < 0:
            notes.append("No value was below 0, so the range ends there.")
        middle, low, high = (np.maximum(one, 0.0) for one in (middle, low, high))
    width = (at[-1] - at[0]) / (len(at) - 1)
    points = [
        ForecastPoint(float(at[-1] + width * (step + 1)), float(middle[step]), float(low[step]), float(high[step]))
        for step in range(horizon)
    ]
    return Forecast(points, best.name, best.season if best.season > 1 else None, notes)


def _bounded(at: Sequence[float], values: Sequence[float | None], horizon: int, level: float) -> None:
    if len(at) != len(values):
        raise ForecastError(f"There are {len(at)} moments and {len(values)} values: give one value for each moment.")
    if not values:
        raise ForecastError(f"A forecast needs at least {FEWEST} values and there are none: choose a longer time.")
    if not 1 <= horizon <= FARTHEST:
        raise ForecastError(f"A horizon of {horizon} buckets is out of bounds: ask for 1 to {FARTHEST:,}.")
    if not LOWEST_LEVEL <= level <= HIGHEST_LEVEL:
        raise ForecastError(f"A level of {level} is out of bounds: ask for {LOWEST_LEVEL} to {HIGHEST_LEVEL}.")


def _said(given: Floats, known: Bools, horizon: int, level: float) -> tuple[Floats, Range, Way]:
    """The middle (horizon), its range, and the best way."""
    places = np.arange(len(given))
    whole = np.interp(places, places[known], given[known])
    # With sizes around 1 one measure of rounding serves all units.
    shift = float(np.median(given[known]))
    unit = float(np.abs(whole - shift).max()) or 1.0
    whole = (whole - shift) / unit
    found = tried(whole, known, ways(seasons(whole, known)), horizon)
    if not np.isfinite(found.errors).any():
        raise ForecastError("The newest values are too few to try a forecast on: choose wider buckets.")
    spans = ranges(found.errors, found.steps, horizon, level)
    ahead = np.arange(1, horizon + 1)
    middle = told(whole, known, found.best, places[-1:], ahead)[0] @ found.weights
    return middle * unit + shift, Range(spans.below * unit, spans.above * unit, spans.tried), found.best[0]


def _lacking(given: Floats, known: Bools, empty: int) -> list[str]:
    notes = []
    if len(given) > MOST:
        notes.append(f"Only the last {MOST:,} buckets were looked at.")
    if empty:
        notes.append(f"{_buckets(empty)} had no value; nothing was learnt from them.")
    if strange := int((~known).sum()) - empty:
        notes.append(f"{_buckets(strange)} held no finite number; nothing was learnt from them.")
    return notes


def _remarks(best: Way, count: int, tried: int, horizon: int) -> list[str]:
    notes = []
    if best.season > 1:
        notes.append(f"A season of {best.season} buckets was used.")
    if count < _SHORT:
        notes.append("The series is short; the range is wide.")
    if horizon > tried:
        notes.append(f"Only {tried} of {_buckets(horizon)} ahead could be tried; the range is widened from there on.")
    return notes


def _buckets(count: int) -> str:
    return "1 bucket" if count == 1 else f"{count:,} buckets"
