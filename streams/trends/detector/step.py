"""What both forms of the step share: gains per observation, and the excesses that it hands to the tail."""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np

from streams.trends.detector.state import Floats, Ints
from streams.trends.detector.tail import MEMORY

_SLOWEST_STEP = 3.0 / MEMORY


@dataclass(frozen=True, slots=True)
class Pace:
    """Gains of the moving averages; "EWMA tau" has gain max(1/tau, 1/n), so it starts as a plain mean.

    `steps[n]` is the factor max(3/5000, min(1, 2·n^−0.7)) of the limit's stochastic-approximation step at the n-th
    observation, as a table up to where it stays constant: a power per observation costs more, and libraries disagree
    about its last bit.
    """

    baseline: float
    levels: tuple[float, float]
    season: float
    memory: float
    steps: Floats


@cache
def usual_pace() -> Pace:
    """Baseline tau 1000; levels tau 8 and 30; season gain 0.1; scales 5000."""
    last = int((2.0 / _SLOWEST_STEP) ** (1 / 0.7)) + 2
    counts = np.arange(last + 1, dtype=np.float64)
    counts[0] = 1.0
    steps = np.maximum(_SLOWEST_STEP, np.minimum(1.0, 2.0 * counts**-0.7))
    steps.flags.writeable = False
    return Pace(baseline=1 / 1000, levels=(1 / 8, 1 / 30), season=0.1, memory=1 / MEMORY, steps=steps)


@dataclass(frozen=True, slots=True)
class Excesses:
    """Observations over the limit of a channel, ordered by channel: (series in this call, channel, y, s~)."""

    series: Ints
    channel: Ints
    size: Floats
    scale: Floats

    @classmethod
    def at(cls, places: Ints, sizes: Floats, scales: Floats, unit: Floats) -> Self:
        """From positions in a flattened (6, n); `unit` (n) is the least difference that counts."""
        channel, series = np.divmod(places, len(unit))
        return cls(series, channel, sizes, np.maximum(scales, unit.take(series)))
