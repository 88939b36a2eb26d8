"""Which series has which slot: arrays need small dense numbers, series have names."""

import hashlib
from collections.abc import Iterable

DIGEST_SIZE = 16


def series_digest(dataset: str, record_key: str, field: str) -> bytes:
    """128 bits that stand for a series (RFC 7693, BLAKE2b).

    Record keys are scraped, so someone else chooses them: a cryptographic hash, with lengths written out, so that
    nobody can make two series one.
    """
    name = f"{len(dataset)}:{dataset}{len(record_key)}:{record_key}{field}"
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=DIGEST_SIZE).digest()


class SeriesIndex:
    """Gives series their slots, in order of first sight, up to a bound.

    Slots are never taken back. Once `most` series are known, new ones are refused; `refused` counts the observations
    that were turned away since this process began, for whoever has to be told.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.refused = 0
        self._slots: dict[bytes, int] = {}
        self._digests = bytearray()

    def __len__(self) -> int:
        return len(self._slots)

    def place(self, dataset: str, record_key: str, field: str) -> int | None:
        """The slot of the series, a new one if need be; None (and counted) if there is no room left."""
        digest = series_digest(dataset, record_key, field)
        slot = self._slots.get(digest)
        if slot is not None:
            return slot
        if len(self._slots) >= self.most:
            self.refused += 1
            return None
        return self._append(digest)

    def digests(self, start: int, stop: int) -> bytes:
        """Names of the slots in this range, 16 bytes each: what a snapshot keeps of the index."""
        return bytes(self._digests[start * DIGEST_SIZE : stop * DIGEST_SIZE])

    def restore(self, digests: bytes) -> None:
        """Appends the names that `digests` gave back; ValueError if one is there already."""
        for digest in _pieces(digests):
            if digest in self._slots:
                raise ValueError("a series has two slots")
            self._append(digest)

    def _append(self, digest: bytes) -> int:
        slot = len(self._slots)
        self._slots[digest] = slot
        self._digests += digest
        return slot


def _pieces(digests: bytes) -> Iterable[bytes]:
    return (digests[start : start + DIGEST_SIZE] for start in range(0, len(digests), DIGEST_SIZE))
