"""CSV (RFC 4180) that spreadsheets may open: what would be a formula there stands behind an apostrophe (OWASP, CSV
Injection). One that splits cells at `;` or tabs, or takes a line of a cell for a row, finds none either. Where a text
has apostrophes there already it gets one more, so that taking one away restores it exactly."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

from api.exporter.formats.columns import OWN, REST, own, spread
from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord

_BLANK = r"\s;\"\x00-\x1f\u00ad\u200b-\u200f\u2060\ufeff"
_FORMULA = re.compile(rf"(?<![{_BLANK}'])([{_BLANK}]*+)('*+)([=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Blanks, quotes and separators as long as they are, apostrophes, and what begins a formula."""

_ENDS_A_CELL = frozenset(";\t\r\n")


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
        self._write([[neutral(name) for name in (*OWN, *self._columns, REST)]])

    def enter(self, entries: Sequence[Entry]) -> None:
        """It has no contents."""

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Rows."""
        self._write([self._row(record) for record in records])

    def end(self) -> None:
        """Nothing stands behind the last row."""

    def _row(self, record: StoredRecord) -> list[str]:
        return [neutral(text) for text in own(record)] + [cell(value) for value in spread(record, self._columns)]

    def _write(self, rows: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._file.write(text.getvalue().encode("utf-8", "replace"))


def neutral(text: str) -> str:
    """Text of which no spreadsheet takes any part for a formula."""
    return _FORMULA.sub(_behind_an_apostrophe, text)


def _behind_an_apostrophe(found: re.Match[str]) -> str:
    blank, apostrophes, sign = found.groups()
    return f"{blank}'{apostrophes}{sign}" if _begins_a_cell(found) else found[0]


def _escaped(found: re.Match[str]) -> str:
    """For JSON, which says the same with an escape."""
    blank, apostrophes, sign = found.groups()
    return f"{blank}{apostrophes}\\u{ord(sign):04x}" if _begins_a_cell(found) else found[0]


def _begins_a_cell(found: re.Match[str]) -> bool:
    return found.start() == 0 or not _ENDS_A_CELL.isdisjoint(found[1])


def cell(value: Any) -> str:
    """What stands for a value, harmless in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, bool | dict | list):
        return _FORMULA.sub(_escaped, orjson.dumps(value).decode())
    return str(value)
