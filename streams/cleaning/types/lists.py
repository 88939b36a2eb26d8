"""Lists of texts."""

from typing import Any

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import to_text

MAX_ENTRIES = 10_000
"""Entries of one list at most; a longer one is refused rather than cut."""


def to_list(value: Any, page: Page) -> list[str] | None:
    """Texts, each tidied, blank ones left out; a single value is a list of one."""
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_ENTRIES:
        raise UnreadableValueError(f"a list of {len(entries)} entries is longer than {MAX_ENTRIES}.")
    return [text for entry in entries if entry is not None and (text := to_text(entry, page))] or None
