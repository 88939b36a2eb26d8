"""Which way is believed, by forecasts from many origins that are held against what came after them.

At each origin the way is chosen by what was known there, as it is chosen at the end; the errors of those choices are
errors of the whole procedure, choosing included, on values it had not seen (Tashman, 2000, "Out-of-sample tests of
forecasting accuracy"; Dawid, 1984, "Statistical theory: the prequential approach"). Ranges are made of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from api.services.analytics.seasons import Bools, Floats
from api.services.analytics.smoothing import Ints, Way, told

MOST_ORIGINS = 400
MOST_STEPS = 16
FEWEST_ORIGINS = 8
BELIEVED = 5
"""So many ways, the best, are averaged: one alone is too often the luckiest (Makridakis, Hibon, 2000, "The
M3-Competition: results, conclusions and implications")."""
NEARLY = 1.2
"""Of those only what missed at most so many times as much as the best."""


@dataclass(frozen=True, slots=True)
class Tried:
    """`errors` (origins, steps) of what would have been said, what came less what was said, NaN where nothing came;
    `steps` ahead that were tried; `best` are the ways that are believed at the end, the best first, and `weights` how
    much each of them counts."""

    errors: Floats
    steps: Ints
    best: list[Way]
    weights: Floats


def tried(values: Floats, known: Bools, ways: Sequence[Way], horizon: int) -> Tried:
    """Rolls the origin through the series, all of it or its last 400 buckets, and at most 16 of the steps."""
    count = len(values)
    longest = max(way.season for way in ways)
    first = max(3, min(count // 3, 30), 2 * longest - 1 if longest > 1 else 0, count - 1 - MOST_ORIGINS)
    first = min(first, count - 2)
    origins = np.arange(first, count - 1)
    steps = spaced(min(horizon, count - 1 - first))
    said = told(values, known, ways, origins, steps)
    target = origins[:, None] + steps
    there = target < count
    target = np.minimum(target, count - 1)
    there &= known[target]
    errors = np.where(there[:, :, None], values[target][:, :, None] - said, np.nan)
    places, weights = _places(errors, there, steps)
    chosen = (np.take_along_axis(errors, places[:-1, None, :], axis=2) * weights[:-1, None, :]).sum(axis=2)
    # The first choices were made of nothing, which the last one is not.
    blind = min(max(2, len(chosen) // 10), max(0, len(chosen) - FEWEST_ORIGINS))
    return Tried(chosen[blind:], steps, [ways[int(place)] for place in places[-1]], weights[-1])


def spaced(horizon: int) -> Ints:
    """At most 16 of the steps to the horizon, both ends among them."""
    return np.unique(np.round(np.linspace(1, horizon, min(horizon, MOST_STEPS))).astype(np.intp))


def _places(errors: Floats, there: Bools, steps: Ints) -> tuple[Ints, Floats]:
    """The best ways at each origin, at the end in the last row, and their weights; both (origins + 1, believed)."""
    missed = np.abs(errors)
    missed[~there] = 0.0
    rows, wide, many = missed.shape
    scores = np.zeros((rows + 1, many))
    for column in range(wide):
        # What was said at an origin is known to be right or wrong `step` buckets later.
        delay = min(int(steps[column]), rows)
        sums = np.cumsum(missed[: rows + 1 - delay, column], axis=0)
        count = np.cumsum(there[: rows + 1 - delay, column])
        scores[delay:] += sums / np.maximum(count, 1)[:, None]
    # Rounding must not choose: what missed by less than this missed by nothing, and near ties go to the plainer way.
    scores = np.round(scores, 9)
    places = np.argsort(scores, axis=1, kind="stable")[:, :BELIEVED]
    found = np.take_along_axis(scores, places, axis=1)
    weights = (found <= NEARLY * found[:, :1]).astype(np.float64)
    return places, weights / weights.sum(axis=1, keepdims=True)
