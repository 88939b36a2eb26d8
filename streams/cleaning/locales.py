"""Numbers, prices and dates where the job says how they are written."""

import re
from typing import Any

from schemas.events.pipelines import FieldPipeline
from schemas.events.records import FieldType
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types import Converter
from streams.cleaning.types.prices import parsed

_LONGEST = 300
_DIGITS = re.compile(r"\d[\d.,'’\s]*\d|\d").search
_NUMERIC_DATE = re.compile(r"(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)", re.ASCII)
_CENTURY = 70
"""Years of two digits from here on are of the twentieth century, as POSIX's strptime has it (there 69)."""


def located(kind: FieldType, pipeline: FieldPipeline, convert: Converter) -> Converter:
    """`convert`, told the decimal mark or the order of day and month."""
    mark = pipeline.decimal
    if mark and kind == "number":
        return lambda value, page: convert(_plain(value, mark), page)
    if mark and kind == "price":
        return lambda value, page: parsed(value, mark) if isinstance(value, str) else convert(value, page)
    if pipeline.day_first is not None and kind == "date":
        first = pipeline.day_first
        return lambda value, page: convert(_ordered(value, first), page)
    return convert


def _plain(value: Any, mark: str) -> Any:
    """The first number of a text without what parts its thousands, its decimal mark a point."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return value
    found = _DIGITS(value)
    if found is None:
        return value
    whole, _, fraction = found[0].partition(mark)
    if mark in fraction or re.search(r"\D", fraction):
        raise UnreadableValueError(f"{value[:60]!r} has {mark!r} where no decimal mark can be.")
    digits = re.sub(r"\D", "", whole)
    return f"{value[: found.start()]}{digits}{'.' + fraction if fraction else ''}{value[found.end() :]}"


def _ordered(value: Any, day_first: bool) -> Any:
    """A date in digits brought into the one order that has a single meaning; anything else as it is."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return value
    found = _NUMERIC_DATE.search(value)
    if found is None or value[: found.start()].strip():
        return value
    day, month = (found[1], found[3]) if day_first else (found[3], found[1])
    year = int(found[4])
    if len(found[4]) == 2:
        year += 1900 if year >= _CENTURY else 2000
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        raise UnreadableValueError(f"{value[:60]!r} has no month {int(month)}.")
    rest = value[found.end() :].strip()
    return f"{year:04}-{int(month):02}-{int(day):02}{' ' + rest if rest else ''}"
