"""Which seasons a series may have: lengths at which it resembles itself once its slow movement is taken away.

They are candidates only. Whether one helps is decided by forecasts that are held against what came
(`api.services.analytics.origins`).
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_SEASONS = 2
CYCLES = 2.5
"""A season is believed if so many of its cycles are there: two to begin with, and something to try it on."""
_USUAL = (
    4,
    5,
    6,
    7,
    8,
    10,
    12,
    13,
    14,
    15,
    20,
    24,
    26,
    28,
    30,
    31,
    36,
    48,
    52,
    60,
    72,
    90,
    96,
    144,
    168,
    288,
    336,
    365,
)
"""Parts of minutes, hours, days, weeks and years that people arrange their work by, in buckets."""
_LONGEST = 400
_SURENESS = 2.6
"""Standard errors of an autocorrelation. The M4 competition asked one length for 1.645 (Makridakis, Spiliotis,
Assimakopoulos, 2020, "The M4 Competition: 100,000 time series and 61 forecasting methods"); of some thirty lengths one
is as like as that by chance."""
_CLEARER = 0.08
"""So much more alike must a longer season be: its multiples resemble themselves as a season does."""


def seasons(values: Floats, known: Bools) -> list[int]:
    """At most two lengths in buckets, the most alike first; `values` (n) is whole, `known` (n) says what was there.

    The test of each is Bartlett's for the autocorrelation at its length, after a centred moving average of that length
    was taken away (Bartlett, 1946, "On the theoretical specification and sampling properties of autocorrelated
    time-series"). O(n) for each length.
    """
    most = min(_LONGEST, int(len(values) / CYCLES))
    lengths = sorted({*(one for one in _USUAL if one <= most), *_peaks(values, most)})
    alike = {length: found for length in lengths if (found := _alike(values, known, length)) > 0}
    chosen: list[int] = []
    while alike and len(chosen) < MOST_SEASONS:
        best = max(alike.values())
        length = min(one for one, found in alike.items() if found >= best - _CLEARER)
        chosen.append(length)
        alike = {one: found for one, found in alike.items() if one != length and found > alike[length] - _CLEARER}
    return chosen


def _peaks(values: Floats, most: int, count: int = 3) -> list[int]:
    """The highest local maxima of the autocorrelation of differences, for seasons that nobody listed."""
    steps = np.diff(values)
    if most < 4 or len(steps) < 12:
        return []
    size = 1 << (2 * len(steps) - 1).bit_length()
    power = np.abs(np.fft.rfft(steps - steps.mean(), size)) ** 2
    likeness = np.fft.irfft(power, size)[: most + 1]
    inner = likeness[1:-1]
    tops = np.flatnonzero((inner > likeness[:-2]) & (inner >= likeness[2:]) & (inner > 0)) + 1
    return [int(one) for one in tops[np.argsort(-likeness[tops], kind="stable")][:count] if one > 2]


def _alike(values: Floats, known: Bools, length: int) -> float:
    """The autocorrelation at that length, or 0 if it may be chance."""
    rest = values - _moving_mean(values, length)
    rest = np.where(known, rest - rest[known].mean(), 0.0)
    total = float(rest @ rest)
    # What is left of a straight line or a constant is rounding.
    if total <= 1e-18 * max(1.0, float(values @ values)):
        return 0.0
    lags = {1, 2, 3, length // 2}
    spread = sum((float(rest[lag:] @ rest[:-lag]) / total) ** 2 for lag in lags if 0 < lag < length)
    found = float(rest[length:] @ rest[:-length]) / total * len(rest) / (len(rest) - length)
    cycles = len(values) / length
    return found if found > _SURENESS * math.sqrt((1 + 2 * spread) / len(rest)) + 0.3 / cycles else 0.0


def _moving_mean(values: Floats, length: int) -> Floats:
    """Centred, of `length` buckets (an even one counts its two ends half); at the ends of the series its own ends are
    carried on by the line through them."""
    half = length // 2
    sums = np.concatenate([[0.0], np.cumsum(values)])
    whole = (sums[length:] - sums[:-length]) / length
    middle = whole if length % 2 else (whole[:-1] + whole[1:]) / 2
    slope = (middle[-1] - middle[0]) / max(1, len(middle) - 1)
    left = middle[0] - slope * np.arange(half, 0, -1)
    right = middle[-1] + slope * np.arange(1, len(values) - half - len(middle) + 1)
    return np.concatenate([left, middle, right])
