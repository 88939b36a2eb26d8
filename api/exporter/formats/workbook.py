"""XLSX (ECMA-376) in constant memory. A text is a text, whatever it begins with: no formula, no link. One that looks
like a formula is marked as a spreadsheet marks what was typed behind an apostrophe, so that it stays a text when
somebody edits its cell."""

import re
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileSizeError

from api.exporter.errors import TooLarge
from api.exporter.formats.columns import OWN, REST, own, spread
from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord

CUT = "cut_fields"
"""The last column: names of what was too long for a cell, of which its beginning is there."""

_MOST_ROWS = 1_048_576
_EXACT = 10**15
"""From here on a spreadsheet would round whole numbers; they are written as texts."""

_A_CELL = 40
"""Bytes of a cell beside what it says, more or less."""

_FORMULA = re.compile(r"[\s'\"\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]").match
_NO_CHARACTER = re.compile("[\ufffe\uffff\ud800-\udfff]")


class WorkbookFile:
    """A sheet holds a million records and some, then comes the next one. Numbers and booleans are such; lists and
    objects are JSON. `most_bytes` bounds what the sheets hold before they are compressed, for which `folder` has the
    room."""

    contents = False

    def __init__(self, file: BinaryIO, folder: Path, most_bytes: int) -> None:
        self._book = Workbook(file, {"constant_memory": True, "tmpdir": str(folder)})
        self._head = self._book.add_format({"bold": True, "quote_prefix": True})
        self._quoted = self._book.add_format({"quote_prefix": True})
        self._most_bytes = most_bytes
        self._bytes = 0
        self._columns: tuple[str, ...] = ()
        self._sheets = 0
        self._sheet: Any = None
        self._row = _MOST_ROWS

    def begin(self, heading: Heading) -> None:
        """The first sheet, so that there is one."""
        self._book.set_properties({"created": heading.moment.astimezone(UTC).replace(tzinfo=None)})
        self._columns = tuple(heading.columns)
        self._next_sheet()

    def enter(self, entries: Sequence[Entry]) -> None:
        """It has no contents."""

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Rows."""
        for record in records:
            if self._row >= _MOST_ROWS:
                self._next_sheet()
            self._add(record)

    def end(self) -> None:
        """The sheets become one file."""
        try:
            self._book.close()
        except FileSizeError:
            raise OverflowError("A workbook of more than 4 GB is not written.") from None

    def _next_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet("Records" if self._sheets == 1 else f"Records {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        for place, name in enumerate((*OWN, *self._columns, REST, CUT)):
            self._text(0, place, name, self._head)
        self._row = 1

    def _add(self, record: StoredRecord) -> None:
        names = (*OWN, *self._columns, REST)
        values = [*own(record), *spread(record, self._columns)]
        cut = [name for place, (name, value) in enumerate(zip(names, values, strict=True)) if self._put(place, value)]
        if cut:
            self._put(len(names), cut)
        self._row += 1
        if self._bytes > self._most_bytes:
            raise TooLarge(
                f"The sheets would have more than {self._most_bytes} bytes; export fewer records, or another format."
            )

    def _put(self, place: int, value: Any) -> bool:
        """Whether it had to be cut."""
        if value is None:
            return False
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, place, value)
        elif isinstance(value, float) or (isinstance(value, int) and abs(value) < _EXACT):
            self._sheet.write_number(self._row, place, value)
        else:
            text = value if isinstance(value, str) else orjson.dumps(value).decode()
            return self._text(self._row, place, text, self._quoted if _FORMULA(text) else None)
        self._bytes += _A_CELL
        return False

    def _text(self, row: int, place: int, text: str, form: Any) -> bool:
        self._bytes += _A_CELL + len(text)
        return bool(self._sheet.write_string(row, place, _held(text), form) == -2)


def _held(text: str) -> str:
    """What a cell can hold of a text: the library escapes control characters as Excel does, but takes what stands
    between `<r>` and `</r>` for markup of its own."""
    whole = _NO_CHARACTER.sub("\ufffd", text)
    return f"{whole} " if whole.startswith("<r>") and whole.endswith("</r>") else whole
