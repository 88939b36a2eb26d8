"""Records in parts that fit into messages: the same records in, the same parts out."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

MAX_RECORDS = 500
"""Records of one part."""

MAX_BYTES = 600_000
"""Bytes of one part as JSON: cleaning adds id, key and scores to each record, and a message may have 1 MB."""

_ADDED = 500  # what cleaning adds to a record
_encoder = msgspec.json.Encoder()


def size_of(record: dict[str, Any]) -> int:
    """Bytes that a record takes of a part."""
    return len(_encoder.encode(record)) + _ADDED


def parts(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """At most MAX_RECORDS and MAX_BYTES each, in order; a record that is too large stands alone."""
    part: list[dict[str, Any]] = []
    room = MAX_BYTES
    for record in records:
        size = size_of(record)
        if part and (size > room or len(part) == MAX_RECORDS):
            yield part
            part, room = [], MAX_BYTES
        part.append(record)
        room -= size
    if part:
        yield part
