"""Low-rate series: has the level changed, and since when? A generalised likelihood ratio over all splits of the past.

For each split of the last values (both sides at least five) d = |Δmean|·√(k(L−k)/L)/sd, sd being what is left within
the sides; of the split with the largest d the lag-1 correlation of what is left widens it by the variance inflation
(1+rho)/(1−rho), 20 at most. It is a change when d > 2·√(2·ln t) after t values: then the series begins again there
(Siegmund & Venkatraman, "Using the generalized likelihood ratio statistic for sequential detection of a change-point",
Annals of Statistics 1995; the bound grows with t, so that looking again each day does not add up).
"""

import numpy as np

from streams.trends.detector.state import Bools, Floats, Ints

KEPT = 200
SIDE = 5
"""Values that a side must have before its mean is one."""

MOST_INFLATION = 20.0
FLATTEST = 1e-3
"""Noise is at least this fraction of the level: a series that never moved knows nothing of its noise."""


def changes(values: Floats, lengths: Ints, ages: Floats) -> tuple[Floats, Ints]:
    """Over (n, 200), the newest last, of which the last `lengths` (n) count: (d over its bound, first of the new).

    A ratio above 1 is a change; 0 where a series is too short. The split is a column of `values`. `ages` (n) are the
    values that the series has ever had since it began (t).
    """
    columns = np.arange(KEPT)
    present = columns >= KEPT - lengths[:, None]
    kept = np.where(present, values, 0.0)
    center = kept.sum(axis=1) / np.maximum(lengths, 1)
    kept = np.where(present, values - center[:, None], 0.0)
    strength, split = _strongest(kept, lengths)
    strength /= np.sqrt(_inflation(kept, present, lengths, split))
    bound = 2.0 * np.sqrt(2.0 * np.log(np.maximum(ages, 2.0)))
    floor = FLATTEST * np.abs(center)
    moved = _difference(kept, present, split) > floor
    return np.where((lengths >= 2 * SIDE) & moved, strength / bound, 0.0), split


def _strongest(kept: Floats, lengths: Ints) -> tuple[Floats, Ints]:
    """d before inflation, and where the new level begins."""
    total, squares = kept.sum(axis=1)[:, None], (kept * kept).sum(axis=1)[:, None]
    before = np.cumsum(kept, axis=1)[:, :-1]
    first = (KEPT - lengths)[:, None]
    left = np.arange(1, KEPT) - first
    right = lengths[:, None] - left
    allowed: Bools = (left >= SIDE) & (right >= SIDE)
    left, right = np.where(allowed, left, 1), np.where(allowed, right, 1)
    after = total - before
    between = (after / right - before / left) ** 2 * left * right / np.maximum(lengths, 1)[:, None]
    within = np.maximum(squares - between, 0.0) / np.maximum(lengths - 2, 1)[:, None]
    least = np.maximum(squares, 1e-300) * 1e-12
    statistic = np.where(allowed, between / np.maximum(within, least), 0.0)
    best = statistic.argmax(axis=1)
    rows = np.arange(len(kept))
    return np.sqrt(statistic[rows, best]), best + 1


def _sides(kept: Floats, present: Bools, split: Ints) -> tuple[Floats, Floats, Bools]:
    """The means before and after the split, and where the second side is."""
    after = np.arange(KEPT) >= split[:, None]
    old, new = present & ~after, present & after
    means = [np.where(side, kept, 0.0).sum(axis=1) / np.maximum(side.sum(axis=1), 1) for side in (old, new)]
    return means[0], means[1], after


def _difference(kept: Floats, present: Bools, split: Ints) -> Floats:
    old, new, _ = _sides(kept, present, split)
    result: Floats = np.abs(new - old)
    return result


def _inflation(kept: Floats, present: Bools, lengths: Ints, split: Ints) -> Floats:
    old, new, after = _sides(kept, present, split)
    left = np.where(present, kept - np.where(after, new[:, None], old[:, None]), 0.0)
    power = np.maximum((left * left).sum(axis=1), 1e-300)
    seen = (left[:, 1:] * left[:, :-1]).sum(axis=1) / power
    rho = np.clip((lengths * seen + 2.0) / np.maximum(lengths - 4.0, 1.0), 0.0, 0.95)
    result: Floats = np.minimum((1.0 + rho) / (1.0 - rho), MOST_INFLATION)
    return result
