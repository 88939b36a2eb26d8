"""What makes two records the same thing."""

from typing import Any

import pytest

from schemas.ids import digest
from streams.cleaning.keys import MAX_KEY, record_key


@pytest.mark.parametrize(
    ("data", "fields", "key"),
    [
        ({"sku": "A|1"}, ["sku"], "A|1"),
        ({"sku": "Ä-1"}, ["sku"], "Ä-1"),
        ({"a": "x|y", "b": "z"}, ["a", "b"], "x\\|y|z"),
        ({"a": "x", "b": "y|z"}, ["a", "b"], "x|y\\|z"),
        ({"b": "y"}, ["a", "b"], "|y"),
        ({"n": 12.0}, ["n"], "12"),
        ({"n": 1.5}, ["n"], "1.5"),
        ({"n": True}, ["n"], "true"),
        ({"l": ["a", "b"]}, ["l"], '["a","b"]'),
        ({"url": "http://x.example/"}, [], "http://x.example/"),
        ({"url": "http://x.example/"}, ["sku"], "http://x.example/"),
        ({"url": 3, "a": 1}, [], digest('{"a":1,"url":3}')),
        ({"b": 2, "a": 1}, [], digest('{"a":1,"b":2}')),
        ({}, [], digest("{}")),
    ],
)
def test_key(data: dict[str, Any], fields: list[str], key: str) -> None:
    assert record_key(data, fields) == key


@pytest.mark.parametrize("value", ["x" * (MAX_KEY + 1), "é" * MAX_KEY])
def test_a_long_key_is_replaced_by_its_hash(value: str) -> None:
    assert record_key({"a": value}, ["a"]) == digest(value)
    assert record_key({"url": value}, []) == digest(value)
