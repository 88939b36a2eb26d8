"""Text: one line, no blanks around, nothing that cannot be seen or stored."""

import math
import re
from typing import Any

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page

# Unicode's control characters but for white space, which collapses below; noncharacters, byte order marks, zero-width
# and direction marks that pages use to lay out. Joiners (U+200C, U+200D) stay: words and emoji are spelt with them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
    "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]+"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def tidy(text: str) -> str:
    """Trimmed, every run of white space one blank, invisible and control characters removed, lone surrogates replaced.

    Soft hyphens go too: they say where a word may be broken, and searching for it would miss it.
    """
    if text.isprintable():  # then the blank is all the white space there is
        text = text.strip(" ")
        return " ".join(text.split()) if "  " in text else text
    return " ".join(_SURROGATE.sub("\ufffd", _UNSEEN.sub("", text)).split())


def to_text(value: Any, page: Page) -> str | None:
    """A string, tidied; numbers and truths are written out, a list is joined with blanks."""
    if isinstance(value, str):
        return tidy(value) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return written(value)
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return " ".join(text for part in value if (text := to_text(part, page))) or None
    raise UnreadableValueError(f"{type(value).__name__} is not text.")


def written(number: int | float) -> str:
    """A number as a person writes it: no `.0` at a whole one."""
    if isinstance(number, float):
        if not math.isfinite(number):
            raise UnreadableValueError("NaN and infinity cannot be stored.")
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number)
    try:
        return str(number)
    except ValueError as problem:  # more digits than Python writes out
        raise UnreadableValueError("the number has too many digits.") from problem
