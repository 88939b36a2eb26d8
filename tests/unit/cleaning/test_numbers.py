"""Numbers as they are written around the world."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.numbers import to_number
from streams.cleaning.types.page import Page

PAGE = Page()


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("12", 12),
        ("-12.5", -12.5),
        ("\u221212,5", -12.5),
        ("+3", 3),
        ("007", 7),
        (".5", 0.5),
        (",5", 0.5),
        ("12.", 12),
        ("12,", 12),
        # thousands and decimals, by form
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567.89", 1234567.89),
        ("1.234.567,89", 1234567.89),
        ("12,34,567.8", 1234567.8),
        ("1,00,000", 100000),
        ("1 234 567,8", 1234567.8),
        ("1\u00a0234,5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1'234.50", 1234.5),
        ("1’234’567", 1234567),
        ("1,234", 1234),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1.234", 1.234),
        ("0,125", 0.125),
        ("1234,567", 1234.567),
        ("4,5", 4.5),
        ("4,56", 4.56),
        ("4,5678", 4.5678),
        # with words around
        ("4.5 out of 5", 4.5),
        ("(1,204 reviews)", 1204),
        ("Rating: 4,5/5", 4.5),
        ("45%", 45),
        ("SKU-12", 12),
        ("10-20", 10),
        ("4 12", 4),
        ("3, 4", 3),
        ("1 23", 1),
        ("$-5", -5),
        # powers and units
        ("1.5e3", 1500),
        ("2E-2", 0.02),
        ("1.2k views", 1200),
        ("3M", 3_000_000),
        ("2bn", 2e9),
        ("5 km", 5),
        ("5kg", 5),
        ("5m", 5),
        # other digits
        ("٣٤٫٥", 34.5),
        ("١٬٢٣٤", 1234),
        ("１２．５", 12.5),
        # already numbers
        (3, 3),
        (2.5, 2.5),
        (" ", None),
        ("", None),
    ],
)
def test_number(raw: Any, number: float | None) -> None:
    found = to_number(raw, PAGE)
    assert found == pytest.approx(number) if number is not None else found is None
    assert found is None or type(found) is float


@pytest.mark.parametrize(
    "raw",
    ["abc", "NaN", "inf", "Infinity", "1.2.3", "12.05.2024", "1,23.45", "1,2,3", "1.234,567,8", "9" * 400, "1e999",
     "1" * 2000, True, None, [], {}, ["1"], float("nan"), float("inf"), 10**400],
)  # fmt: skip
def test_what_is_no_number(raw: Any) -> None:
    with pytest.raises(UnreadableValueError):
        to_number(raw, PAGE)


@given(
    st.floats(min_value=-1e14, max_value=1e14, allow_nan=False), st.sampled_from([",.", ".,", " ,", "'.", "\u00a0,"])
)
def test_every_amount_reads_back_from_every_locale(amount: float, marks: str) -> None:
    thousands, decimal = marks[0], marks[1]
    written = f"{amount:,.2f}".translate(str.maketrans(",.", thousands + decimal))
    assert to_number(f"about {written} pieces", PAGE) == pytest.approx(round(amount, 2))


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        found = to_number(text, PAGE)
    except UnreadableValueError:
        return
    assert found is None or type(found) is float
