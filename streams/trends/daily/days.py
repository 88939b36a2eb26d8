"""The days of every series: the median of each, in the order of event time."""

import numpy as np
import numpy.typing as npt

from streams.trends.daily import changepoints, slopes
from streams.trends.detector.rounds import rounds
from streams.trends.detector.state import Floats, Ints, grown
from streams.trends.identities import NUMBERS, as_identity, as_numbers

DAY = 86400.0
LATE_S = 3600.0
"""How long after midnight a day still takes values; what comes later than that is left out."""

SAMPLE = 7
"""Values of a day that its median is taken from: chosen evenly from all (Vitter's algorithm R, with fixed dice)."""

_LONGEST_CALL = 5000
_NUMBER, _COUNT, _VALUES = 0, 1, slice(2, 2 + SAMPLE)
_DICE = 2654435761

LENGTH, AGE, RUN, CLOSED, SLOPE = range(5)
"""Columns of `meta`: days in the ring since the level began, days since then, of those that the slope may use; the
number of the last closed day plus one; the direction of a slow trend that was told and goes on."""
_TOLD = slice(5, 5 + NUMBERS)
"""The id under which it was told."""

Singles = npt.NDArray[np.float32]


class Days:
    """By slot. `open[slot, parity]`: (day number + 1, values so far, a sample of them) of two days; what is closed is
    in `ring` (200 medians, the newest last), `numbers` (the last 56 days' numbers) and `meta`."""

    def __init__(self, capacity: int) -> None:
        self.open: Floats = np.zeros((capacity, 2, 2 + SAMPLE))
        self.ring: Singles = np.zeros((capacity, changepoints.KEPT), dtype=np.float32)
        self.numbers: Singles = np.zeros((capacity, slopes.KEPT), dtype=np.float32)
        self.meta: Floats = np.zeros((capacity, 5 + NUMBERS))

    def reserve(self, slots: int) -> None:
        """Makes room for that many slots."""
        self.open, self.meta = grown(self.open, slots), grown(self.meta, slots)
        self.ring, self.numbers = grown(self.ring, slots), grown(self.numbers, slots)

    def told(self, slot: int, identity: str) -> None:
        """The slow trend of that series was told under this id."""
        self.meta[slot, _TOLD] = as_numbers(identity)

    def told_as(self, slot: int) -> str:
        """The id of the slow trend that goes on."""
        return as_identity(self.meta[slot, _TOLD])

    def push(self, slots: Ints, values: Floats, seconds: Floats) -> Ints:
        """Takes in one value per entry, in order; returns the entries before which a day of their series ended."""
        ended: list[int] = []
        for part in rounds(slots, _LONGEST_CALL):
            where = np.arange(len(slots))[part]
            ended += where[self._close(slots[part], seconds[part])].tolist()
            self._take(slots[part], values[part], seconds[part])
        return np.array(sorted(ended), dtype=np.intp)

    def _close(self, slots: Ints, seconds: Floats) -> Ints:
        """Positions whose series had a day that is over by now; of two such days the older one first."""
        numbers = self.open[slots, :, _NUMBER]
        due = (numbers > 0) & (seconds[:, None] >= numbers * DAY + LATE_S)
        found = np.flatnonzero(due.any(axis=1))
        for position in found.tolist():
            slot = int(slots[position])
            for parity in sorted(np.flatnonzero(due[position]).tolist(), key=lambda one: numbers[position, one]):
                self._append(slot, parity)
        return found

    def _append(self, slot: int, parity: int) -> None:
        number, count = self.open[slot, parity, [_NUMBER, _COUNT]]
        sample = self.open[slot, parity, _VALUES][: int(min(count, SAMPLE))]
        ring, numbers, meta = self.ring[slot], self.numbers[slot], self.meta[slot]
        ring[:-1], ring[-1] = ring[1:].copy(), np.median(sample)
        numbers[:-1], numbers[-1] = numbers[1:].copy(), number - 1
        meta[LENGTH] = min(meta[LENGTH] + 1, changepoints.KEPT)
        meta[AGE] += 1
        meta[RUN] = min(meta[RUN] + 1, slopes.KEPT)
        meta[CLOSED] = number
        self.open[slot, parity] = 0.0

    def _take(self, slots: Ints, values: Floats, seconds: Floats) -> None:
        numbers = np.floor(seconds / DAY)
        parity = np.mod(numbers, 2).astype(np.intp)
        rows = self.open[slots, parity]
        fits = (numbers + 1 > self.meta[slots, CLOSED]) & (numbers + 1 >= rows[:, _NUMBER])
        count = rows[:, _COUNT]
        place = np.where(count < SAMPLE, count, np.mod(count * _DICE, count + 1)).astype(np.intp)
        kept = np.flatnonzero(fits & (place < SAMPLE))
        rows[kept, 2 + place[kept]] = values[kept]
        rows[fits, _NUMBER] = numbers[fits] + 1
        rows[fits, _COUNT] += 1
        self.open[slots, parity] = rows
