"""Conditions on the typed fields of records and on their time, as ClickHouse reads them."""

import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.clickhouse.sql import queries
from schemas.choosing import FieldCondition

_PARAMETER = re.compile(r"\{(\w+):")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS, _LAST_MS = -(1 << 62), 1 << 62
_ANY = "true"


def chosen(where: Sequence[FieldCondition]) -> tuple[str, dict[str, Any]]:
    """What must be true of a record, and the values that are named in it. Whatever people wrote is a value."""
    told = [_told(condition, place) for place, condition in enumerate(where)]
    return " and ".join(text for text, _ in told) or _ANY, {name: value for _, values in told for name, value in values}


def span(since: datetime | None, until: datetime | None) -> dict[str, int]:
    """The milliseconds of `since` and `until`; those before and after all times where nothing is said."""
    return {"since": _FIRST_MS if since is None else _ms(since), "until": _LAST_MS if until is None else _ms(until)}


def bits(number: float) -> int:
    """The 64 bits of a float."""
    return int.from_bytes(struct.pack("<d", number), "little")


def _told(condition: FieldCondition, place: int) -> tuple[str, list[tuple[str, Any]]]:
    values = {"field": condition.field, "text": condition.text} | _values(condition)
    if condition.comparison in ("=", "!="):
        text = _any_of(["text", *_values(condition)], "=")
        text = text if condition.comparison == "=" else f"({_any_of(['known'], '=')} and not {text})"
    else:
        text = _any_of([kind for kind in _values(condition) if kind != "flag"], condition.comparison)
    text = _PARAMETER.sub(rf"{{\1_{place}:", text)
    return text, [(f"{name}_{place}", value) for name, value in values.items()]


def _values(condition: FieldCondition) -> dict[str, Any]:
    """What its text reads as, by the part that compares it."""
    found: dict[str, Any] = {}
    if condition.number is not None:
        found["number"] = bits(condition.number)
    if condition.moment is not None:
        found["moment"] = _ms(condition.moment)
    if condition.flag is not None:
        found["flag"] = int(condition.flag)
    return found


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _any_of(kinds: Sequence[str], comparison: str) -> str:
    return f"({' or '.join(queries('choosing')[kind].replace('<=>', comparison) for kind in kinds)})"
