"""The schema of the job description takes what the model takes, short and older forms included."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.job import JobDescription, Options
from tests.unit.schemas.validating import GENERATED, validator

URL = "https://shop.example/"

TAKEN: dict[str, dict[str, Any]] = {
    "urls": {"urls": [URL]},
    "url": {"url": URL},
    "both": {"url": URL, "urls": [URL + "a"]},
    "options": {"url": URL, "options": {"max_depth": 3, "delay": 0, "allow": ["/a/"], "headers": {"Accept": "*/*"}}},
    "a field as a selector": {"url": URL, "extract": {"fields": {"title": "h1::text"}}},
    "a field in full": {"url": URL, "extract": {"fields": {"price": {"css": ".price", "type": "price"}}}},
    "a field named like a word of JSON Schema": {"url": URL, "extract": {"fields": {"title": "h1", "default": "b"}}},
    "one key": {"url": URL, "extract": {"fields": {"sku": "b"}, "key": "sku"}},
    "several keys": {"url": URL, "extract": {"fields": {"sku": "b", "shop": "i"}, "key": ["sku", "shop"]}},
    "selectors": {"url": URL, "selectors": {"title": "h1::text", "price": {"xpath": "//b", "type": "price"}}},
    "config": {"config": {"url": URL, "max_pages": 5, "selectors": {"title": "h1"}}},
    "filters": {"url": URL, "filters": {"max_price": 10, "brand": ["a", "b"]}},
    "nothing said of a name": {"url": URL, "name": None, "dataset": None},
}

REFUSED: dict[str, Any] = {
    "nothing": {},
    "no url": {"name": "x"},
    "no urls": {"urls": []},
    "a member that is not there": {"url": URL, "deep": 3},
    "an option that is not there": {"url": URL, "options": {"depth": 3}},
    "a negative delay": {"url": URL, "options": {"delay": -1}},
    "too many pages": {"url": URL, "options": {"max_pages": 10_000_001}},
    "another scope": {"url": URL, "options": {"scope": "world"}},
    "a field's name": {"url": URL, "extract": {"fields": {"a b": "h1"}}},
    "a field's type": {"url": URL, "extract": {"fields": {"a": {"css": "h1", "type": "money"}}}},
    "a number as selector": {"url": URL, "selectors": {"a": 5}},
    "six keys": {"url": URL, "extract": {"key": list("abcdef")}},
    "a dataset's name": {"url": URL, "dataset": "a/b"},
    "a line end in a header": {"url": URL, "options": {"headers": {"A": "b\r\nC: d"}}},
    "a list": [URL],
}


def schema() -> dict[str, Any]:
    return dict(json.loads((GENERATED / "job.v1.schema.json").read_text()))


def model_takes(job: Any) -> bool:
    try:
        JobDescription.model_validate(job)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("job", TAKEN.values(), ids=TAKEN)
def test_taken_by_model_and_schema_alone_and_in_a_request(job: dict[str, Any]) -> None:
    assert model_takes(job)
    validator("job.v1").validate(job)
    validator("scrape-requests.v1").validate({"job": job})


@pytest.mark.parametrize("job", REFUSED.values(), ids=REFUSED)
def test_refused_by_model_and_schema_alone_and_in_a_request(job: Any) -> None:
    assert not model_takes(job)
    assert not validator("job.v1").is_valid(job)
    assert not validator("scrape-requests.v1").is_valid({"job": job})


def test_the_examples_in_the_schema_keep_it() -> None:
    shown = schema()["examples"]
    assert shown
    for job in shown:
        assert model_takes(job)
        validator("job.v1").validate(job)


def test_every_option_has_its_place_and_most_say_what_they_are() -> None:
    options = schema()["$defs"]["Options"]["properties"]
    assert options.keys() == Options.model_fields.keys()
    assert sum("description" in option for option in options.values()) > len(options) / 2
