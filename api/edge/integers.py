"""Whole numbers beyond 64 bits: the reader makes floating numbers of them, which are others, and nobody would be told.
So they are found, and whoever sent them says them as text."""

import json
import re
from collections.abc import Callable
from typing import Any

from api.edge.walking import dotted, walked

SAID = "A whole number beyond 64 bits cannot be kept as it is; send it as text."

_LONG = re.compile(rb"[0-9]{19}").search
_LEAST, _MOST = -(2**63), 2**64 - 1


class _Beyond:
    """One of them, where it stands."""


def whole(body: Any) -> Any:
    """A body as it came, where it has no frame to look into."""
    return body


def beyond(content: bytes, look: Callable[[Any], Any] = whole) -> str | None:
    """The dotted place of the first one in JSON that has been read already, and is no deeper than may be, or in the
    part of it that `look` finds; None where there is none. Empty for the whole."""
    if not _LONG(content):
        return None
    names: list[str] = []
    for value in walked(look(json.loads(content, parse_int=_whole)), names, _Beyond):
        if isinstance(value, _Beyond):
            return dotted(names)
    return None


def _whole(digits: str) -> object:
    """Without reading thousands of digits."""
    return int(digits) if len(digits) <= 20 and _LEAST <= int(digits) <= _MOST else _Beyond()
