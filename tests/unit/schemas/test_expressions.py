"""The language of computed fields."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.expressions import MAX_LENGTH, ExpressionError, parse

RECORD: dict[str, Any] = {
    "price": 10.0, "vat": 19, "brand": "Acme", "name": "Kettle", "tags": ["a", "b"], "new": True, "empty": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("price * (1 + vat / 100)", 11.9),
        ("round(price / 3, 2)", 3.33),
        ("2 + 3 * 4 - 6 / 2", 11.0),
        ("10 - 4 - 3", 3.0),
        ("-price + 1", -9.0),
        ("2 * -3", -6.0),
        ("7 % 4", 3.0),
        ('upper(brand) + " " + name', "ACME Kettle"),
        ("name + ' ' + vat", "Kettle 19"),
        ("price > 5 and new", True),
        ("not new or price == 10", True),
        ("if(price >= 100, 'dear', 'cheap')", "cheap"),
        ("missing + 1", None),
        ("missing > 1", None),
        ("coalesce(missing, brand)", "Acme"),
        ("missing == null", True),
        ("join(tags, ', ')", "a, b"),
        ("length(tags) + length(name)", 8.0),
        ("replace(name, 'K', 'N')", "Nettle"),
        ("contains(lower(name), 'kett')", True),
        ("number('4.5') * 2", 9.0),
        ("min(price, vat, 12)", 10.0),
    ],
)
def test_what_expressions_say(source: str, value: Any) -> None:
    assert parse(source)(RECORD) == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "at character 1: expected a field"),
        ("price **2", "at character 8: expected a field, a number, a text or a function, not '*'"),
        ("price price", "expected an operator or the end, not 'price'"),
        ("__import__('os')", "there is no function '__import__'; there are abs"),
        ("price.real", "'.' has no meaning here"),
        ("tags[0]", "'[' has no meaning here"),
        ("round()", "round takes 1 to 2 values"),
        ("(price", "expected ')'"),
        ("'open", "has no meaning here"),
        ("(" * 200, "nested deeper"),
        ("-" * 200 + "1", "nested deeper"),
        ("1 +\n\n 1 \n$", "has no meaning here"),
        ("1" + "+1" * MAX_LENGTH, f"at most {MAX_LENGTH} characters"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(source: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(source)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "source", ["brand * 2", "price / 0", "brand < 3", "tags + 'x'", "abs(name)", "number('1e308') * 100"]
)
def test_what_does_not_fit_together_raises(source: str) -> None:
    with pytest.raises(ExpressionError):
        parse(source)(RECORD)


def test_a_text_cannot_grow_without_end() -> None:
    grow = parse(
        "replace(" * 4 + "name" + ", '', '')" * 0 + ", 'e', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee')" * 4
    )
    with pytest.raises(ExpressionError, match="longer than"):
        grow(RECORD)


@settings(max_examples=300)
@given(st.text(alphabet="ab()+-*/<>=!,'\" 12andortif", max_size=60))
def test_any_text_is_read_or_refused(source: str) -> None:
    with suppress(ExpressionError):
        parse(source)({"a": 1, "b": "x"})
