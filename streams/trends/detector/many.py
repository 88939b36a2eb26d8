"""The step that every observation takes, for many series at once: averages, season, and the limits of each channel.

Works on columns: `now` is (26, n), the transposed rows of `state.pulse`, so that each quantity is contiguous. The
same arithmetic in the same order as `one.py`: both give the same bits.
"""

import numpy as np

from streams.trends.detector.state import BASELINE, CHANNELS, COUNT, LEVELS, LIMIT, MEAN, SCALE, SEASONAL_LEVELS, Floats
from streams.trends.detector.step import Excesses, Pace
from streams.trends.detector.tail import EXCEEDED


def advance_many(now: Floats, season: Floats, values: Floats, floors: Floats, pace: Pace) -> tuple[Floats, Excesses]:
    """Moves `now` (26, n) and the season's bins (n, 2) on by `values`; returns residuals (6, n) and the excesses.

    `floors` (n) are fractions of the baseline below which a difference is none.
    """
    inverse = 1.0 / now[COUNT]
    unit = floors * np.abs(now[BASELINE])
    residuals = _residuals(now, season, values, inverse, pace)
    return residuals, _limits(now, residuals, unit, inverse, pace)


def _residuals(now: Floats, season: Floats, values: Floats, inverse: Floats, pace: Pace) -> Floats:
    baseline = now[BASELINE]
    residuals = np.empty((CHANNELS, len(values)))
    np.subtract(values, baseline, out=residuals[0])
    seen = season[:, 1] > 0
    np.subtract(values, np.where(seen, season[:, 0], baseline), out=residuals[3])
    season[:, 1] += 1.0
    season[:, 0] += np.maximum(pace.season, 1.0 / season[:, 1]) * (values - season[:, 0])
    gains = np.maximum(np.array(pace.levels)[:, None], inverse)
    now[LEVELS] += gains * (values - now[LEVELS])
    now[SEASONAL_LEVELS] += gains * (residuals[3] - now[SEASONAL_LEVELS])
    np.subtract(now[LEVELS], baseline, out=residuals[1:3])
    residuals[4:6] = now[SEASONAL_LEVELS]
    baseline += np.maximum(pace.baseline, inverse) * residuals[0]
    return residuals


def _limits(now: Floats, residuals: Floats, unit: Floats, inverse: Floats, pace: Pace) -> Excesses:
    """Finds what exceeds its limit, then moves mean, scale and limit of each channel (each (6, n)) on."""
    sizes = np.abs(residuals)
    limit, scale, mean = now[LIMIT], now[SCALE], now[MEAN]
    over = sizes > limit
    places = np.flatnonzero(over)
    excesses = Excesses.at(places, sizes.take(places) - limit.take(places), scale.take(places), unit)
    gain = np.maximum(pace.memory, inverse)
    sizes -= mean
    mean += gain * sizes
    np.abs(sizes, out=sizes)
    sizes -= scale
    sizes *= gain
    scale += sizes
    steps = scale * pace.steps.take(np.minimum(now[COUNT], len(pace.steps) - 1).astype(np.intp))
    steps *= np.where(over, 1.0 - EXCEEDED, -EXCEEDED)
    limit += steps
    return excesses
