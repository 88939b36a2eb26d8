"""The job's filters."""

from typing import Any

import pytest

from schemas.events.records import CleanRules, FieldRule
from streams.cleaning.filters import compile_filters
from tests.unit.cleaning.batches import cleaned

FIELDS = {
    "price": FieldRule(type="price"),
    "rating": FieldRule(type="number"),
    "category": FieldRule(),
    "added": FieldRule(type="date"),
    "tags": FieldRule(type="list"),
    "size": FieldRule(),
    "min_age": FieldRule(type="number"),
}


def passes(data: dict[str, Any], **filters: Any) -> bool:
    return all(wanted(data) for wanted in compile_filters(CleanRules(fields=FIELDS, filters=filters)))


@pytest.mark.parametrize(
    ("data", "filters", "wanted"),
    [
        ({"price": 10.0}, {"min_price": 10}, True),
        ({"price": 9.99}, {"min_price": 10}, False),
        ({"price": 9.99}, {"min_price": "£9.50"}, True),
        ({"price": 20.0}, {"min_price": 10, "max_price": 20}, True),
        ({"price": 20.01}, {"min_price": 10, "max_price": 20}, False),
        ({"price": 15.0}, {"price": {"min": 10, "max": 20}}, True),
        ({"price": 25.0}, {"price": {"min": 10, "max": 20}}, False),
        ({}, {"min_price": 0}, False),
        ({"price": 5.0}, {"min_price": "cheap"}, False),
        ({"price": 5.0}, {"max_price": None}, False),
        ({"added": "2024-05-01T00:00:00.500000Z"}, {"min_added": "2024-05-01"}, True),
        ({"added": "2024-04-30T23:59:59Z"}, {"min_added": "2024-05-01"}, False),
        ({"added": "2024-04-30T23:59:59Z"}, {"max_added": "1 May 2024"}, True),
        ({"size": "about 12 cm"}, {"min_size": 10}, True),
        ({"size": "large"}, {"min_size": 10}, False),
        ({"category": "Books"}, {"category": "books"}, True),
        ({"category": "Books"}, {"category": ["Toys", " BOOKS "]}, True),
        ({"category": "Books"}, {"categories": ["toys", "books"]}, True),
        ({"category": "Games"}, {"categories": ["toys", "books"]}, False),
        ({"category": "Games"}, {"categories": []}, False),
        ({}, {"categories": ["toys"]}, False),
        ({"tags": ["New", "Sale"]}, {"tags": "sale"}, True),
        ({"tags": ["New"]}, {"tags": ["sale", "old"]}, False),
        ({"rating": 4.0}, {"rating": [4, 5]}, True),
        ({"rating": 4.0}, {"rating": "4"}, True),
        ({"size": "4"}, {"size": 4}, True),
        ({"size": "nan"}, {"size": "nan"}, True),
        ({"stock": True}, {"stock": "TRUE"}, True),
        ({"stock": True}, {"stock": 1}, False),
        ({"min_age": 3.0}, {"min_age": 3}, True),
        ({"min_age": 12.0}, {"min_age": 3}, False),
        ({"brand": "Acme"}, {"brands": ["acme"]}, True),
        ({"brands": "Acme"}, {"brands": ["acme"]}, True),
        ({"city": "Rome"}, {"cities": ["rome"]}, True),
        ({"box": "a"}, {"boxes": "a"}, True),
        ({"x": 5}, {"min_x": 4}, True),
        ({"x": 5}, {"unknown": 4}, False),
        ({"x": {"a": 1}}, {"x": 4}, False),
        ({"x": 1}, {}, True),
    ],
)
def test_filter(data: dict[str, Any], filters: dict[str, Any], wanted: bool) -> None:
    assert passes(data, **filters) is wanted


def test_what_is_filtered_is_counted_and_no_letter_is_written() -> None:
    records = [{"price": f"£{pounds}.00"} for pounds in range(10)]
    result = cleaned(records, {"price": FIELDS["price"]}, filters={"min_price": 4})
    assert (result.batch.counted_in, len(result.batch.records), result.batch.filtered) == (10, 6, 4)
    assert result.rejects == []


def test_a_record_that_lacks_what_is_required_is_rejected_before_it_is_filtered() -> None:
    fields = {"sku": FieldRule(required=True), "price": FIELDS["price"]}
    result = cleaned([{"price": "£1.00"}], fields, filters={"min_price": 4})
    assert (result.batch.rejected, result.batch.filtered) == (1, 0)
