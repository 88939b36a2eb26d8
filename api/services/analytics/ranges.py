"""How far from a forecast the truth may be, from how far it was from earlier ones.

The errors of each step are brought to one size by a scale that does not fall with the step, and their quantiles are
taken together, counting one error more than there are, as in conformal prediction (Vovk, Gammerman, Shafer, 2005,
"Algorithmic learning in a random world"); no shape of their distribution is assumed where there are enough of them.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from api.services.analytics.seasons import Floats
from api.services.analytics.smoothing import Ints

RECENCY = 5.0
"""The newest error counts so many times as much as the oldest, since series change."""


@dataclass(frozen=True, slots=True)
class Range:
    """How much below and above the forecast, for each step to the horizon; `tried` is the last step that was."""

    below: Floats
    above: Floats
    tried: int


def ranges(errors: Floats, steps: Ints, horizon: int, level: float) -> Range:
    """From errors (origins, steps), the oldest first, NaN where nothing came; one of them at least is there."""
    there = np.isfinite(errors)
    kept = there.any(axis=0)
    errors, there, steps = errors[:, kept], there[:, kept], steps[kept]
    weights = there * _recency(len(errors))[:, None]
    sums = weights.sum(axis=0)
    scale = _rising((weights * np.where(there, np.abs(errors), 0.0)).sum(axis=0) / sums, sums)
    if scale[-1] <= 0:
        return Range(np.zeros(horizon), np.zeros(horizon), int(steps[-1]))
    pooled = errors / np.where(scale > 0, scale, scale[scale > 0][0])
    # Errors at neighbouring origins share what they missed: there are only so many of their own.
    own = max(2.0, float(sums.max() ** 2 / (weights**2).sum(axis=0).max()) / math.sqrt(float(steps.mean())))
    low, high = _quantiles(pooled[there], weights[there], own, level)
    width = _widths(scale, steps, horizon)
    return Range(low * width, high * width, int(steps[-1]))


def _recency(count: int) -> Floats:
    """What the errors of each origin count, the oldest first."""
    return np.asarray(RECENCY ** np.linspace(-1.0, 0.0, count))


def _widths(scale: Floats, steps: Ints, horizon: int) -> Floats:
    """The scale of every step to the horizon; beyond what was tried it grows as it grew, and at least as that of a
    random walk does, by the root of the step."""
    ahead = np.arange(1, horizon + 1, dtype=np.float64)
    width = np.interp(ahead, steps, scale)
    power = 0.5
    if len(scale) > 1 and scale[0] > 0:
        power = min(1.0, max(0.5, math.log(float(scale[-1] / scale[0])) / math.log(float(steps[-1] / steps[0]))))
    far = ahead > steps[-1]
    width[far] = scale[-1] * (ahead[far] / steps[-1]) ** power
    return np.asarray(width)


def _quantiles(pooled: Floats, weights: Floats, own: float, level: float) -> tuple[float, float]:
    """How much below and above in scales, both at least 0: each side for itself where its tail has some errors."""
    tail = (1 - level) / 2
    if own < 4 / tail:
        both = _far(np.abs(pooled), weights, own, level)
        return both, both
    low, high = (quantile(pooled, weights, chance) for chance in (tail, 1 - tail))
    return max(0.0, -low), max(0.0, high)


def _far(size: Floats, weights: Floats, own: float, level: float) -> float:
    """The quantile of absolute errors; beyond the largest of them Student's distribution goes on."""
    rank = level * (1 + 1 / own)
    if rank <= 1:
        return quantile(size, weights, rank)
    most = own / (own + 1)
    return float(size.max()) * student((1 + level) / 2, own) / student((1 + most) / 2, own)


def quantile(values: Floats, weights: Floats, chance: float) -> float:
    """Of weighted values, between neighbours by the line through the middles of their weights."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order])
    return float(np.interp(chance * sums[-1], sums - weights[order] / 2, values[order]))


def student(chance: float, freedom: float) -> float:
    """The quantile of Student's distribution, near enough for ranges (Hill's expansion in 1 / freedom: Abramowitz,
    Stegun, 1964, "Handbook of mathematical functions", 26.7.5)."""
    z = NormalDist().inv_cdf(chance)
    v = max(freedom, 2.0)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3


def _rising(means: Floats, counts: Floats) -> Floats:
    """The nearest sequence that does not fall, by pooling adjacent violators (Ayer, Brunk, Ewing, Reid, Silverman,
    1955, "An empirical distribution function for sampling with incomplete information")."""
    blocks: list[tuple[float, float, int]] = []
    for mean, count in zip(means.tolist(), counts.tolist(), strict=True):
        width = 1
        while blocks and blocks[-1][0] > mean:
            before, weight, size = blocks.pop()
            mean = (before * weight + mean * count) / (weight + count)
            count, width = count + weight, width + size
        blocks.append((mean, count, width))
    return np.repeat([mean for mean, _, _ in blocks], [width for _, _, width in blocks])
