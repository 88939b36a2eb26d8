"""The typed fields of clean records: maps from a field's name to its value, one for each kind of value.

Which fields are what is said by the batch, as the rules of its run have it; whether a value is what it should be is
seen here, since outsiders may write to the topic too. Fields without such a type are in `data` alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from streams.warehouse.arriving import StoredBatch, values_decoder
from streams.warehouse.columns import Column, lists, maps
from streams.warehouse.moments import exact_milliseconds

MOST_ENTRIES, LONGEST_ENTRY = 100, 256
"""Entries of a list, and bytes of each, that a column holds: what is longer is no list to choose by, but content."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One column of maps to `values`, gathered in an `array` of numpy's. `read` gives a value as the column has it,
    None for what is none of its kind; values that are all `plain` need no reading."""

    column: str
    values: str
    array: str
    plain: Callable[[list[Any]], bool]
    read: Callable[[Any], Any]
    body: Callable[[npt.NDArray[Any]], bytes]
    names: Callable[[StoredBatch], Iterable[str]]


def field_columns(batches: Sequence[StoredBatch], rows: int) -> list[Column]:
    """The typed fields of all records of some batches. Of `numbers` apart, a column that no batch has a field for is
    left out, so that it costs nothing: ClickHouse knows by itself that it is empty."""
    found = [_fields(batch) for batch in batches]
    columns = [_column(kind, batches, found, rows) for kind in _KINDS]
    return [column for column in columns if column is not None]


def _column(
    kind: _Kind, batches: Sequence[StoredBatch], found: Sequence[Mapping[str, list[Any]]], rows: int
) -> Column | None:
    names = sorted({name for batch in batches for name in kind.names(batch)})
    if not names and kind is not _NUMBERS:
        return None
    places = {name: place for place, name in enumerate(names)}
    present, values = np.zeros((rows, len(names)), np.bool_), np.zeros((rows, len(names)), kind.array)
    begin = 0
    for batch, fields in zip(batches, found, strict=True):
        end = begin + len(batch.records)
        for name in kind.names(batch):
            place = places[name]
            _fill(kind, fields[name], present[begin:end, place], values[begin:end, place])
        begin = end
    body = maps(names, present, kind.body(values[present]))
    return Column(kind.column, f"Map(LowCardinality(String), {kind.values})", body)


def _fill(kind: _Kind, found: list[Any], present: npt.NDArray[np.bool_], values: npt.NDArray[Any]) -> None:
    """One field of a batch."""
    read = found if kind.plain(found) else list(map(kind.read, found))
    if None not in read:  # as nearly always
        present[:], values[:] = True, np.fromiter(read, kind.array, len(read))
        return
    for row, value in enumerate(read):
        if value is not None:
            present[row], values[row] = True, value


def _fields(batch: StoredBatch) -> dict[str, list[Any]]:
    """The values of its typed fields, None where a record has none."""
    names = tuple(dict.fromkeys((*batch.numeric, *batch.typed)))
    if not names:
        return {}
    joined = b"[" + b",".join([record.data for record in batch.records]) + b"]"
    try:
        found = values_decoder(names).decode(joined)
    except ValueError:  # a name with characters that JSON escapes
        whole = msgspec.json.decode(joined)
        return {name: [data.get(name) for data in whole] for name in names}
    return {name: list(map(attrgetter(f"v{place}"), found)) for place, name in enumerate(names)}


def _typed(type_: str) -> Callable[[StoredBatch], Iterable[str]]:
    return lambda batch: [name for name, said in batch.typed.items() if said == type_]


def _number(value: Any) -> Any:
    """A number that a column of floats takes."""
    return value if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _moment(value: Any) -> int | None:
    return _known_moment(value) if isinstance(value, str) else None


_known_moment = lru_cache(maxsize=16_384)(exact_milliseconds)
"""Records of a page, and pages of a day, have the same dates."""


def _texts(value: Any) -> list[str] | None:
    if not isinstance(value, list) or len(value) > MOST_ENTRIES or set(map(type, value)) != {str}:
        return None
    return value if all(len(entry.encode()) <= LONGEST_ENTRY for entry in value) else None


def _all_texts(found: list[Any]) -> bool:
    """Whether all are lists that a column holds, at a glance."""
    if set(map(type, found)) != {list} or not 0 < min(map(len, found)) <= max(map(len, found)) <= MOST_ENTRIES:
        return False
    entries = list(chain.from_iterable(found))
    return set(map(type, entries)) == {str} and max(map(len, entries)) <= LONGEST_ENTRY // _WIDEST


_WIDEST = 4
"""Bytes of a character at most."""


def _all(type_: type) -> Callable[[list[Any]], bool]:
    return lambda found: set(map(type, found)) == {type_}


def _none(_: list[Any]) -> bool:
    return False


def _lists(values: npt.NDArray[Any]) -> bytes:
    return lists(values.tolist())


def _flat(values: npt.NDArray[Any]) -> bytes:
    return values.tobytes()


def _numeric(batch: StoredBatch) -> Iterable[str]:
    return batch.numeric


_NUMBERS = _Kind("numbers", "Float64", "<f8", _all(float), _number, _flat, _numeric)
_KINDS = (
    _NUMBERS,
    _Kind("flags", "Bool", "<u1", _all(bool), _flag, _flat, _typed("boolean")),
    _Kind("moments", "DateTime64(3, 'UTC')", "<i8", _none, _moment, _flat, _typed("date")),
    _Kind("lists", "Array(String)", "O", _all_texts, _texts, _lists, _typed("list")),
)
