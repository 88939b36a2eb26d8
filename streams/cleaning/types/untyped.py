"""Values of fields that no rule speaks of: kept as JSON has them, tidied."""

from typing import Any

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.numbers import finite
from streams.cleaning.types.texts import tidy, written

_DEEPEST = 32
_LARGEST = 2**63


def to_json(value: Any, depth: int = 0) -> Any:
    """The value with its texts tidied; blank texts, nulls and empty containers are None, which means absent.

    An integer of more than 64 bits becomes its digits: no store downstream holds it as a number. Raises
    UnreadableValueError for NaN, infinity, and what is nested deeper than 32.
    """
    if isinstance(value, str):
        return tidy(value) or None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else written(value)
    if isinstance(value, float):
        return finite(value)
    if depth == _DEEPEST:
        raise UnreadableValueError(f"it is nested deeper than {_DEEPEST}.")
    if isinstance(value, list):
        return [kept for part in value if (kept := to_json(part, depth + 1)) is not None] or None
    if isinstance(value, dict):
        parts = ((tidy(str(name)), to_json(part, depth + 1)) for name, part in value.items())
        return {name: part for name, part in parts if part is not None} or None
    raise UnreadableValueError(f"{type(value).__name__} is not a value of JSON.")
