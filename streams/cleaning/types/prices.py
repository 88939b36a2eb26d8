"""Prices: an amount and the currency it is written with."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from price_parser import Price as Parsed

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.numbers import finite
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import tidy

_LONGEST = 300
# The commonest ways to write a price, read at once. The table in the tests holds them to what price-parser says.
_SIMPLE = re.compile(r"([£$€])?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})\.([0-9]{2})", re.ASCII).fullmatch


class Price(NamedTuple):
    """`currency` is the sign or code as written (`£`, `EUR`), None where there is none: `$` names many currencies."""

    amount: float
    currency: str | None


def to_price(value: Any, page: Page) -> Price | None:
    """The first price of a text, as price-parser reads it; the same text is read once.

    Three digits behind the only separator part thousands, whichever it is (`1.299` and `1,299` are 1299), as prices
    have two decimals or none; "free" is 0; a sign before it is not part of a price.
    """
    if isinstance(value, str):
        return _written(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Price(finite(value), None)
    raise UnreadableValueError(f"{type(value).__name__} is not a price.")


@lru_cache(maxsize=16_384)
def _written(raw: str) -> Price | None:
    found = _SIMPLE(raw)
    if found:
        return Price(float(f"{found[2].replace(',', '')}.{found[3]}"), found[1])
    return parsed(raw)


@lru_cache(maxsize=16_384)
def parsed(raw: str, mark: str | None = None) -> Price | None:
    """A price by price-parser; `mark` is the decimal mark where the job names it. None for no text.
    UnreadableValueError for a text without a price."""
    text = tidy(raw)
    if not text:
        return None
    if len(text) > _LONGEST:
        raise UnreadableValueError(f"a text of {len(text)} characters is not a price.")
    try:
        price = Parsed.fromstring(text, decimal_separator=mark)
    except (ValueError, ArithmeticError) as problem:
        raise UnreadableValueError(f"{text[:60]!r} is not a price.") from problem
    if price.amount is None:
        raise UnreadableValueError(f"{text[:60]!r} holds no price.")
    return Price(finite(float(price.amount)), price.currency)
