"""Dates."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.dates import _guessed, instant, to_date
from streams.cleaning.types.page import Page

PAGE = Page("http://shop.example/", "2024-05-15T12:30:15Z")  # a Wednesday
NOWHEN = Page("http://shop.example/")


@pytest.mark.parametrize(
    ("raw", "date"),
    [
        # ISO 8601
        ("2024-05-01", "2024-05-01T00:00:00Z"),
        ("2024-05-01T10:20:30Z", "2024-05-01T10:20:30Z"),
        ("2024-05-01 10:20", "2024-05-01T10:20:00Z"),
        ("2024-05-01T10:20:30.250+02:00", "2024-05-01T08:20:30.250000Z"),
        ("20240501", "2024-05-01T00:00:00Z"),
        ("2024-W18-3", "2024-05-01T00:00:00Z"),
        # mail and feeds
        ("Tue, 05 Nov 2024 10:00:00 GMT", "2024-11-05T10:00:00Z"),
        ("Tue, 5 Nov 2024 10:00 -0500", "2024-11-05T15:00:00Z"),
        # points
        ("5.11.2024", "2024-11-05T00:00:00Z"),
        ("05. 11. 2024", "2024-11-05T00:00:00Z"),
        # English
        ("5 May 2024", "2024-05-05T00:00:00Z"),
        ("May 5, 2024", "2024-05-05T00:00:00Z"),
        ("Sunday, 5 May 2024", "2024-05-05T00:00:00Z"),
        ("Nov. 5th, 2024", "2024-11-05T00:00:00Z"),
        ("3rd Sept 2024", "2024-09-03T00:00:00Z"),
        ("Nov 5, 2024 10:30 PM", "2024-11-05T22:30:00Z"),
        ("5 May 2024 10:00 +02:00", "2024-05-05T08:00:00Z"),
        ("2024-11-05 10:00 PST", "2024-11-05T18:00:00Z"),
        # other languages
        ("5. November 2024", "2024-11-05T00:00:00Z"),
        ("le 5 novembre 2024", "2024-11-05T00:00:00Z"),
        ("5 de noviembre de 2024", "2024-11-05T00:00:00Z"),
        ("5 ноября 2024", "2024-11-05T00:00:00Z"),
        ("2024年11月5日", "2024-11-05T00:00:00Z"),
        # slashes: month first unless it cannot be
        ("05/11/2024", "2024-05-11T00:00:00Z"),
        ("13/11/2024", "2024-11-13T00:00:00Z"),
        ("2024/11/05", "2024-11-05T00:00:00Z"),
        # parts
        ("May 2024", "2024-05-01T00:00:00Z"),
        ("2024", "2024-01-01T00:00:00Z"),
        # relative to the visit
        ("yesterday", "2024-05-14T12:30:15Z"),
        ("2 hours ago", "2024-05-15T10:30:15Z"),
        ("vor 2 Tagen", "2024-05-13T12:30:15Z"),
        ("Monday", "2024-05-13T00:00:00Z"),
        ("3 May", "2024-05-03T00:00:00Z"),
        # epochs
        (1700000000, "2023-11-14T22:13:20Z"),
        (1700000000000, "2023-11-14T22:13:20Z"),
        (0.5, "1970-01-01T00:00:00.500000Z"),
        ("", None),
        ("\u200b \n", None),
    ],
)
def test_date(raw: Any, date: str | None) -> None:
    for _ in range(2):
        assert to_date(raw, PAGE) == date


@pytest.mark.parametrize(
    "raw",
    ["soon", "£12.00", "12", "10:30", "2024-13-45", "31.02.2024", "30 February 2024", "0001-01-01T00:00:00+14:00",
     "x" * 200, True, [], {}, float("nan"), 10**30, -(10**18)],
)  # fmt: skip
def test_what_is_no_date(raw: Any) -> None:
    for _ in range(2):
        with pytest.raises(UnreadableValueError):
            to_date(raw, PAGE)


def test_without_a_visit_nothing_is_relative() -> None:
    for raw in ("yesterday", "3 May", "Monday"):
        with pytest.raises(UnreadableValueError):
            to_date(raw, NOWHEN)
    assert to_date("3 May 2023", NOWHEN) == "2023-05-03T00:00:00Z"


def test_the_visit_decides_and_not_the_clock() -> None:
    later = Page("", "2031-01-02T00:00:00+00:00")
    assert to_date("yesterday", later) == "2031-01-01T00:00:00Z"
    assert to_date("yesterday", PAGE) == "2024-05-14T12:30:15Z"


@pytest.mark.parametrize("name", ["Jan", "February", "Mar", "April", "May", "June", "Jul", "August", "Sept", "Oct"])
@pytest.mark.parametrize("form", ["{day} {name} {year}", "{name} {day}, {year}", "{name}. {day} {year}"])
def test_the_short_way_agrees_with_dateparser(form: str, name: str) -> None:
    for day in (1, 9, 28):
        text = form.format(day=day, name=name, year=2023)
        guessed = _guessed(text, "")
        assert guessed is not None
        assert to_date(text, PAGE) == instant(guessed)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_every_iso_instant_reads_back(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    date = to_date(zoned.isoformat(), NOWHEN)
    assert date is not None
    assert date.endswith("Z")
    assert datetime.fromisoformat(date) == zoned.astimezone(UTC)
