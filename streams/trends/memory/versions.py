"""The last version of every record key of a partition."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import xxhash

from streams.trends.detector.state import Floats, grown
from streams.trends.identities import NUMBERS, as_identity, as_numbers
from streams.trends.memory.likeness import Prints

SIZE = 504
"""Bytes of a version that are remembered: `[key, {field: value}]` as JSON, long values cut short."""

OWNER, RUN, GONE = range(3)
"""Columns of `rows`: whose record it is (the number of dataset and job), in which run it was seen last, and whether it
was told to be gone."""

_ID = slice(3, 3 + NUMBERS)
MOST_FIELDS = 6
"""Changed fields that a mark tells: five hundred marks must fit into a message."""

_CUTS = (60, 16, 4)
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[Any])


class Versions:
    """By slot: `rows` (owner, run, gone, record id), `hashes` of the whole record, `prints` of its long texts, `texts`
    (the version itself, its length in the first eight bytes)."""

    def __init__(self, capacity: int) -> None:
        self.rows: Floats = np.zeros((capacity, 3 + NUMBERS))
        self.hashes: Prints = np.zeros(capacity, dtype=np.uint64)
        self.prints: Prints = np.zeros(capacity, dtype=np.uint64)
        self.texts: npt.NDArray[np.uint8] = np.zeros((capacity, 8 + SIZE), dtype=np.uint8)

    def reserve(self, slots: int) -> None:
        """Makes room for that many slots."""
        self.rows = grown(self.rows, slots)
        self.hashes = grown(self.hashes, slots)
        self.prints = grown(self.prints, slots)
        self.texts = grown(self.texts, slots)

    def arrays(self) -> Iterator[Floats]:
        """All of it as floats of the same bits, in a fixed order."""
        yield self.rows
        yield self.hashes.view(np.float64)
        yield self.prints.view(np.float64)
        yield self.texts.view(np.float64)

    def forget(self, slot: int) -> None:
        """As if it had never been seen."""
        self.rows[slot], self.hashes[slot], self.prints[slot], self.texts[slot] = 0.0, 0, 0, 0

    def keep(self, slot: int, record_id: str, content: int, fingerprint: int, text: bytes) -> None:
        """A new version; owner and run are the caller's."""
        self.rows[slot, _ID] = as_numbers(record_id)
        self.hashes[slot], self.prints[slot] = content, fingerprint
        whole = len(text).to_bytes(8, "little") + text
        self.texts[slot, : len(whole)] = np.frombuffer(whole, dtype=np.uint8)

    def record_id(self, slot: int) -> str:
        """Of the last version."""
        return as_identity(self.rows[slot, _ID])

    def version(self, slot: int) -> tuple[str, dict[str, Any]]:
        """(key, fields as far as they are remembered)."""
        length = int.from_bytes(self.texts[slot, :8].tobytes(), "little")
        key, fields = _decoder.decode(self.texts[slot, 8 : 8 + length].tobytes())
        return key, fields


def written(key: str, data: dict[str, Any]) -> tuple[int, bytes]:
    """(hash of the whole record, the version as it is remembered)."""
    whole = _encoder.encode([key, data])
    content = xxhash.xxh3_64_intdigest(whole)
    if len(whole) <= SIZE:
        return content, whole
    for cut in _CUTS:
        short = _encoder.encode([key, {name: shortened(value, cut) for name, value in data.items()}])
        if len(short) <= SIZE:
            return content, short
    return content, _encoder.encode([key[:100], {}])


def shortened(value: Any, cut: int = _CUTS[0]) -> Any:
    """The value, or where it is long its beginning and a checksum, by which two long ones are told apart."""
    if isinstance(value, int | float | None):
        return value
    text = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else _encoder.encode(value)
    if len(text) <= cut:
        return value
    return f"{str(value)[:cut]}… #{xxhash.xxh3_64_intdigest(text) % 0x10000:04x}"


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """field → [from, to], cut short, of six fields at most; nothing where no field is remembered."""
    if not before:
        return {}
    found: dict[str, list[Any]] = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new or (isinstance(new, str | list | dict) and any(shortened(new, cut) == old for cut in _CUTS)):
            continue
        if len(found) == MOST_FIELDS:
            break
        found[name] = [shortened(old), shortened(new)]
    return found
