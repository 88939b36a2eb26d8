"""Truths."""

from typing import Any

from schemas.yes_no import yes_or_no
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import tidy


def to_boolean(value: Any, page: Page) -> bool | None:
    """True and false by their words in some languages, 1 and 0, ticks and crosses, schema.org's availability; any
    other text is refused rather than guessed at (`sold out` is a yes to one question and a no to another)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        text = tidy(value)
        if not text:
            return None
        said = yes_or_no(text)
        if said is None:
            raise UnreadableValueError(f"{text[:60]!r} is neither yes nor no.")
        return said
    raise UnreadableValueError(f"{type(value).__name__} is neither yes nor no.")
