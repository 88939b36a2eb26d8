"""One file per type of field: how whatever a page says becomes a value of that type."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.events.records import FieldType
from streams.cleaning.types.dates import to_date
from streams.cleaning.types.lists import to_list
from streams.cleaning.types.numbers import to_number
from streams.cleaning.types.page import Page
from streams.cleaning.types.prices import to_price
from streams.cleaning.types.texts import to_text
from streams.cleaning.types.urls import to_url

Converter = Callable[[Any, Page], Any]
"""(raw value, its page) → the clean value, or None for a blank one. Raises UnreadableValueError."""

CONVERTERS: Mapping[FieldType, Converter] = {
    "text": to_text,
    "number": to_number,
    "price": to_price,
    "date": to_date,
    "url": to_url,
    "list": to_list,
}
"""Every type's converter; `price` gives a Price, of which the record keeps the amount and beside it the currency."""
