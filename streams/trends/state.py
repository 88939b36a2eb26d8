"""Everything that the trends stage remembers of one partition, and how it outlives the process."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import numpy as np

from streams.trends.detector import Detector, Observed, Settings
from streams.trends.detector.state import Floats, Ints
from streams.trends.observations import Alarm, Observation
from streams.trends.recent import KEPT, RecentValues
from streams.trends.series import DIGEST_SIZE, SeriesIndex
from streams.trends.snapshot import BLOCK, SnapshotError, join, pack, split, unpack

MOST_SERIES = 50_000
"""Series of a partition unless told otherwise, at 1.5 kB each."""

_EARLIEST, _LATEST = -62135596800.0, 253402300799.0
"""Years 1 to 9999: what a date can say."""


class PartitionState:
    """Detector, series and recent values of one partition of clean-records.

    What comes out depends on the messages and their order alone: not on how they were grouped, nor on whether a
    snapshot was taken and loaded in between. Not safe for threads: observe, then dump, one after the other.
    """

    def __init__(self, settings: Settings, most_series: int = MOST_SERIES) -> None:
        self._detector = Detector(settings, BLOCK)
        self._recent = RecentValues(BLOCK)
        self._index = SeriesIndex(most_series)
        self._floors = {"price": settings.price_floor, "number": settings.number_floor}
        self._changed: set[int] = set()
        self.retired = 0
        """Series that were forgotten to make room, since the process began."""
        self._unconfirmed: set[int] = set()

    @property
    def series(self) -> int:
        """How many series are known."""
        return len(self._index)

    def observe(self, dataset: str, observations: Sequence[Observation]) -> list[Alarm]:
        """Takes in all observations of one message, in order; a series may occur several times.

        Raises ValueError, with nothing changed, for a value that is not finite, a time that is no date, an unknown
        kind.
        """
        for one in observations:
            self._check(one)
        alarms: list[Alarm] = []
        slots: list[int] = []
        kept: list[Observation] = []
        taken: set[int] = set()
        for one in observations:
            slot, forgotten = self._index.place(dataset, one.record_key, one.field)
            if forgotten:
                if slot in taken:  # by a series of this very message: what it said comes first
                    alarms += self._take(dataset, slots, kept)
                    slots, kept, taken = [], [], set()
                self._forget(slot)
            slots.append(slot)
            kept.append(one)
            taken.add(slot)
        return alarms + self._take(dataset, slots, kept)

    def _forget(self, slot: int) -> None:
        self.retired += 1
        for array in [*self._detector.state.arrays(), *self._recent.arrays()]:
            array[slot] = 0.0

    def _take(self, dataset: str, places: Sequence[int], kept: Sequence[Observation]) -> list[Alarm]:
        if not kept:
            return []
        slots = np.array(places, dtype=np.intp)
        values = np.array([one.value for one in kept], dtype=np.float64)
        seconds = np.array([one.at for one in kept], dtype=np.float64)
        floors = np.array([self._floors[one.kind] for one in kept])
        observed = self._detector.observe(slots, values, seconds, floors)
        self._recent.reserve(self.series)
        alarms = list(self._alarms(dataset, observed, slots, kept))
        self._recent.push(slots, values, seconds)
        self._changed.update((slots // BLOCK).tolist())
        return alarms

    def _check(self, one: Observation) -> None:
        if not math.isfinite(one.value):
            raise ValueError(f"{one.field} of {one.record_key} is not finite: leave it out")
        if not _EARLIEST <= one.at <= _LATEST:
            raise ValueError(f"{one.at!r} is no time of a date between the years 1 and 9999")
        if one.kind not in self._floors:
            raise ValueError(f"{one.kind!r} is neither price nor number")

    def _alarms(
        self, dataset: str, observed: Observed, slots: Ints, observations: Sequence[Observation]
    ) -> Iterator[Alarm]:
        for index in np.flatnonzero(observed.alarm).tolist():
            slot = int(slots[index])
            here = np.flatnonzero(slots[: index + 1] == slot).tolist()
            around = self._recent.last(slot) + [(observations[i].value, observations[i].at) for i in here]
            yield Alarm(
                dataset=dataset,
                observation=observations[index],
                channel=int(observed.channel[index]),
                score=float(observed.tail[index]),
                baseline=float(observed.baseline[index]),
                residual=float(observed.residual[index]),
                values=tuple(around[-KEPT:]),
            )

    def dirty_blocks(self) -> list[tuple[int, bytes]]:
        """(block number, bytes) of every block that changed since it was last confirmed as saved.

        Over the blocks saved before, they are the whole state. Asked again without a confirmation it gives the same
        blocks and what changed meanwhile, so that a failed write loses nothing.
        """
        self._unconfirmed |= self._changed
        self._changed = set()
        return [(block, self._pack(block)) for block in sorted(self._unconfirmed)]

    def confirm_saved(self) -> None:
        """The blocks of the last `dirty_blocks` are stored; what changed after that call is still to be."""
        self._unconfirmed = set()

    def dump(self) -> bytes:
        """The whole state in one piece."""
        return join([self._pack(block) for block in range(-(-self.series // BLOCK))])

    @classmethod
    def load(cls, data: bytes, settings: Settings, most_series: int = MOST_SERIES) -> Self:
        """A state that goes on exactly where the one that gave `dump` left off. Raises SnapshotError."""
        return cls.load_blocks(split(data), settings, most_series)

    @classmethod
    def load_blocks(
        cls, blocks: Iterable[tuple[int, bytes]], settings: Settings, most_series: int = MOST_SERIES
    ) -> Self:
        """As `load`, from the newest bytes of every block, in any order. Raises SnapshotError if one is missing."""
        state = cls(settings, most_series)
        for number, data in sorted(blocks):
            state._unpack(number, data)
        state._index.restore_order()
        return state

    def _arrays(self) -> list[Floats]:
        return [*self._detector.state.arrays(), *self._recent.arrays(), self._index.seen]

    def _pack(self, block: int) -> bytes:
        start, stop = block * BLOCK, min((block + 1) * BLOCK, self.series)
        return pack(self._index.digests(start, stop), [array[start:stop] for array in self._arrays()])

    def _unpack(self, block: int, data: bytes) -> None:
        start = self.series
        if start != block * BLOCK:
            raise SnapshotError(f"Block {block} of the snapshot does not follow {start} series: a block is missing")
        names, saved = unpack(data, DIGEST_SIZE, [array.shape[1:] for array in self._arrays()])
        try:
            self._index.restore(names)
        except ValueError as error:
            raise SnapshotError(f"Block {block} of the snapshot names a series of another block") from error
        self._detector.state.reserve(self.series)
        self._recent.reserve(self.series)
        for array, rows in zip(self._arrays(), saved, strict=True):
            array[start : self.series] = rows
