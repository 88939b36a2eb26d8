"""How unlikely an excess over the 98 % limit is: peaks over threshold with a memory of bounded size.

Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory" (SPOT and DSPOT, KDD 2017): excesses y over a
high quantile follow a generalised Pareto distribution, P(Y > y) = (1 + xi·y/sigma)^(−1/xi). Here it is fitted by
moments (Hosking & Wallis 1987: xi = ½(1 − a²/v), sigma = a(1 − xi) for mean a and variance v), which need two running
sums, with ten pseudo-excesses of an exponential distribution of the channel's scale as a prior; an empirical floor
from the largest recent excesses keeps the fit honest.
"""

import math

import numpy as np

from streams.trends.detector.settings import HIGHEST_SCORE
from streams.trends.detector.state import EXCESSES, LARGEST, SEEN, SQUARES, SUM, Bools, Floats

EXCEEDED = 0.02
"""Share of observations that exceed the limit."""

MEMORY = 5000.0
"""Observations that the tail remembers, and half-life of the largest excesses."""

LIMIT_SCORE = -math.log10(EXCEEDED)
PRIOR = 10.0
SHAPE_BOUND = 0.5
NEAR = 0.9
DECAY = -math.log(2.0) / MEMORY

EXPONENTIAL = 1e-6
"""At xi = 0 the tail is exponential; next to it the formula loses its digits, at this xi it is right to six."""

NARROWEST = 1e-16
"""Least variance, as a fraction of the squared mean: rounding may leave none, or less than none."""

MEASURABLE = 1e-140
"""Scales up to this can't be squared: such a series has no scores."""


def score_excesses(rows: Floats, counts: Floats, excess: Floats, scale: Floats, warm_up: int) -> Floats:
    """Scores (−log10 of a tail probability, 0–8) of one excess per row (k, 12); then the rows remember it.

    `counts` are the observations of each row's series including this one, `scale` its unit s~. Rows must be unique.
    A score is 0 while the series is warming up or when its scale is too small to be squared.
    """
    largest = rows[:, LARGEST]
    largest *= np.exp(DECAY * (counts - rows[:, SEEN]))[:, None]
    measurable = scale > MEASURABLE
    fitted = _fitted(rows, excess, np.where(measurable, scale, 1.0))
    scores = np.minimum(fitted, _observed(largest, counts, excess))
    _remember(rows, counts, excess)
    return np.where(measurable & (counts > warm_up), scores, 0.0)


def _fitted(rows: Floats, excess: Floats, scale: Floats) -> Floats:
    """1.699 + log10(1 + xi·y/sigma)/xi, capped; the cap too where y lies beyond the end of the fitted tail."""
    weight = 1.0 / (PRIOR + rows[:, EXCESSES])
    first = (PRIOR * scale + rows[:, SUM]) * weight
    square = first * first
    variance = (2.0 * PRIOR * scale * scale + rows[:, SQUARES]) * weight - square
    shape = 0.5 * (1.0 - square / np.maximum(variance, NARROWEST * square))
    shape = np.minimum(np.maximum(shape, -SHAPE_BOUND), SHAPE_BOUND)
    shape[np.abs(shape) < EXPONENTIAL] = EXPONENTIAL
    base = 1.0 + shape * excess / (first * (1.0 - shape))
    inside: Bools = base > 0
    steepness = np.log10(np.where(inside, base, 1.0)) / shape
    return np.where(inside, np.minimum(LIMIT_SCORE + steepness, HIGHEST_SCORE), HIGHEST_SCORE)


def _observed(largest: Floats, counts: Floats, excess: Floats) -> Floats:
    """What the largest recent excesses allow: c of them as large as this one make it no rarer than (c + 1) in n."""
    alike = (largest >= (NEAR * excess)[:, None]).sum(axis=1)
    allowed = np.log10((np.minimum(counts - 1.0, MEMORY) + 1.0) / (alike + 1.0))
    return np.where(alike > 0, allowed, HIGHEST_SCORE)


def _remember(rows: Floats, counts: Floats, excess: Floats) -> None:
    largest = rows[:, LARGEST]
    place = np.arange(len(rows)), largest.argmin(axis=1)
    largest[place] = np.maximum(largest[place], excess)
    number = rows[:, EXCESSES] + 1.0
    share = np.minimum(1.0, MEMORY * EXCEEDED / number)
    rows[:, EXCESSES] = number * share
    rows[:, SUM] = (rows[:, SUM] + excess) * share
    rows[:, SQUARES] = (rows[:, SQUARES] + excess * excess) * share
    rows[:, SEEN] = counts
