"""docs/extraction.md tells the truth: each of its examples is run."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from schemas.events.records import FieldType
from schemas.job import JobDescription
from schemas.job.extract import AutoField, Finding
from streams.cleaning.cleaner import clean
from streams.extraction.batches import batches_of, clean_rules
from streams.extraction.document import read
from streams.extraction.rules import Rules, check
from tests.unit.extraction.pages import fetched

TEXT = (Path(__file__).parents[3] / "docs" / "extraction.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PAGE = next(text for kind, text in BLOCKS if kind == "html")
EXAMPLES = [said for kind, text in BLOCKS if kind == "json" and "records" in (said := json.loads(text))]


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(number) for number in range(len(EXAMPLES))])
def test_an_example_gives_what_it_says(example: dict[str, Any]) -> None:
    job = JobDescription.model_validate({"url": "http://shop.example/", "extract": example["extract"]})
    assert check(job.extract) == []
    visit = fetched(example.get("page", PAGE), url="http://shop.example/lamp")
    raw = Rules(job.extract).extract(read(visit))
    made = [clean(batch).batch for batch in batches_of(visit, raw, clean_rules(job), "job", "data").batches]
    records = [record.data for batch in made for record in batch.records]
    assert [{name: value for name, value in record.items() if name != "url"} for record in records] == example[
        "records"
    ]


def test_every_way_type_and_wish_has_an_example() -> None:
    shown = json.dumps([example["extract"] for example in EXAMPLES])
    used = set(re.findall(r'"(\w+)"', shown))
    ways = set(Finding.model_fields) | {
        "any_of",
        "default",
        "fields",
        "items",
        "items_jsonpath",
        "key",
        "auto",
        "tables",
    }
    assert ways - used == set()
    assert set(get_args(FieldType)) - {"text"} - used == set()
    assert all(f"`{name}`" in TEXT for name in get_args(AutoField))
