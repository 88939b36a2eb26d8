"""Objects, and lists of them: each of their fields is cleaned by its own rule."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.events.records import FieldRule
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.lists import MAX_ENTRIES
from streams.cleaning.types.page import Page
from streams.cleaning.types.prices import Price
from streams.cleaning.types.texts import tidy
from streams.cleaning.types.untyped import to_json

Converter = Callable[[Any, Page], Any]


def to_object(value: Any, page: Page) -> Any:
    """An object or list as JSON has it, its texts tidied; anything else is refused."""
    if isinstance(value, dict | list):
        return to_json(value)
    if isinstance(value, str) and not tidy(value):
        return None
    raise UnreadableValueError(f"{type(value).__name__} is not an object.")


def object_by(fields: Mapping[str, FieldRule], converters: Mapping[str, Converter]) -> Converter:
    """Cleans an object as a record is cleaned: what is of another type is left out, names without a rule are kept, a
    price has its currency beside it. An object that lacks a required field is none: None, or left out of its list."""

    def convert(value: Any, page: Page) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            raise UnreadableValueError(f"{type(value).__name__} is not an object.")
        data: dict[str, Any] = {}
        for name, rule in fields.items():
            clean = _converted(value.get(name), converters[name], page)
            if clean is None and rule.default is not None and value.get(name) is None:
                clean = _converted(rule.default, converters[name], page)
            if clean is None:
                if rule.required:
                    return None
            elif isinstance(clean, Price):
                data[name] = clean.amount
                if clean.currency and f"{name}_currency" not in fields:
                    data[f"{name}_currency"] = clean.currency
            else:
                data[name] = clean
        others = to_json({name: part for name, part in value.items() if name not in fields})
        return {**(others or {}), **data} or None

    return convert


def list_by(fields: Mapping[str, FieldRule], converters: Mapping[str, Converter]) -> Converter:
    """The same for each entry of a list; a single object is a list of one."""
    one = object_by(fields, converters)

    def convert(value: Any, page: Page) -> list[dict[str, Any]] | None:
        entries = value if isinstance(value, list) else [value]
        if len(entries) > MAX_ENTRIES:
            raise UnreadableValueError(f"a list of {len(entries)} entries is longer than {MAX_ENTRIES}.")
        return [clean for entry in entries if entry is not None and (clean := one(entry, page)) is not None] or None

    return convert


def _converted(value: Any, convert: Converter, page: Page) -> Any:
    if value is None:
        return None
    try:
        return convert(value, page)
    except UnreadableValueError:
        return None
