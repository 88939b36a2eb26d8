"""Which series has which slot: arrays need small dense numbers, series have names."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from streams.trends.detector.state import Floats, grown

DIGEST_SIZE = 16


@lru_cache(maxsize=65_536)
def series_digest(dataset: str, record_key: str, field: str) -> bytes:
    """128 bits that stand for a series (RFC 7693, BLAKE2b).

    Record keys are scraped, so someone else chooses them: a cryptographic hash, with lengths written out, so that
    nobody can make two series one. Its digest is most of what finding a series costs, and series come again: those of
    the last ones are remembered, some 20 MB of them.
    """
    name = f"{len(dataset)}:{dataset}{len(record_key)}:{record_key}{field}"
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=DIGEST_SIZE).digest()


class SeriesIndex:
    """Gives series their slots: dense, in order of first sight, up to a bound.

    Once `most` series are known, a new one takes the slot of the one that was seen least recently, which is forgotten.
    The order is that of the observations, not of any clock, and is kept with the slots: whoever reads the same messages
    again, from wherever it was left, forgets the same series.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.seen: Floats = np.zeros(0)
        """By slot: which observation of the partition was the last one of this series, counted from 1."""
        self._observed = 0
        self._slots: OrderedDict[bytes, int] = OrderedDict()
        """Least recently seen first."""
        self._digests = bytearray()

    def __len__(self) -> int:
        return len(self._slots)

    def place(self, dataset: str, record_key: str, field: str) -> tuple[int, bool]:
        """The slot of the series, and whether another series had to be forgotten for it: its rows are to be cleared."""
        digest = series_digest(dataset, record_key, field)
        slot = self._slots.get(digest)
        forgotten = slot is None and len(self._slots) >= self.most
        if forgotten:
            _, slot = self._slots.popitem(last=False)
            self._slots[digest] = slot
            self._digests[slot * DIGEST_SIZE : (slot + 1) * DIGEST_SIZE] = digest
        elif slot is None:
            slot = self._append(digest)
        else:
            self._slots.move_to_end(digest)
        self._observed += 1
        self.seen[slot] = self._observed
        return slot, forgotten

    def find(self, dataset: str, record_key: str, field: str) -> int | None:
        """The slot of a series that is known; nothing is seen thereby."""
        return self._slots.get(series_digest(dataset, record_key, field))

    def digests(self, start: int, stop: int) -> bytes:
        """Names of the slots in this range, 16 bytes each: what a snapshot keeps of the index, beside `seen`."""
        return bytes(self._digests[start * DIGEST_SIZE : stop * DIGEST_SIZE])

    def restore(self, digests: bytes) -> None:
        """Appends the names that `digests` gave back; ValueError if one is there already."""
        for digest in _pieces(digests):
            if digest in self._slots:
                raise ValueError("a series has two slots")
            self._append(digest)

    def restore_order(self) -> None:
        """Takes up the order that `seen` tells, once all names are there; slots that were seen at once keep theirs."""
        names = list(_pieces(bytes(self._digests)))
        order = np.argsort(self.seen[: len(names)], kind="stable").tolist()
        self._slots = OrderedDict((names[slot], slot) for slot in order)
        self._observed = int(self.seen[: len(names)].max(initial=0.0))

    def _append(self, digest: bytes) -> int:
        slot = len(self._slots)
        self._slots[digest] = slot
        self._digests += digest
        self.seen = grown(self.seen, slot + 1)
        return slot


def _pieces(digests: bytes) -> Iterable[bytes]:
    return (digests[start : start + DIGEST_SIZE] for start in range(0, len(digests), DIGEST_SIZE))
