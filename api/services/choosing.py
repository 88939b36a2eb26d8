"""Which of a run's records are asked for, and in which order: `price>=10`, `-added`."""

import re
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import cast

from api.errors import invalid
from schemas.choosing import Comparison, FieldCondition, FieldOrder
from schemas.moments import zoned

_CONDITION = re.compile(r"(.+?)(!=|<=|>=|=|<|>)(.+)", re.DOTALL).fullmatch
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII).fullmatch
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII).fullmatch
_FLAGS = {"true": True, "false": False}


def conditions(said: Sequence[str]) -> list[FieldCondition]:
    """What each text asks for; ApiError 422 for one that cannot be understood."""
    return [_condition(text) for text in said]


def order(said: str | None) -> FieldOrder | None:
    """The field to sort by, with a minus in front the greatest first; ApiError 422 for no name."""
    if said is None:
        return None
    down, field = said.startswith("-"), said.removeprefix("-").strip()
    if not field:
        raise invalid("sort", "Write the name of a field, with a minus in front for the greatest first: -price.")
    return FieldOrder(field=field, down=down)


def _condition(text: str) -> FieldCondition:
    found = _CONDITION(text)
    field, value = (found[1].strip(), found[3].strip()) if found else ("", "")
    if found is None or not field or not value:
        raise invalid("where", f"{text[:100]!r}: write a field, one of = != < <= > >=, and a value: price>=10.")
    comparison = cast(Comparison, found[2])
    number, moment = _number(value), _moment(value)
    if comparison not in ("=", "!=") and number is None and moment is None:
        raise invalid(
            "where", f"{text[:100]!r}: {comparison} compares numbers such as 9.5 and dates such as 2026-01-31."
        )
    flag = _FLAGS.get(value.lower())
    return FieldCondition(field=field, comparison=comparison, text=value, number=number, moment=moment, flag=flag)


def _number(text: str) -> float | None:
    number = float(text) if _NUMBER(text) else None
    return number if number is not None and isfinite(number) else None


def _moment(text: str) -> datetime | None:
    """A date is its midnight; what names no zone is in UTC, as dates are stored."""
    if not _MOMENT(text):
        return None
    try:
        return zoned(datetime.fromisoformat(text))
    except ValueError:
        return None
