"""How two fields go together, and how sure that is: pure, over numbers that are in memory."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FEWEST = 4
"""Of fewer pairs there is no interval: its width is that of n - 3."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """-1 to 1 with its interval; None where nobody can say."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two fields over the records that have both."""

    first: str
    second: str
    n: int
    pearson: Coefficient
    spearman: Coefficient
    note: str | None = None


def pairs(names: list[str], columns: list[Floats], level: float) -> list[Pair]:
    """Each two of the columns (n each, NaN for missing), pairwise complete."""
    return [
        _pair(names[first], names[second], columns[first], columns[second], level)
        for first in range(len(names))
        for second in range(first + 1, len(names))
    ]


def _pair(first: str, second: str, x: Floats, y: Floats, level: float) -> Pair:
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    n = len(x)
    still = [name for name, values in ((first, x), (second, y)) if n and values.min() == values.max()]
    if n < 2 or still:
        why = f"{' and '.join(still)} never changes here" if n >= 2 else "fewer than two records have both"
        return Pair(first, second, n, Coefficient(None), Coefficient(None), f"There is nothing to say: {why}.")
    pearson, spearman = correlation(x, y), correlation(ranks(x), ranks(y))
    note = None if n >= _FEWEST else f"An interval takes {_FEWEST} records that have both."
    return Pair(first, second, n, pearson_interval(pearson, n, level), spearman_interval(spearman, n, level), note)


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's coefficient. Each side is brought to the size of 1 first: squares neither vanish nor overflow."""
    x, y = _centred(x), _centred(y)
    return float(np.clip(np.dot(x, y), -1.0, 1.0))


def _centred(values: Floats) -> Floats:
    values = values / np.abs(values).max()
    values = values - values.mean()
    values = values / np.abs(values).max()
    return np.asarray(values / np.sqrt(np.dot(values, values)), dtype=np.float64)


def ranks(values: Floats) -> Floats:
    """Places from 1 on; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=np.float64)


def pearson_interval(r: float, n: int, level: float) -> Coefficient:
    """By Fisher's z, whose standard error is 1 / sqrt(n - 3) (R. A. Fisher, On the probable error of a coefficient of
    correlation, Metron 1, 1921): right for two normal fields, near for many others."""
    return _interval(r, n, level, 1.0)


def spearman_interval(r: float, n: int, level: float) -> Coefficient:
    """By Fisher's z with the standard error sqrt((1 + r² / 2) / (n - 3)) (D. G. Bonett and T. A. Wright, Sample size
    requirements for estimating Pearson, Kendall and Spearman correlations, Psychometrika 65, 2000)."""
    return _interval(r, n, level, math.sqrt(1 + r * r / 2))


def _interval(r: float, n: int, level: float, factor: float) -> Coefficient:
    if not math.isfinite(r):
        return Coefficient(None)
    if n < _FEWEST:
        return Coefficient(r)
    if abs(r) >= 1:
        return Coefficient(r, r, r)
    reach = NormalDist().inv_cdf((1 + level) / 2) * factor / math.sqrt(n - 3)
    return Coefficient(r, math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach))
