"""Prices."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_parser import Price as Parsed

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page
from streams.cleaning.types.prices import Price, to_price

PAGE = Page()


@pytest.mark.parametrize(
    ("raw", "price"),
    [
        ("£51.77", (51.77, "£")),
        ("  £51.77\n", (51.77, "£")),
        ("$1,234.50", (1234.5, "$")),
        ("US$ 12.00", (12.0, "US$")),
        ("1.234,56 €", (1234.56, "€")),
        ("35€99", (35.99, "€")),
        ("EUR 1 234,50", (1234.5, "EUR")),
        ("CHF 20.–", (20.0, "CHF")),
        ("1'234.50", (1234.5, None)),
        ("R$ 1.234,56", (1234.56, "R$")),
        ("12 345 678,90 ₽", (12345678.9, "₽")),
        ("₹1,23,456.00", (123456.0, "₹")),
        ("1.299", (1299.0, None)),
        ("1,299", (1299.0, None)),
        ("99,-", (99.0, None)),
        ("From £10 to £20", (10.0, "£")),
        ("Free", (0.0, None)),
        ("12.50", (12.5, None)),
        (12, (12.0, None)),
        (12.5, (12.5, None)),
        ("", None),
        (" \x00", None),
    ],
)
def test_price(raw: Any, price: tuple[float, str | None] | None) -> None:
    assert to_price(raw, PAGE) == (Price(*price) if price else None)


@pytest.mark.parametrize("raw", ["sold out", "50%", "£", True, None, [], {}, float("nan"), 10**400, "£" + "9" * 400])
def test_what_is_no_price(raw: Any) -> None:
    for _ in range(2):  # what is remembered is refused again
        with pytest.raises(UnreadableValueError):
            to_price(raw, PAGE)


def agrees(text: str) -> None:
    """The short way says what price-parser says."""
    parsed = Parsed.fromstring(text)
    found = to_price(text, PAGE)
    assert found is not None
    assert (found.amount, found.currency) == (parsed.amount_float, parsed.currency)


@given(
    st.integers(0, 10**12 - 1),
    st.integers(0, 99),
    st.sampled_from(["", "£", "$", "€"]),
    st.booleans(),
)
def test_the_short_way_agrees_with_price_parser(pounds: int, pence: int, sign: str, grouped: bool) -> None:
    agrees(f"{sign}{pounds:,}.{pence:02d}" if grouped else f"{sign}{pounds}.{pence:02d}")


@pytest.mark.parametrize(
    "text", ["$0.00", "€007.50", "£000.01", "$999,999.99", "€1,000,000.00", "0.10", "£123456789012.34"]
)
def test_the_short_way_agrees_at_its_edges(text: str) -> None:
    agrees(text)


@given(st.text(alphabet="0123456789.,£$€ '%-fre\n", max_size=30))
def test_whatever_is_read_is_what_price_parser_reads(text: str) -> None:
    try:
        found = to_price(text, PAGE)
    except UnreadableValueError:
        return
    if found is not None:
        assert found.amount == Parsed.fromstring(text.strip()).amount_float
