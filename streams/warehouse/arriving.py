"""What the warehouse reads of a batch: the data of a record stays the bytes that were published.

To parse it and to write it again took longer than everything else that the stage does with a record.
"""

from functools import lru_cache
from typing import Any

import msgspec

from schemas import codec
from schemas.events import CleanBatch, CleanRecord
from schemas.topics import CLEAN_RECORDS


class StoredRecord(CleanRecord, frozen=True, kw_only=True, gc=False):
    """A record whose data is JSON, an object on one line."""

    data: msgspec.Raw  # type: ignore[assignment]  # it is the same on the wire


class StoredBatch(CleanBatch, frozen=True, kw_only=True):
    """A batch of them."""

    records: list[StoredRecord] = []  # type: ignore[assignment]


class _Object(msgspec.Struct, gc=False):
    """Any JSON object."""


_objects = msgspec.json.Decoder(list[_Object])
_SHAPE = bytes.maketrans(b"012345678+E", b"9" * 10 + b"e")
_LONG = b"9" * 300


def decode(topic: str, value: bytes | None) -> Any:
    """The event that `value` holds, as `codec.decode` reads it, and with the same verdict of what is none."""
    if topic != CLEAN_RECORDS:
        return codec.decode(topic, value)
    batch: StoredBatch = codec.decode(topic, value, StoredBatch)
    joined = b",".join([record.data for record in batch.records])
    if _unread(joined):
        codec.decode(topic, value)
    if b"\n" in joined or b"\r" in joined:
        records = [msgspec.structs.replace(one, data=msgspec.Raw(_on_one_line(one.data))) for one in batch.records]
        return msgspec.structs.replace(batch, records=records)
    return batch


def _unread(joined: bytes) -> bool:
    """Whether there may be something that a decoder refuses, and passes over when it leaves the bytes alone: text that
    is not UTF-8, a number beyond 64-bit floats, a record that is no object."""
    try:
        joined.decode()
        _objects.decode(b"[" + joined + b"]")
    except (UnicodeDecodeError, msgspec.DecodeError):
        return True
    shape = joined.translate(_SHAPE)
    return b"e999" in shape or _LONG in shape


def _on_one_line(data: msgspec.Raw) -> bytes:
    return msgspec.json.format(bytes(data), indent=-1)


@lru_cache(maxsize=256)
def values_decoder(names: tuple[str, ...]) -> msgspec.json.Decoder[list[Any]]:
    """Reads a list of objects as tuples would be: of each the values by these names as `v0`, `v1` …, None where there
    is none. Raises ValueError for a name that msgspec cannot look for."""
    fields = [(f"v{place}", Any, None) for place in range(len(names))]
    renamed = {f"v{place}": name for place, name in enumerate(names)}
    return msgspec.json.Decoder(list[msgspec.defstruct("Values", fields, rename=renamed, gc=False)])  # type: ignore[misc]
