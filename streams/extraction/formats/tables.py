"""Tables as text (RFC 4180 and its relatives): the first row names the columns, each other one is a record."""

import csv
import io
from itertools import islice

from streams.extraction.errors import UnreadableError

MAX_ROWS = 50_000
"""Rows read of one table."""

MAX_COLUMNS = 1000
"""Columns read of one row."""

_DELIMITERS = (",", ";", "\t", "|")


def read_table(text: str, notes: list[str], delimiter: str = "") -> list[dict[str, str]]:
    """The rows by the names of their columns; a cell that a row does not have is absent, an empty one is empty.

    Without a `delimiter` it is the one of comma, semicolon, tab and bar that stands most often in the first row
    outside quotes, the earlier of two. Columns without a name, and cells beyond the named ones, are `column_7`; of two
    columns with one name the second is `name_2`. Raises UnreadableError `extract_failed`.
    """
    text = text.removeprefix("\ufeff").lstrip("\r\n")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text))
    table: list[dict[str, str]] = []
    try:
        names = _names(next(rows, []))
        for row in rows:
            if not any(row):
                continue
            if len(table) == MAX_ROWS:
                notes.append(f"The table has more than {MAX_ROWS} rows; the rest was left out.")
                break
            if len(row) > MAX_COLUMNS:
                raise UnreadableError("extract_failed", f"Row {rows.line_num} of the table has {len(row)} columns.")
            table.append({name: cell.strip() for name, cell in zip(_all_names(names, len(row)), row, strict=False)})
    except csv.Error as problem:
        sentence = f"The table cannot be read at line {rows.line_num}: {problem}."
        raise UnreadableError("extract_failed", sentence) from problem
    return table


def _delimiter(text: str) -> str:
    counts = dict.fromkeys(_DELIMITERS, 0)
    quoted = False
    for character in islice(text, 100_000):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in counts:
            counts[character] += 1
        elif not quoted and character in "\r\n":
            break
    return max(_DELIMITERS, key=lambda delimiter: counts[delimiter])


def _names(header: list[str]) -> list[str]:
    if len(header) > MAX_COLUMNS:
        raise UnreadableError("extract_failed", f"The table has {len(header)} columns; {MAX_COLUMNS} are read.")
    names: list[str] = []
    taken: set[str] = set()
    for place, title in enumerate(header, 1):
        wanted = name = title.strip()[:200] or f"column_{place}"
        number = 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        names.append(name)
    return names


def _all_names(names: list[str], width: int) -> list[str]:
    return (
        names if width <= len(names) else [*names, *(f"column_{place}" for place in range(len(names) + 1, width + 1))]
    )
