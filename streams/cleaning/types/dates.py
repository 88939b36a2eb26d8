"""Dates: one instant in UTC, however a page writes it."""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, NamedTuple

from dateparser.date import DateDataParser

from schemas.moments import zoned
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.numbers import finite
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import tidy

_LONGEST = 100
_MILLISECONDS = 1e11  # an epoch beyond it counts milliseconds: in seconds it would be the year 5138

_ISO = re.compile(r"\d{4}-?(?:\d\d|W\d\d)", re.ASCII).match
_MAIL = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d", re.ASCII).match
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII).fullmatch
_ENGLISH = re.compile(
    r"(?:[A-Za-z]{3,9},? )?"
    r"(?:(\d{1,2})(?:st|nd|rd|th)? ([A-Za-z]{3,9})\.?,?|([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,?) (\d{4})",
    re.ASCII,
).fullmatch
_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
_MONTH = {name[:size]: place for place, name in enumerate(_MONTHS, 1) for size in (3, len(name))} | {"sept": 9}

_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)", re.ASCII).search
_DATELIKE = re.compile(r"[^\W\d_]|\d[/.-]\d+[/.-]\d").search
_LANGUAGES = [
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "tr", "sv", "da", "nb", "fi", "cs", "ro", "hu", "el",
    "ja", "zh", "ko", "ar", "he", "hi", "id", "vi", "th",
]  # fmt: skip
_SETTINGS = {"TIMEZONE": "UTC", "TO_TIMEZONE": "UTC", "RETURN_AS_TIMEZONE_AWARE": True}


def to_date(value: Any, page: Page) -> str | None:
    """An instant as RFC 3339 in UTC (`2024-05-01T00:00:00Z`); a date without a time is its midnight.

    Read in this order: ISO 8601, the dates of mail and feeds (RFC 2822), `5.11.2024` (day first wherever points are
    used), English dates with the month's name, then dateparser in 28 languages, the month first where nothing tells
    (`05/11/2024` is the 11th of May). What names no year ("yesterday", "3 May") counts from the visit of the page,
    never from the clock, so that the same batch is cleaned alike at any time. A number is seconds since 1970, or
    milliseconds when it is large.
    """
    if isinstance(value, str):
        text = tidy(value)
        if not text:
            return None
        if len(text) > _LONGEST:
            raise UnreadableValueError(f"a text of {len(text)} characters is not a date.")
        found = _said(text, "" if _YEAR(text) else page.fetched_at)
        if found.problem:
            raise UnreadableValueError(found.problem)
        return found.instant
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(finite(value))
    raise UnreadableValueError(f"{type(value).__name__} is not a date.")


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC; a moment without a zone is taken for UTC, fractions of a second only where there are any."""
    return zoned(moment).astimezone(UTC).isoformat().replace("+00:00", "Z")


class _Said(NamedTuple):
    instant: str = ""
    problem: str = ""


@lru_cache(maxsize=16_384)
def _said(text: str, relative_to: str) -> _Said:
    """Also remembers what is no date: dateparser takes some milliseconds to find that out."""
    try:
        moment = _written(text) or _guessed(text, relative_to)
        return _Said(instant(moment)) if moment else _Said(problem=f"{text!r} is not a date.")
    except (ValueError, OverflowError) as problem:
        return _Said(problem=f"{text!r} is not a date: {problem}.")


def _written(text: str) -> datetime | None:
    """The forms that need no guessing."""
    if _ISO(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    if _MAIL(text):
        return parsedate_to_datetime(text)
    if found := _DOTTED(text):
        return _midnight(found[3], found[2], found[1])
    if found := _ENGLISH(text):
        month = _MONTH.get((found[2] or found[3]).lower())
        return _midnight(found[5], str(month), found[1] or found[4]) if month else None
    return None


def _midnight(year: str, month: str, day: str) -> datetime:
    on = date(int(year), int(month), int(day))
    return datetime(on.year, on.month, on.day, tzinfo=UTC)


def _guessed(text: str, relative_to: str) -> datetime | None:
    year_known = _YEAR(text) is not None
    if not year_known and (not relative_to or not _DATELIKE(text)):
        return None
    found: datetime | None = _parser(relative_to).get_date_data(text).date_obj
    return found


@lru_cache(maxsize=64)
def _parser(relative_to: str) -> DateDataParser:
    """dateparser with its clock stopped. With a year in the text, what is missing is the first (May 2024: the 1st)."""
    if relative_to:
        base = datetime.fromisoformat(relative_to)
        settings: dict[str, Any] = {"RELATIVE_BASE": base.astimezone(UTC).replace(tzinfo=None)}
    else:
        settings = {
            "RELATIVE_BASE": datetime(2000, 1, 1),
            "PREFER_DAY_OF_MONTH": "first",
            "PREFER_MONTH_OF_YEAR": "first",
        }
    return DateDataParser(languages=_LANGUAGES, use_given_order=True, settings=_SETTINGS | settings)


def _epoch(seconds: float) -> str:
    if abs(seconds) > _MILLISECONDS:
        seconds /= 1000
    try:
        return instant(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError) as problem:
        raise UnreadableValueError(f"{seconds:g} seconds since 1970 is not a date.") from problem
