"""Truths, objects, and lists of objects."""

from typing import Any

import pytest

from schemas.events import FieldRule
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types import converter_of
from streams.cleaning.types.booleans import to_boolean
from streams.cleaning.types.page import Page

PAGE = Page("http://shop.example/")


@pytest.mark.parametrize(
    ("raw", "truth"),
    [("Yes", True), (" no ", False), ("FALSE", False), (1, True), (0.0, False), (True, True), ("✓", True),
     ("https://schema.org/InStock", True), ("http://schema.org/OutOfStock", False), ("Nein", False), (" ", None)],
)  # fmt: skip
def test_truths(raw: Any, truth: bool | None) -> None:
    assert to_boolean(raw, PAGE) is truth


@pytest.mark.parametrize("raw", ["sold out", "maybe", 2, [], "https://shop.example/InStock"])
def test_what_is_neither_is_refused(raw: Any) -> None:
    with pytest.raises(UnreadableValueError):
        to_boolean(raw, PAGE)


OFFER = {
    "price": FieldRule(type="price"),
    "shop": FieldRule(required=True),
    "url": FieldRule(type="url"),
    "new": FieldRule(type="boolean", default="yes"),
    "part": FieldRule(type="object", fields={"weight": FieldRule(type="number")}),
}


def test_each_field_of_each_object_is_cleaned_by_its_own_rule() -> None:
    raw = [
        {"price": "£1,234.50", "shop": " A  B ", "url": "/x", "part": {"weight": "2,5 kg"}, "more": ["y "]},
        {"price": "free of charge?", "shop": "C", "new": "no"},
        {"price": "£1", "shop": " "},
        None,
    ]
    assert converter_of(FieldRule(type="list", fields=OFFER))(raw, PAGE) == [
        {"price": 1234.5, "price_currency": "£", "shop": "A B", "url": "http://shop.example/x", "new": True,
         "part": {"weight": 2.5}, "more": ["y"]},
        {"price": 0.0, "shop": "C", "new": False},
    ]  # fmt: skip


def test_an_object_without_what_it_must_have_is_none() -> None:
    convert = converter_of(FieldRule(type="object", fields=OFFER))
    assert convert({"price": "£1"}, PAGE) is None
    with pytest.raises(UnreadableValueError):
        convert("text", PAGE)


def test_an_object_without_rules_is_kept_as_json() -> None:
    convert = converter_of(FieldRule(type="object"))
    assert convert({"a": [1, " x "], "b": None, "c": {}}, PAGE) == {"a": [1, "x"]}
    with pytest.raises(UnreadableValueError):
        convert("text", PAGE)
