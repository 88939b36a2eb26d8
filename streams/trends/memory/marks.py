"""What a message's records are marked with."""

from collections.abc import Iterable, Sequence
from typing import Literal, Self

import numpy as np

from schemas.events import CleanBatch, CleanRecord, Mark, RecordMarks
from schemas.ids import digest
from streams.trends.detector.state import grown
from streams.trends.memory.likeness import fingerprint, nearest
from streams.trends.memory.runs import Runs
from streams.trends.memory.versions import GONE, OWNER, RUN, Versions, differences, written
from streams.trends.series import DIGEST_SIZE, SeriesIndex
from streams.trends.snapshot import BLOCK, SnapshotError, pack, unpack

VERSIONS_BLOCK = 1_500_000
"""Blocks from this number on hold versions."""

MOST_GONE = 500
"""Gone keys that are told with one message; the others follow with the next."""

FULL = 0.5
"""A run that saw a smaller share of the known keys was no full one: nothing is gone by it."""


def owner_of(clean: CleanBatch) -> str:
    """Whose records a message's are compared with: its job's, or theirs whom its rules name."""
    return (clean.trends.memory_of if clean.trends else "") or clean.job_id


class Memory:
    """Of one partition. Record keys beyond the bound are forgotten, the one seen least recently first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._index = SeriesIndex(most)
        self._versions = Versions(BLOCK)
        self._changed: set[int] = set()
        self._unconfirmed: set[int] = set()
        self.forgotten = 0
        """Record keys that were forgotten to make room, since the process began."""

    def take(self, clean: CleanBatch, runs: Runs) -> RecordMarks:
        """Compares each record with what is known, in order, and remembers it. `runs` are those of its owner."""
        number = runs.number_of(clean.run_id)
        gone = self._gone(runs, clean.trends.whole_run if clean.trends else None)
        told = [self._marks(clean, record, runs, number) for record in clean.records]
        unchanged = sum(not of_one for of_one in told)
        return RecordMarks(
            id=digest("marks", clean.id),
            dataset=clean.dataset,
            run_id=clean.run_id,
            job_id=clean.job_id,
            at=clean.fetched_at,
            unchanged=unchanged,
            marks=[*gone, *(mark for of_one in told for mark in of_one)],
        )

    def _marks(self, clean: CleanBatch, record: CleanRecord, runs: Runs, number: int) -> list[Mark]:
        slot, known = self._place(clean.dataset, owner_of(clean), record.key)
        versions, row = self._versions, self._versions.rows[slot]
        content, text = written(record.key, record.data)
        owner, last, told_gone, *_ = row.tolist()
        last = last if owner == runs.owner else 0.0  # their runs were forgotten meanwhile, and are counted anew
        known, again = known and not told_gone, known and last == number
        if not again:
            runs.seen[number] = runs.seen.get(number, 0) + 1
        row[: GONE + 1] = runs.owner, max(last, number), 0.0
        self._changed.add(slot // BLOCK)
        if known and versions.hashes.item(slot) == content:
            if not again:
                return []
            return [Mark(record_id=record.id, key=record.key, state="repeat", other=versions.record_id(slot))]
        before = versions.record_id(slot) if known or told_gone else ""
        fields = differences(versions.version(slot)[1], record.data) if known else {}
        prints = fingerprint(record.data.values())
        alike = self._alike(prints, slot, runs.owner)
        versions.keep(slot, record.id, content, prints, text)
        state: Literal["new", "changed"] = "changed" if known else "new"
        marks = [Mark(record_id=record.id, key=record.key, state=state, other=before, fields=fields)]
        if alike:
            marks.append(Mark(record_id=record.id, key=record.key, state="similar", other=alike))
        return marks

    def _alike(self, prints: int, slot: int, owner: int) -> str:
        """The id of another record of the same job whose long texts are nearly these; empty if there is none."""
        if not prints:
            return ""
        versions = self._versions
        others = np.where(versions.rows[:, OWNER] == owner, versions.prints, np.uint64(0))
        others[slot] = 0
        found = nearest(prints, others)
        return "" if found is None else versions.record_id(found)

    def _place(self, dataset: str, job: str, key: str) -> tuple[int, bool]:
        """The slot of the key, and whether a version of it is known."""
        before = len(self._index)
        slot, forgotten = self._index.place(dataset, key, job)
        known = not forgotten and len(self._index) == before
        self._versions.reserve(len(self._index))
        if forgotten:
            self.forgotten += 1
            self._versions.forget(slot)
        return slot, known

    def _gone(self, runs: Runs, whole_run: str | None) -> list[Mark]:
        """Keys that the last whole run but this one did not see."""
        if not runs.sweeping:
            return []
        rows = self._versions.rows
        here = (rows[:, OWNER] == runs.owner) & (rows[:, GONE] == 0)
        ended = runs.swept(whole_run)
        missing = np.flatnonzero(here & (rows[:, RUN] < ended))
        if runs.seen.get(ended, 0) < FULL * int(here.sum()):
            runs.sweeping = False
            return []
        runs.sweeping = len(missing) > MOST_GONE
        return [self._told_gone(slot) for slot in missing[:MOST_GONE].tolist()]

    def _told_gone(self, slot: int) -> Mark:
        self._versions.rows[slot, GONE] = 1.0
        self._changed.add(slot // BLOCK)
        identity = self._versions.record_id(slot)
        return Mark(record_id=identity, key=self._versions.version(slot)[0], state="gone", other=identity)

    def dirty_blocks(self) -> list[tuple[int, bytes]]:
        """(block number, bytes) of every block that changed since it was last confirmed as saved."""
        self._unconfirmed |= self._changed
        self._changed = set()
        return [(VERSIONS_BLOCK + block, self._pack(block)) for block in sorted(self._unconfirmed)]

    def confirm_saved(self) -> None:
        """The blocks of the last `dirty_blocks` are stored."""
        self._unconfirmed = set()

    def _pack(self, block: int) -> bytes:
        start, stop = block * BLOCK, min((block + 1) * BLOCK, len(self._index))
        arrays = [*self._versions.arrays(), self._index.seen]
        return pack(self._index.digests(start, stop), [array[start:stop] for array in arrays])

    @classmethod
    def load_blocks(cls, blocks: Iterable[tuple[int, bytes]], most: int) -> Self:
        """What goes on where the one that gave the blocks left off. Raises SnapshotError."""
        memory = cls(most)
        for number, data in sorted(blocks):
            memory._unpack(number - VERSIONS_BLOCK, data)
        memory._index.restore_order()
        return memory

    def _unpack(self, block: int, data: bytes) -> None:
        start = len(self._index)
        if start != block * BLOCK:
            raise SnapshotError(f"Block {block} of the versions does not follow {start} keys: a block is missing")
        shapes: Sequence[tuple[int, ...]] = [array.shape[1:] for array in self._versions.arrays()]
        names, saved = unpack(data, DIGEST_SIZE, [*shapes, ()])
        self._index.restore(names)
        self._versions.reserve(len(self._index))
        self._index.seen = grown(self._index.seen, len(self._index))
        arrays = [*self._versions.arrays(), self._index.seen]
        for array, rows in zip(arrays, saved, strict=True):
            array[start : len(self._index)] = rows
