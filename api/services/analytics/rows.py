"""Rows as answers tell them: moments as RFC 3339, and as CSV that spreadsheets may open."""

import csv
import io
from collections.abc import Sequence

from api.exporter.formats.table import cell, neutral
from schemas.analysing import Value
from schemas.moments import of_epoch


def told(rows: Sequence[Sequence[Value]], types: Sequence[str]) -> list[list[Value]]:
    """Each value as its column's type has it."""
    return [[_told(value, type_) for value, type_ in zip(row, types, strict=True)] for row in rows]


def as_csv(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> bytes:
    """UTF-8, lines end with CR LF; what a spreadsheet would take for a formula stands behind an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([neutral(name) for name in names])
    writer.writerows([[cell(value) for value in row] for row in rows])
    return text.getvalue().encode("utf-8", "replace")


def _told(value: Value, type_: str) -> Value:
    if type_ == "moment" and isinstance(value, int | float):
        try:
            return of_epoch(value / 1000)
        except (ValueError, OverflowError):
            return None
    return value
