"""Texts and lists."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.lists import MAX_ENTRIES, to_list
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import tidy, to_text

PAGE = Page()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  a   b ", "a b"),
        ("a\n\t\r\nb", "a b"),
        ("a\u00a0b\u2003c\u3000", "a b c"),
        ("a\x00b\x07c\x7f\x9f", "abc"),
        ("\ufeffzero\u200bwidth\u00ad", "zerowidth"),
        ("\u202eabc\u202c", "abc"),
        ("👨\u200d👩\u200d👧 می\u200cخواهم", "👨\u200d👩\u200d👧 می\u200cخواهم"),
        ("\ud800x", "\ufffdx"),
        ("\u0085", None),
        (" \x00 ", None),
        ("", None),
        (12, "12"),
        (12.0, "12"),
        (0.5, "0.5"),
        (1e300, "1e+300"),
        (True, "true"),
        (["a", " b ", "", 3], "a b 3"),
        ([], None),
    ],
)
def test_text(raw: Any, text: str | None) -> None:
    assert to_text(raw, PAGE) == text


@pytest.mark.parametrize("raw", [{}, {"a": 1}, [["a"]], float("nan"), float("-inf")])
def test_what_is_no_text(raw: Any) -> None:
    with pytest.raises(UnreadableValueError):
        to_text(raw, PAGE)


def test_a_number_with_more_digits_than_python_writes_is_no_text() -> None:
    with pytest.raises(UnreadableValueError):
        to_text(10**5000, PAGE)


@given(st.text(alphabet=st.characters()))
def test_tidy_text_is_tidy_and_stays_so(text: str) -> None:
    tidied = tidy(text)
    assert tidied == tidy(tidied) == tidied.strip()
    assert "  " not in tidied
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in tidied)
    tidied.encode()


@pytest.mark.parametrize(
    ("raw", "entries"),
    [
        (["a", " b  c ", "", None, 1], ["a", "b c", "1"]),
        ("one", ["one"]),
        (["", " "], None),
        ([], None),
        (3, ["3"]),
    ],
)
def test_list(raw: Any, entries: list[str] | None) -> None:
    assert to_list(raw, PAGE) == entries


@pytest.mark.parametrize("raw", [[{}], {"a": 1}, ["x"] * (MAX_ENTRIES + 1)])
def test_what_is_no_list_of_texts(raw: Any) -> None:
    with pytest.raises(UnreadableValueError):
        to_list(raw, PAGE)
