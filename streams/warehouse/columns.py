"""Columns as ClickHouse's Native format has them: a block goes into the table without being parsed.

A block is the number of columns and of rows, and of each column its name, its type and its values (ClickHouse
documentation, "Native"; `SerializationLowCardinality.cpp` and `SerializationMap.cpp` say how those two look). Counts
and lengths are LEB128, everything else is little-endian.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

_DICTIONARY_VERSION = (1).to_bytes(8, "little")
_OWN_KEYS = 0x600
"""The block brings its dictionary itself, and it is whole."""
_SHORT = 1 << 14


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `body` is all its values, in the order of the rows."""

    name: str
    type: str
    body: bytes


def block(rows: int, columns: Sequence[Column]) -> bytes:
    """A whole block of so many rows."""
    parts = [_count(len(columns)), _count(rows)]
    for column in columns:
        parts += [text(column.name.encode()), text(column.type.encode()), column.body]
    return b"".join(parts)


def text(value: bytes) -> bytes:
    """One value of a String column."""
    return _count(len(value)) + value


def texts(values: Sequence[bytes]) -> bytes:
    """The values of a String column."""
    parts: list[bytes] = []
    for value in values:
        parts.append(_COUNTS[len(value)] if len(value) < _SHORT else _count(len(value)))
        parts.append(value)
    return b"".join(parts)


def uuids(values: Sequence[str]) -> bytes:
    """The values of a UUID column: two numbers of 64 bits each, the higher first."""
    return np.frombuffer(bytes.fromhex("".join(values).replace("-", "")), ">u8").astype("<u8").tobytes()


def numbers(values: Any, kind: str) -> bytes:
    """The values of a column of numbers; `kind` is numpy's, as "<u4"."""
    return np.asarray(values, kind).tobytes()


def few(values: Sequence[str], counts: Sequence[int] | None = None) -> bytes:
    """The values of a LowCardinality(String) column; with `counts` each value so often."""
    known = {"": 0}
    places: npt.ArrayLike = [known.setdefault(value, len(known)) for value in values]
    if counts is not None:
        places = np.repeat(places, counts)
    return _DICTIONARY_VERSION + _indexed([key.encode() for key in known], np.asarray(places, "<u4"))


def maps(names: Sequence[str], present: npt.NDArray[np.bool_], values: bytes) -> bytes:
    """The values of a Map(LowCardinality(String), …) column: of each row (n × names) what is `present`. `values` is the
    column of all that is, row by row."""
    known = {"": 0}
    places = np.array([known.setdefault(name, len(known)) for name in names], "<u4")
    ends = np.cumsum(present.sum(axis=1), dtype="<u8")
    keys = np.broadcast_to(places, present.shape)[present]
    indexed = _indexed([key.encode() for key in known], keys) if len(keys) else b""
    return _DICTIONARY_VERSION + ends.tobytes() + indexed + values


def lists(values: Sequence[Sequence[str]]) -> bytes:
    """The values of an Array(String) column; the same few texts stand in most lists."""
    entries = list(chain.from_iterable(values))
    told = {entry: text(entry.encode()) for entry in set(entries)}
    return np.cumsum(list(map(len, values)), dtype="<u8").tobytes() + b"".join(map(told.__getitem__, entries))


def _indexed(keys: Sequence[bytes], places: npt.NDArray[Any]) -> bytes:
    width, kind = (0, "<u1") if len(keys) <= 1 << 8 else (1, "<u2") if len(keys) <= 1 << 16 else (2, "<u4")
    head = b"".join(number.to_bytes(8, "little") for number in (_OWN_KEYS | width, len(keys)))
    return head + texts(keys) + len(places).to_bytes(8, "little") + places.astype(kind).tobytes()


def _count(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_COUNTS = [_count(number) for number in range(_SHORT)]
