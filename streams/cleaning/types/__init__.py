"""One file per type of field: how whatever a page says becomes a value of that type."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.events.records import FieldRule, FieldType
from streams.cleaning.types.booleans import to_boolean
from streams.cleaning.types.dates import to_date
from streams.cleaning.types.lists import to_list
from streams.cleaning.types.markup import to_html, to_markdown
from streams.cleaning.types.numbers import to_number
from streams.cleaning.types.objects import list_by, object_by, to_object
from streams.cleaning.types.page import Page
from streams.cleaning.types.prices import to_price
from streams.cleaning.types.texts import to_text
from streams.cleaning.types.urls import to_url

Converter = Callable[[Any, Page], Any]
"""(raw value, its page) → the clean value, or None for a blank one. Raises UnreadableValueError."""

CONVERTERS: Mapping[FieldType, Converter] = {
    "text": to_text,
    "html": to_html,
    "markdown": to_markdown,
    "number": to_number,
    "price": to_price,
    "date": to_date,
    "url": to_url,
    "image": to_url,
    "list": to_list,
    "boolean": to_boolean,
    "object": to_object,
}
"""Every type's converter; `price` gives a Price, of which the record keeps the amount and beside it the currency."""


def converter_of(rule: FieldRule) -> Converter:
    """The converter of a rule: its type's, or where it has fields one that cleans those too."""
    if not rule.fields or rule.type not in ("list", "object"):
        return CONVERTERS[rule.type]
    below = {name: converter_of(part) for name, part in rule.fields.items()}
    return list_by(rule.fields, below) if rule.type == "list" else object_by(rule.fields, below)
