"""What records are worth and about, by the formulas of docs/records.md."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from schemas.events import CleanRecord, CleanRules, FieldRule
from schemas.job.clean import Clean
from streams.cleaning.cleaner import clean
from streams.cleaning.scores import LONG_TEXT
from tests.unit.cleaning.batches import raw

PAGE = (Path(__file__).parents[3] / "docs" / "records.md").read_text()
SHOP = {
    "sku": FieldRule(), "name": FieldRule(), "brand": FieldRule(), "price": FieldRule(type="price"),
    "rating": FieldRule(type="number"),
}  # fmt: skip
GERMAN = "Der Wasserkocher aus Edelstahl fasst einen Liter und schaltet sich von selbst ab, sobald das Wasser kocht. "
ENGLISH = "The kettle holds one litre and switches itself off as soon as the water boils, which takes two minutes. "


def scored(record: dict[str, Any], fields: dict[str, FieldRule] | None = None) -> CleanRecord:
    (made,) = clean(raw([record], CleanRules(fields=fields or {}))).batch.records
    return made


def test_the_example_of_the_documentation_is_true() -> None:
    example = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    made = scored(example, SHOP)
    told = re.search(r"completeness (\d+).*Quality is .* = ([\d.]+); its word count is (\d+), its category (\w+),\s+"
                     r"its data type (\w+)", PAGE, re.DOTALL)  # fmt: skip
    assert told
    assert (made.completeness, made.quality, made.word_count) == (float(told[1]), float(told[2]), int(told[3]))
    assert (made.category, made.data_type) == (told[4], told[5])


def test_the_documented_section_is_one_that_a_job_may_have() -> None:
    section = Clean.model_validate_json(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    assert list(section.computed) == ["gross", "label"]


def test_a_record_with_everything_has_full_marks() -> None:
    made = scored({"sku": "a", "name": "Kettle", "brand": "Acme", "price": "£1", "rating": "4"}, SHOP)
    assert (made.completeness, made.quality, made.language) == (100.0, 100.0, "")
    assert scored({"anything": "at all"}).quality == 100.0
    assert scored({"name": "lost \ufffd here"}).quality == 80.0


@pytest.mark.parametrize(("text", "language"), [(GERMAN, "de"), (ENGLISH, "en")])
def test_long_texts_say_their_language_and_short_ones_do_not(text: str, language: str) -> None:
    assert scored({"text": text * 3}).language == language
    assert scored({"text": text[:LONG_TEXT]}).language == ""
    assert scored({"text": "short", "language": "en-GB"}).language == "en"
    assert scored({"text": "short", "language": "English language"}).language == ""


def test_many_short_texts_say_no_language_and_the_long_one_is_asked_wherever_it_stands() -> None:
    assert scored({f"f{number}": GERMAN for number in range(5)}).language == ""
    assert scored({f"f{number}": ENGLISH for number in range(9)} | {"text": GERMAN * 2}).language == "de"


@pytest.mark.parametrize(
    ("record", "data_type"),
    [
        ({"sku": "a", "price": 1}, "ecommerce"),
        ({"headline": "a", "published_at": "2026"}, "news"),
        ({"handle": "a", "likes": 3}, "social_media"),
        ({"doi": "a", "abstract": "b", "authors": "c"}, "research"),
        ({"temperature": 3}, "other"),
    ],
)
def test_the_names_of_fields_tell_the_data_type(record: dict[str, Any], data_type: str) -> None:
    assert scored(record).data_type == data_type


@pytest.mark.parametrize(
    ("record", "category"),
    [
        ({"category": "Science & Nature", "text": "football football"}, "science"),
        ({"category": "Dinge", "text": "New laptop and tablet"}, "technology"),
        ({"text": "The minister lost the election"}, "politics"),
        ({"text": "word " * 80 + "kettle"}, "other"),
        ({"text": "nothing of note"}, "other"),
    ],
)
def test_what_it_says_itself_comes_before_its_words(record: dict[str, Any], category: str) -> None:
    assert scored(record).category == category
