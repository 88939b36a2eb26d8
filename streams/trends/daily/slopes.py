"""Slow trends: does a series rise or fall over eight weeks? Mann-Kendall's test and Theil-Sen's slope.

The day-of-week profile goes first; then S = Σ sign(x_j − x_i) over all pairs with its variance under ties (Mann 1945,
Kendall 1975), and the median of all slopes (Theil 1950, Sen 1968). Days that resemble their neighbours make S vary
more: its variance is inflated by 1 + 2(rho^(n+1) − n·rho² + (n−1)·rho)/(n·(rho−1)²), the sum that an AR(1) series of
lag-1 correlation rho has (Hamed & Rao 1998 in closed form), rho taken from the series without its slope and corrected
for its bias. Among many series those are kept whose false share is bounded (Benjamini & Hochberg 1995).
"""

from functools import cache

import numpy as np

from streams.trends.detector.state import Bools, Floats, Ints

KEPT = 56
LEAST = 21
"""Days that it takes: three weeks, so that a day of the week has been seen as often."""

_LARGEST_RHO = 0.97
_WEEKLY = 3.0
"""F of the weekday profile from which on it is one: chance reaches it in about one series of seventy."""

_A = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def slopes(values: Floats, days: Floats, lengths: Ints) -> tuple[Floats, Floats]:
    """Over (n, 56), the newest day last, of which the last `lengths` count: (two-sided p, slope a day).

    `days` are day numbers, 0 being a Thursday as in Unix time. p is 1 where there are too few days.
    """
    present = np.arange(KEPT) >= KEPT - lengths[:, None]
    adjusted = _without_week(np.where(present, values, 0.0), days, present)
    first, second = _pairs()
    both = present[:, first] & present[:, second]
    rise = adjusted[:, second] - adjusted[:, first]
    run = np.where(both, np.maximum(days[:, second] - days[:, first], 1.0), 1.0)
    score = np.where(both, np.sign(rise), 0.0).sum(axis=1)
    slope = _median(np.where(both, rise / run, np.inf), both.sum(axis=1))
    left = np.where(present, adjusted - slope[:, None] * np.where(present, days, 0.0), 0.0)
    variance = _variance(adjusted, present, lengths) * _inflation(left, present, lengths)
    z = (np.abs(score) - 1.0) / np.sqrt(np.maximum(variance, 1.0))
    p = np.where((lengths >= LEAST) & (score != 0) & (variance > 0), _two_sided(np.maximum(z, 0.0)), 1.0)
    return p, slope


@cache
def _pairs() -> tuple[Ints, Ints]:
    return np.triu_indices(KEPT, 1)


def _without_week(values: Floats, days: Floats, present: Bools) -> Floats:
    """Each day without its weekday's mean (of the values without their straight line), where the days differ by more
    than chance: taking away what is not there would cost six of the degrees of freedom for nothing."""
    number = np.maximum(present.sum(axis=1), 1)[:, None]
    mean = values.sum(axis=1)[:, None] / number
    time = np.where(present, days - (np.where(present, days, 0.0).sum(axis=1)[:, None] / number), 0.0)
    away = np.where(present, values - mean, 0.0)
    line = (away * time).sum(axis=1)[:, None] / np.maximum((time * time).sum(axis=1)[:, None], 1e-300) * time
    flat = away - line
    profile = np.zeros_like(flat)
    for weekday in range(7):
        same = present & (np.mod(days, 7) == weekday)
        average = np.where(same, flat, 0.0).sum(axis=1) / np.maximum(same.sum(axis=1), 1)
        profile += np.where(same, average[:, None], 0.0)
    explained, all_of_it = (profile * profile).sum(axis=1), (flat * flat).sum(axis=1)
    within = np.maximum(all_of_it - explained, 1e-12 * all_of_it) / np.maximum(number[:, 0] - 7, 1)
    weekly = explained / 6 > _WEEKLY * within
    return np.where(present, values, 0.0) - np.where(weekly[:, None], profile, 0.0)


def _median(values: Floats, counts: Ints) -> Floats:
    """The median of the first `counts` of each row once sorted; 0 of none."""
    values.sort(axis=1)
    rows = np.arange(len(values))
    low, high = values[rows, np.maximum(counts - 1, 0) // 2], values[rows, np.minimum(counts // 2, values.shape[1] - 1)]
    return np.where(counts > 0, (np.where(counts > 0, low, 0.0) + np.where(counts > 0, high, 0.0)) / 2, 0.0)


def _variance(values: Floats, present: Bools, lengths: Ints) -> Floats:
    """(n(n−1)(2n+5) − Σ t(t−1)(2t+5))/18 over groups of t equal values.

    Σ over groups of g(t) is Σ over their members of g(t)/t, and a member's t is the number of values like it.
    """
    size = ((values[:, :, None] == values[:, None, :]) & present[:, None, :]).sum(axis=2).astype(np.float64)
    n = lengths.astype(np.float64)
    tied = np.where(present, (size - 1) * (2 * size + 5), 0.0).sum(axis=1)
    result: Floats = np.maximum(n * (n - 1) * (2 * n + 5) - tied, 0.0) / 18.0
    return result


def _inflation(left: Floats, present: Bools, lengths: Ints) -> Floats:
    n = np.maximum(lengths, 5).astype(np.float64)
    away = np.where(present, left - left.sum(axis=1)[:, None] / np.maximum(lengths, 1)[:, None], 0.0)
    power = np.maximum((away * away).sum(axis=1), 1e-300)
    seen = (away[:, 1:] * away[:, :-1]).sum(axis=1) / power
    rho = np.clip((n * seen + 2.0) / (n - 4.0), 0.0, _LARGEST_RHO)
    whole = 1.0 + 2.0 * (rho ** (n + 1) - n * rho**2 + (n - 1) * rho) / (n * (rho - 1.0) ** 2)
    result: Floats = np.maximum(whole, 1.0)
    return result


def _two_sided(z: Floats) -> Floats:
    """2·(1 − Φ(z)) by Abramowitz & Stegun 7.1.26 on the scaled complement: numpy has no error function."""
    x = z / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    series = t * (_A[0] + t * (_A[1] + t * (_A[2] + t * (_A[3] + t * _A[4]))))
    result: Floats = series * np.exp(-x * x)
    return result
