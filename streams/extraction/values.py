"""From a value of JSON to the raw value of a field."""

import re
from typing import Any

from schemas.events.records import FieldType

MAX_NESTING = 30
"""Levels of an object that is kept whole; what is deeper is left out."""

MAX_PARTS = 20_000
"""Parts of one object that is kept whole."""

_LARGEST = 2**63
_SURROGATE = re.compile("[\ud800-\udfff]")
_SAYS: dict[FieldType, tuple[str, ...]] = {
    "url": ("url", "@id"),
    "image": ("contentUrl", "url", "@id"),
    "price": ("price", "lowPrice", "value"),
    "number": ("value", "@value"),
}


def raw_value(value: Any, kind: FieldType) -> Any:
    """What a field of that type keeps: strings, numbers and truths as they are; an object by what stands for it (its
    `name`; for an address its `url`, for a price its `price` with its `priceCurrency`), a list by its first value;
    None where nothing is said. Type object keeps it whole."""
    if isinstance(value, str):
        return storable(value) if value and not value.isspace() else None
    if kind == "object":
        return _whole(value, 0, [MAX_PARTS]) if isinstance(value, dict | list) and value else None
    for _ in range(MAX_NESTING):
        if isinstance(value, list):
            value = next((part for part in value if part not in (None, "", [], {})), None)
        elif isinstance(value, dict):
            names = _SAYS.get(kind, ("name", "@value", "value"))
            currency = value.get("priceCurrency") if kind == "price" else None
            if isinstance(currency, str) and isinstance(value.get("price"), str | int | float):
                return storable(f"{value['price']} {currency[:10]}")
            value = next((value[name] for name in names if value.get(name) not in (None, "")), None)
        else:
            break
    if isinstance(value, str):
        return raw_value(value, "text")
    return _scalar(value)


def as_text(value: Any) -> str:
    """A scalar as text, for regular expressions; nothing of an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def storable(text: str) -> str:
    """Without halves of characters, which JSON can write and UTF-8 cannot."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def size_of(value: Any) -> int:
    """Characters of a raw value, about; for the bound on what one page may give."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(name) + size_of(part) for name, part in value.items())
    if isinstance(value, list):
        return sum(map(size_of, value))
    return 1


def _scalar(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value < _LARGEST:
        return float(value) if abs(value) < 1e300 else None  # no message holds it as a whole number
    return value if isinstance(value, bool | int | float) else None


def _whole(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth > MAX_NESTING:
        return None
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(name)): _whole(part, depth + 1, left) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part, depth + 1, left) for part in value]
    return _scalar(value)
