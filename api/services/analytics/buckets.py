"""Histograms: how many buckets the numbers deserve, and where they begin."""

import math
import sys
from collections.abc import Sequence

from schemas.analysing import Spread, Summary

MOST = 50
_TUKEY = 1.5


def spread_of(summary: Summary, wanted: int | None) -> Spread:
    """How a field is looked at for the second time: its buckets, and Tukey's fences, beyond which values are outliers
    (J. W. Tukey, Exploratory Data Analysis, 1977)."""
    buckets = wanted or fitting(summary)
    width = summary.high / buckets - summary.low / buckets
    if math.isinf(width):
        # Both ends of all numbers there are: one bucket would be wider than the widest.
        buckets, width = 2, summary.high / 2 - summary.low / 2
    if not width > 0:
        buckets, width = 1, 1.0
    # Of all values and not of a sample: so a normal field's fourth moment is 3 however few there are.
    share = math.sqrt((summary.count - 1) / summary.count)
    return Spread(
        field=summary.field,
        mean=summary.mean,
        deviation=(summary.deviation or 0.0) * share,
        low=summary.low,
        width=width,
        buckets=buckets,
        fences=fences(summary),
    )


def fitting(summary: Summary) -> int:
    """The wider choice of Sturges and of Freedman and Diaconis (Zeitschrift für Wahrscheinlichkeitstheorie 57, 1981),
    which bears long tails; at most MOST."""
    span = summary.high - summary.low
    if not (0 < span < math.inf):
        return 1
    sturges = math.ceil(math.log2(summary.count)) + 1
    width = 2 * (summary.p75 - summary.p25) / summary.count ** (1 / 3)
    wide = math.ceil(min(MOST, span / width)) if width > 0 else 1
    return min(MOST, max(sturges, wide))


def fences(summary: Summary) -> tuple[float, float]:
    """1.5 times the distance of the quartiles below and above them."""
    reach = _TUKEY * (summary.p75 - summary.p25)
    return max(summary.p25 - reach, -sys.float_info.max), min(summary.p75 + reach, sys.float_info.max)


def edges(spread: Spread, high: float) -> Sequence[float]:
    """One more than there are buckets; the last is the greatest value itself, unless all are the same."""
    # By halves, since all the numbers there are would be wider than the greatest of them.
    begun = [2 * (spread.low / 2 + place * (spread.width / 2)) for place in range(spread.buckets)]
    return [*begun, high if high > spread.low else spread.low + spread.width]
