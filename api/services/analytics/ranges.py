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


@dataclass(frozen=True, slots=True)
class Range:
    """How much below and above the forecast, for each step to the horizon; `beyond` is the last step that was tried."""

    below: Floats
    above: Floats
    beyond: int


def ranges(errors: Floats, steps: Ints, horizon: int, level: float) -> Range:
    """From errors (origins, steps), NaN where nothing came."""
    missed = np.abs(errors)
    counts = np.isfinite(missed).sum(axis=0)
    kept = counts > 0
    if not kept.any():
        nothing = np.full(horizon, math.inf)
        return Range(nothing, nothing, 0)
    errors, missed, counts, steps = errors[:, kept], missed[:, kept], counts[kept], steps[kept]
    means = np.nansum(missed, axis=0) / counts
    scale = _rising(means, counts.astype(np.float64))
    if scale[-1] <= 0:
        return Range(np.zeros(horizon), np.zeros(horizon), int(steps[-1]))
    pooled = errors / np.where(scale > 0, scale, scale[scale > 0][0])
    pooled = pooled[np.isfinite(pooled)]
    # Errors at neighbouring origins share what they missed: there are only so many of their own.
    own = max(2.0, float(counts.max()) / math.sqrt(float(steps.mean())))
    ahead = np.arange(1, horizon + 1, dtype=np.float64)
    width = np.interp(ahead, steps, scale)
    far = ahead > steps[-1]
    width[far] = scale[-1] * (ahead[far] / steps[-1]) ** _growth(scale, steps)
    low, high = _quantiles(pooled, own, level)
    return Range(low * width, high * width, int(steps[-1]))


def _quantiles(pooled: Floats, own: float, level: float) -> tuple[float, float]:
    """How much below and above in scales, both at least 0."""
    tail = (1 - level) / 2
    asked = 1 - tail
    size = np.abs(pooled)
    both = _far(size, own, level)
    if own < 4 / tail:
        return both, both
    low, high = np.quantile(pooled, [tail, asked])
    return max(0.0, -float(low)), max(0.0, float(high))


def _far(size: Floats, own: float, level: float) -> float:
    """The quantile of absolute errors; beyond the largest of them Student's distribution goes on."""
    rank = level * (1 + 1 / own)
    most = own / (own + 1)
    if rank <= 1:
        return float(np.quantile(size, rank))
    return float(size.max()) * student((1 + level) / 2, own) / student((1 + most) / 2, own)


def student(chance: float, freedom: float) -> float:
    """The quantile of Student's distribution, near enough for ranges (Hill's expansion in 1 / freedom: Abramowitz,
    Stegun, 1964, "Handbook of mathematical functions", 26.7.5)."""
    z = NormalDist().inv_cdf(chance)
    v = max(freedom, 2.0)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3


def _growth(scale: Floats, steps: Ints) -> float:
    """The power of the step that widths grow with beyond what was tried: at least that of a random walk, a half."""
    if len(scale) < 2 or scale[0] <= 0:
        return 0.5
    slope = math.log(float(scale[-1] / scale[0])) / math.log(float(steps[-1] / steps[0]))
    return min(1.0, max(0.5, slope))


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
