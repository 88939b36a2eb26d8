"""Whole numbers beyond 64 bits: the reader makes floating numbers of them, which are others, and nobody would be told.
So they are found, and whoever sent them says them as text."""

import json
import re
from typing import Any

SAID = "A whole number beyond 64 bits cannot be kept as it is; send it as text."

_LONG = re.compile(rb"[0-9]{19}").search
_LEAST, _MOST = -(2**63), 2**64 - 1


class _Beyond:
    """One of them, where it stands."""


def beyond(content: bytes) -> str | None:
    """The dotted place of the first one in JSON that has been read already, and is no deeper than may be; None where
    there is none. Empty for the whole."""
    if not _LONG(content):
        return None
    waiting: list[tuple[Any, str]] = [(json.loads(content, parse_int=_whole), "")]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, _Beyond):
            return place
        if isinstance(value, dict | list):
            children = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(child, f"{place}.{name}" if place else str(name)) for name, child in children]
    return None


def _whole(digits: str) -> object:
    """Without reading thousands of digits."""
    return int(digits) if len(digits) <= 20 and _LEAST <= int(digits) <= _MOST else _Beyond()
