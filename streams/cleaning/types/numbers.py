"""Numbers as they are written around the world."""

import math
import re
from typing import Any

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import tidy

_LONGEST = 1000
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII).fullmatch
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w.,])[-+\u2212])?"
    r"(?P<digits>\d+(?:[.,'’\s]\d+)*|(?<![\d])[.,]\d+)"
    r"(?P<power>[eE][-+]?\d{1,3}(?!\w))?"
    r"(?P<unit>(?:bn|[kKMB])(?!\w))?"
)
_PIECES = re.compile(r"([.,'’\s])")
_UNITS = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "bn": 1e9}
_ARABIC = str.maketrans({"\u066b": ".", "\u066c": ",", "\uff0e": ".", "\uff0c": ","})


def to_number(value: Any, page: Page) -> float | None:
    """The first number of a text, as a float.

    `1,234.5`, `1.234,5`, `1 234,5`, `1'234.5` and `12,34,567.8` are read by their form: of two different separators
    the last is the decimal one. A single comma before exactly three digits parts thousands (`1,234`), else it is
    decimal (`4,5`, `0,125`); a single point is always decimal. `1.2k`, `3M`, `2bn` are multiplied out, `45%` is 45,
    `4.5 out of 5` is 4.5. What is written like a number but is none (`1.2.3`, `12.05.2024`) is refused, and so are
    NaN and infinity.
    """
    if isinstance(value, str):
        if _PLAIN(value):
            return float(value)
        text = tidy(value)
        return _parsed(text) if text else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return finite(value)
    raise UnreadableValueError(f"{type(value).__name__} is not a number.")


def finite(value: float) -> float:
    """The value as a float. Raises UnreadableValueError for NaN, infinity and what no float can hold."""
    try:
        number = float(value)
    except OverflowError as problem:
        raise UnreadableValueError("the number is too large.") from problem
    if not math.isfinite(number):
        raise UnreadableValueError("NaN and infinity are not numbers that can be stored.")
    return number


def _parsed(text: str) -> float:
    if len(text) > _LONGEST:
        raise UnreadableValueError(f"a text of {len(text)} characters is not a number.")
    found = _NUMBER.search(text.translate(_ARABIC) if not text.isascii() else text)
    if found is None:
        raise UnreadableValueError(f"{text[:60]!r} holds no number.")
    number = _read(found["digits"], found["power"] or "")
    if number is None:
        raise UnreadableValueError(f"{text[:60]!r} is not written like a number.")
    number *= _UNITS.get(found["unit"] or "", 1.0)
    return finite(-number if found["sign"] in ("-", "\u2212") else number)


def _read(digits: str, power: str) -> float | None:
    """Digits with single separators between them; None where they contradict every way to write numbers."""
    pieces = _PIECES.split(digits)
    groups, separators = pieces[::2], ["'" if mark == "’" else mark for mark in pieces[1::2]]
    groups, separators = _one_number(groups, separators)
    whole, fraction = groups, ""
    if separators and _last_is_decimal(groups, separators):
        whole, fraction = groups[:-1], groups[-1]
        separators = separators[:-1]
    if len(set(separators)) > 1 or (separators and not _is_grouped(whole)):
        return None
    return float(f"{''.join(whole) or '0'}.{fraction or '0'}{power}")


def _one_number(groups: list[str], separators: list[str]) -> tuple[list[str], list[str]]:
    """Blanks part thousands only before exactly three digits; elsewhere they end the number (`4 12`)."""
    for place, mark in enumerate(separators):
        if mark in (" ", "'") and not (len(groups[place + 1]) == 3 and len(groups[0]) <= 3):
            return groups[: place + 1], separators[:place]
    return groups, separators


def _last_is_decimal(groups: list[str], separators: list[str]) -> bool:
    last = separators[-1]
    if last not in (".", ","):
        return False
    if separators.count(last) > 1:
        return False
    if len(separators) > 1 or last == ".":
        return True
    return not (len(groups[-1]) == 3 and 1 <= len(groups[0]) <= 3 and groups[0] != "0")


def _is_grouped(whole: list[str]) -> bool:
    """1,234,567 as most write it, 12,34,567 as India does."""
    sizes = [len(group) for group in whole]
    if not 1 <= sizes[0] <= 3 or sizes[-1] != 3:
        return False
    return all(size == 3 for size in sizes[1:]) or (sizes[0] <= 2 and all(size == 2 for size in sizes[1:-1]))
