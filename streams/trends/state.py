"""Everything that the trends stage remembers of the series of one partition, and how it outlives the process."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import numpy as np

from streams.trends.daily.company import Company
from streams.trends.daily.days import CLOSED, LATE_S, Days
from streams.trends.daily.judge import judge
from streams.trends.detector import Detector, Observed, Settings
from streams.trends.detector.state import Floats, Ints, grown
from streams.trends.events import finding_of, identity
from streams.trends.happenings import Happenings
from streams.trends.observations import Alarm, Finding, Observation
from streams.trends.ongoing import come_back, told_by_day
from streams.trends.recent import KEPT, RecentValues
from streams.trends.series import DIGEST_SIZE, SeriesIndex
from streams.trends.snapshot import BLOCK, SnapshotError, join, pack, split, unpack

MOST_SERIES = 50_000
"""Series of a partition unless told otherwise, at 3 kB each."""

DAYS_BLOCK = 1_000_000
"""Blocks from this number on hold the closed days of the series in the block so many before: they change once a day."""

_EARLIEST, _LATEST = -62135596800.0, 253402300799.0
"""Years 1 to 9999: what a date can say."""

Indexed = tuple[int, Finding]
"""A finding, and which observation of the call it is about."""


class PartitionState:
    """Detector, days, series and recent values of one partition of clean-records.

    What comes out depends on the messages and their order alone: not on how they were grouped, nor on whether a
    snapshot was taken and loaded in between. Not safe for threads: observe, then dump, one after the other.
    """

    def __init__(self, settings: Settings, most_series: int = MOST_SERIES) -> None:
        self._detector = Detector(settings, BLOCK)
        self._recent = RecentValues(BLOCK)
        self._days = Days(BLOCK)
        self._happenings = Happenings(BLOCK)
        self._latest: Floats = np.zeros(BLOCK)
        """By slot: the newest time of the series, since year 1 so that 0 is before all."""
        self._index = SeriesIndex(most_series)
        self._floors = {"price": settings.price_floor, "number": settings.number_floor}
        self._changed: set[int] = set()
        self._unconfirmed: set[int] = set()
        self.retired = 0
        """Series that were forgotten to make room, since the process began."""
        self.late = 0
        """Values that came too late to be of use, since the process began."""

    @property
    def series(self) -> int:
        """How many series are known."""
        return len(self._index)

    def observe(
        self,
        dataset: str,
        observations: Sequence[Observation],
        settings: Settings | None = None,
        company: Company | None = None,
    ) -> list[Finding]:
        """Takes in all observations of one message, in order; a series may occur several times.

        `settings` are the dataset's own, `company` its other slow trends. A value more than an hour older than its
        series' newest is left out: it would look like news and is history. Raises ValueError, with nothing changed,
        for a value that is not finite, a time that is no date, an unknown kind.
        """
        for one in observations:
            self._check(one)
        found: list[Finding] = []
        slots: list[int] = []
        kept: list[Observation] = []
        taken: set[int] = set()
        for one in observations:
            slot, forgotten = self._index.place(dataset, one.record_key, one.field)
            if forgotten:
                if slot in taken:  # by a series of this very message: what it said comes first
                    found += self._take(dataset, slots, kept, settings, company)
                    slots, kept, taken = [], [], set()
                self._forget(slot)
            slots.append(slot)
            kept.append(one)
            taken.add(slot)
        return found + self._take(dataset, slots, kept, settings, company)

    def last(self, dataset: str, record_key: str, field: str) -> list[float]:
        """The values that are remembered of a series, oldest first; none of one that is not known."""
        slot = self._index.find(dataset, record_key, field)
        return [] if slot is None else [value for value, _ in self._recent.last(slot)]

    def _forget(self, slot: int) -> None:
        self.retired += 1
        if self._days.meta[slot, CLOSED]:
            self._changed.add(DAYS_BLOCK + slot // BLOCK)
        for array in self._hot():
            if array is not self._index.seen and slot < len(array):
                array[slot] = 0.0
        if slot < len(self._days.ring):
            self._days.ring[slot], self._days.numbers[slot] = 0.0, 0.0

    def _take(
        self,
        dataset: str,
        places: Sequence[int],
        observations: Sequence[Observation],
        settings: Settings | None,
        company: Company | None,
    ) -> list[Finding]:
        if not observations:
            return []
        self._reserve()
        slots = np.array(places, dtype=np.intp)
        values = np.array([one.value for one in observations], dtype=np.float64)
        seconds = np.array([one.at for one in observations], dtype=np.float64)
        floors = np.array([self._floors[one.kind] for one in observations])
        self._changed.update(np.unique(slots // BLOCK).tolist())
        if (late := self._late(slots, seconds)) is not None:
            self.late += int(late.sum())
            timely = np.flatnonzero(~late)
            slots, values, seconds, floors = slots[timely], values[timely], seconds[timely], floors[timely]
            observations = [observations[index] for index in timely.tolist()]
            if not observations:
                return []
        observed = self._detector.observe(slots, values, seconds, floors, settings)
        alarms: list[Indexed] = []
        if observed.alarm.any():
            alarms = list(self._alarms(dataset, observed, slots, observations))
        found = come_back(self._happenings, dataset, slots, observations, alarms)
        found += self._by_day(dataset, slots, values, seconds, observations, company or Company())
        self._recent.push(slots, values, seconds)
        return [finding for _, finding in sorted(found, key=lambda one: one[0])]

    def _late(self, slots: Ints, seconds: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
        """Which values are too late; None when none is. Moves the newest times on."""
        moments = seconds - _EARLIEST + 1.0
        newest = self._latest[slots]
        if (moments >= newest).all() and (moments == moments[0]).all():
            self._latest[slots] = moments
            return None
        late = np.zeros(len(slots), dtype=np.bool_)
        for index, (slot, moment) in enumerate(zip(slots.tolist(), moments.tolist(), strict=True)):
            late[index] = moment < self._latest[slot] - LATE_S
            self._latest[slot] = max(self._latest[slot], moment)
        return late if late.any() else None

    def _by_day(
        self,
        dataset: str,
        slots: Ints,
        values: Floats,
        seconds: Floats,
        observations: Sequence[Observation],
        company: Company,
    ) -> list[Indexed]:
        ended = self._days.push(slots, values, seconds)
        if not len(ended):
            return []
        self._changed.update((DAYS_BLOCK + slots[ended] // BLOCK).tolist())
        said = judge(self._days, slots[ended], company)
        where = {int(slots[index]): int(index) for index in ended.tolist()}
        found = []
        for one in said:
            finding = told_by_day(one, dataset, observations[where[one.slot]])
            if one.detector == "slow_trend" and not one.closes:
                self._days.told(one.slot, identity(finding))
            found.append((where[one.slot], finding))
        return found

    def _check(self, one: Observation) -> None:
        if not math.isfinite(one.value):
            raise ValueError(f"{one.field} of {one.record_key} is not finite: leave it out")
        if not _EARLIEST <= one.at <= _LATEST:
            raise ValueError(f"{one.at!r} is no time of a date between the years 1 and 9999")
        if one.kind not in self._floors:
            raise ValueError(f"{one.kind!r} is neither price nor number")

    def _alarms(
        self, dataset: str, observed: Observed, slots: Ints, observations: Sequence[Observation]
    ) -> Iterator[Indexed]:
        for index in np.flatnonzero(observed.alarm).tolist():
            slot = int(slots[index])
            here = np.flatnonzero(slots[: index + 1] == slot).tolist()
            around = [value for value, _ in self._recent.last(slot)] + [observations[i].value for i in here]
            alarm = Alarm(
                dataset=dataset,
                observation=observations[index],
                channel=int(observed.channel[index]),
                score=float(observed.tail[index]),
                baseline=float(observed.baseline[index]),
                residual=float(observed.residual[index]),
                values=tuple(around[-KEPT:]),
            )
            yield index, finding_of(alarm)

    def _reserve(self) -> None:
        self._recent.reserve(self.series)
        self._days.reserve(self.series)
        self._happenings.reserve(self.series)
        self._latest = grown(self._latest, self.series)

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
        blocks = range(-(-self.series // BLOCK))
        return join([self._pack(first + block) for first in (0, DAYS_BLOCK) for block in blocks])

    @classmethod
    def load(cls, data: bytes, settings: Settings, most_series: int = MOST_SERIES) -> Self:
        """A state that goes on exactly where the one that gave `dump` left off. Raises SnapshotError."""
        blocks = split(data)
        half = -(-len(blocks) // 2)
        numbered = [(number if number < half else DAYS_BLOCK + number - half, block) for number, block in blocks]
        return cls.load_blocks(numbered, settings, most_series)

    @classmethod
    def load_blocks(
        cls, blocks: Iterable[tuple[int, bytes]], settings: Settings, most_series: int = MOST_SERIES
    ) -> Self:
        """As `load`, from the newest bytes of every block, in any order. Raises SnapshotError if one is missing."""
        state = cls(settings, most_series)
        for number, data in sorted(blocks):
            if number < DAYS_BLOCK:
                state._unpack(number, data)
            else:
                state._unpack_days(number - DAYS_BLOCK, data)
        state._index.restore_order()
        return state

    def _hot(self) -> list[Floats]:
        """What every observation changes, `seen` of the index the last of those that the second layout knew."""
        before = [*self._detector.state.arrays(), *self._recent.arrays(), self._index.seen]
        return [*before, self._days.open, self._days.meta, self._happenings.rows, self._latest]

    def _pack(self, block: int) -> bytes:
        start = block % DAYS_BLOCK * BLOCK
        stop = min(start + BLOCK, self.series)
        if block >= DAYS_BLOCK:
            self._days.reserve(stop)
            rows = [self._days.ring[start:stop], self._days.numbers[start:stop]]
            return pack(b"", [array.astype(np.float64) for array in rows])
        self._reserve()
        self._detector.state.reserve(stop)
        return pack(self._index.digests(start, stop), [array[start:stop] for array in self._hot()])

    def _unpack(self, block: int, data: bytes) -> None:
        start = self.series
        if start != block * BLOCK:
            raise SnapshotError(f"Block {block} of the snapshot does not follow {start} series: a block is missing")
        names, saved = unpack(data, DIGEST_SIZE, [array.shape[1:] for array in self._hot()])
        try:
            self._index.restore(names)
        except ValueError as error:
            raise SnapshotError(f"Block {block} of the snapshot names a series of another block") from error
        self._detector.state.reserve(self.series)
        self._reserve()
        for array, rows in zip(self._hot(), saved, strict=True):
            array[start : self.series] = rows

    def _unpack_days(self, block: int, data: bytes) -> None:
        start = block * BLOCK
        arrays = (self._days.ring, self._days.numbers)
        _, saved = unpack(data, 0, [array.shape[1:] for array in arrays])
        if not 0 <= start < start + len(saved[0]) <= self.series:
            raise SnapshotError(f"The snapshot has days of block {block}, which has no such series: a block is missing")
        for array, rows in zip(arrays, saved, strict=True):
            array[start : start + len(rows)] = rows
