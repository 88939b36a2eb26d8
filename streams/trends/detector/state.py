"""The memory of the detector: 146 floats a series, one row per series, so that a key costs few cache lines."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
_Rows = TypeVar(
    "_Rows", npt.NDArray[np.float64], npt.NDArray[np.float32], npt.NDArray[np.uint64], npt.NDArray[np.uint8]
)

CHANNELS = 6
HOURS = 24
TOP = 8

COUNT, BASELINE = 0, 1
LEVELS, SEASONAL_LEVELS = slice(2, 4), slice(4, 6)
THETA, REST = 6, 7
LIMIT, SCALE, MEAN = slice(8, 14), slice(14, 20), slice(20, 26)
PULSE = 26
"""Columns of `pulse`, touched by every observation: count, baseline, EWMAs (tau 8 and 30) of the value and of the
seasonal residual, alarm threshold, rest left; then per channel the 98 % limit, mean absolute deviation and mean."""

EXCESSES, SUM, SQUARES, SEEN, LARGEST = 0, 1, 2, 3, slice(4, 4 + TOP)
TAIL = 4 + TOP
"""Columns of `tail`, touched by exceedances only: their (capped) number, sum, sum of squares, the count at which the
row was last touched, and the largest excesses in no particular order."""

_GROWTH = 1.5


class DetectorState:
    """Arrays indexed by slot. `pulse[slot]`, `season[slot, hour] = (mean, count)`, `tail[slot, channel]`."""

    def __init__(self, capacity: int) -> None:
        self.pulse: Floats = np.zeros((capacity, PULSE))
        self.season: Floats = np.zeros((capacity, HOURS, 2))
        self.tail: Floats = np.zeros((capacity, CHANNELS, TAIL))

    @property
    def capacity(self) -> int:
        return len(self.pulse)

    def reserve(self, slots: int) -> None:
        """Makes room for that many slots."""
        self.pulse = grown(self.pulse, slots)
        self.season = grown(self.season, slots)
        self.tail = grown(self.tail, slots)

    def arrays(self) -> Iterator[Floats]:
        """All that must be kept to go on later exactly where this left off, in a fixed order."""
        yield self.pulse
        yield self.season
        yield self.tail


def grown(array: _Rows, slots: int) -> _Rows:
    """The array itself if it has that many rows; else a longer one, by half at least, so that copying stays cheap."""
    if slots <= len(array):
        return array
    longer = np.zeros((max(slots, int(len(array) * _GROWTH)), *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
