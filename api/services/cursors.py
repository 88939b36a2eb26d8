"""Positions in a list, as opaque text: the next page begins after the last thing seen, whatever was added since."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from api.errors import ApiError, invalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list; `next_cursor` is None at its end."""

    items: list[T]
    next_cursor: str | None


def pack(*parts: Any) -> str:
    """A cursor that `unpack` turns into the same parts (text; times become text)."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


def unpack(cursor: str | None, kinds: Sequence[type]) -> list[Any] | None:
    """The parts of a cursor, each of its kind (str, datetime, float by its `hex`, UUID as text); None for none.

    ApiError 422 for text that is not a cursor of this list.
    """
    if not cursor:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        if not isinstance(parts, list) or len(parts) != len(kinds):
            raise ValueError("another list's cursor")
        return [_read(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error, UnicodeError):
        raise foreign() from None


def _read(part: Any, kind: type) -> Any:
    if not isinstance(part, str) or "\x00" in part:
        raise ValueError("not text")
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment
    if kind is float:
        number = float.fromhex(part)
        if isnan(number):
            raise ValueError("no place in an order")
        return number
    return str(UUID(part)) if kind is UUID else part


def foreign() -> ApiError:
    """422 for text that is not a cursor of the list."""
    return invalid("cursor", "This is not a cursor of this list; take `next_cursor` of the page before, unchanged.")


def cut(found: list[T], limit: int, position: Callable[[T], str]) -> Page[T]:
    """A piece of a list, of which one more than `limit` was asked for."""
    more = len(found) > limit
    return Page(found[:limit], position(found[limit - 1]) if more else None)
