"""CSV (RFC 4180) that spreadsheets may open: a text that would be a formula there begins with an apostrophe."""

import csv
import io
from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord

MOST_COLUMNS = 500
"""Fields with a column of their own; what a record has beyond stands as JSON in the last one."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_OWN = ("record_id", "record_key", "page_url", "fetched_at")
_REST = "other_fields"


class CsvFile:
    """UTF-8, lines end with CR LF; numbers stay numbers, lists and objects are JSON."""

    contents = False

    def __init__(self, file: BinaryIO, *, mark: bool) -> None:
        self._file = file
        self._mark = mark
        self._columns: tuple[str, ...] = ()

    def begin(self, heading: Heading) -> None:
        """The names of the columns, without those of our own that a field takes."""
        self._columns = tuple(heading.columns)
        self._file.write(b"\xef\xbb\xbf" if self._mark else b"")
        self._write([[neutral(name) for name in (*_OWN, *self._columns, _REST)]])

    def enter(self, entries: Sequence[Entry]) -> None:
        """It has no contents."""

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Rows."""
        self._write([self._row(record) for record in records])

    def end(self) -> None:
        """Nothing stands behind the last row."""

    def _row(self, record: StoredRecord) -> list[str]:
        data = orjson.loads(record.data)
        fetched = record.fetched_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        own = [record.id, neutral(record.key), neutral(record.url), fetched]
        cells = [_cell(data.pop(name, None)) for name in self._columns]
        return [*own, *cells, _cell(data or None)]

    def _write(self, rows: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._file.write(text.getvalue().encode("utf-8", "replace"))


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, bool | dict | list):
        return orjson.dumps(value).decode()
    return str(value)
