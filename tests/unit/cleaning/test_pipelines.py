"""A job's own pipelines: from its description to the clean record."""

import time
from itertools import count
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from schemas.events import CleanRules, FieldRule
from schemas.events.pipelines import CleanStep, FieldPipeline, Pipelines
from schemas.job import JobDescription
from streams.cleaning import record_schema, steps
from streams.cleaning.cleaner import Cleaned, clean
from streams.extraction.batches import clean_rules
from tests.unit.cleaning.batches import raw

FIELDS = {
    "name": "h1", "stock": ".stock", "code": ".code",
    "price": {"css": ".price", "type": "price"}, "weight": {"css": ".w", "type": "number"},
    "added": {"css": ".d", "type": "date"}, "tags": {"css": ".t", "type": "list"},
}  # fmt: skip


def job(clean_section: dict[str, Any], **more: Any) -> JobDescription:
    return JobDescription.model_validate(
        {"url": "https://shop.example/", "extract": {"fields": FIELDS}, "clean": clean_section} | more
    )


def made(record: dict[str, Any], clean_section: dict[str, Any], **more: Any) -> Cleaned:
    """Through the description as it is stored: as JSON."""
    stored = JobDescription.model_validate_json(job(clean_section, **more).model_dump_json())
    return clean(raw([record], clean_rules(stored)))


def data(record: dict[str, Any], clean_section: dict[str, Any]) -> dict[str, Any]:
    found = made(record, clean_section)
    assert not found.rejects, found.rejects
    return found.batch.records[0].data


@pytest.mark.parametrize(
    ("field", "steps", "value", "clean_value"),
    [
        ("name", ["lower"], "  Blue \n KETTLE ", "blue kettle"),
        ("name", ["title"], "blue kettle", "Blue Kettle"),
        ("name", [{"replace": " - Sale", "with": ""}], "Kettle - Sale", "Kettle"),
        ("name", [{"regex": r"^(\w+), (\w+)$", "with": r"\2 \1"}], "Doe, Jane", "Jane Doe"),
        ("stock", [{"map": {"In stock": "yes", "gone": None}}], " In  stock ", "yes"),
        ("stock", [{"map": {"In stock": "yes", "gone": None}}], "perhaps", "perhaps"),
        ("stock", [{"map": {"In stock": "yes"}, "unmapped": "drop"}], "perhaps", None),
        ("stock", [{"map": {"gone": None}}], "gone", None),
        ("code", ["absolute"], "/a?b", "http://shop.example/a?b"),
        ("tags", ["upper"], ["a", "b"], ["A", "B"]),
        ("price", [{"replace": "from ", "with": ""}], "from £5.00", 5.0),
    ],
)
def test_steps(field: str, steps: list[Any], value: Any, clean_value: Any) -> None:
    assert data({field: value}, {"fields": {field: {"steps": steps}}}).get(field) == clean_value


@pytest.mark.parametrize(
    ("field", "how", "value", "clean_value"),
    [
        ("price", {"decimal": ","}, "1.234 €", 1234.0),
        ("price", {"decimal": "."}, "1.234 €", 1.234),
        ("price", {"decimal": ","}, "1.234,50 €", 1234.5),
        ("weight", {"decimal": ","}, "1.234", 1234.0),
        ("weight", {"decimal": "."}, "1,234", 1234.0),
        ("weight", {"decimal": ","}, "1,234 kg", 1.234),
        ("added", {"day_first": True}, "05/11/2024", "2024-11-05T00:00:00Z"),
        ("added", {"day_first": False}, "05.11.2024", "2024-05-11T00:00:00Z"),
        ("added", {"day_first": True}, "5/11/24 14:30", "2024-11-05T14:30:00Z"),
        ("added", {"day_first": True}, "2024-05-11", "2024-05-11T00:00:00Z"),
    ],
)
def test_what_is_written_in_one_place_is_read_as_that_place_does(
    field: str, how: dict[str, Any], value: str, clean_value: Any
) -> None:
    assert data({field: value}, {"fields": {field: how}})[field] == clean_value


def test_a_price_keeps_its_currency() -> None:
    assert data({"price": "1.234,50 €"}, {"fields": {"price": {"decimal": ","}}})["price_currency"] == "€"


@pytest.mark.parametrize(
    ("field", "check", "good", "bad", "said"),
    [
        ("price", {"min": 1, "max": 9}, "£9.00", "£9.01", "price: 9.01 is not between 1.0 and 9.0."),
        ("added", {"min": "2024-01-01"}, "2024-01-01", "2023-12-31", "is not at least 2024-01-01."),
        ("name", {"min_length": 3}, "abc", "ab", "has a length of 2, not at least 3."),
        ("tags", {"max_length": 1}, ["a"], ["a", "b"], "has a length of 2"),
        ("code", {"pattern": "^[A-Z]{2}$"}, "AB", "ABC", "'ABC' does not match"),
        ("stock", {"one_of": ["yes", "no"]}, "no", "No", "'No' is none of 'yes', 'no'."),
        ("weight", {"one_of": [1, 2]}, "2", "3", "3.0 is none of"),
        ("weight", {"invalid": "reject"}, "1", "heavy", "holds no number"),
    ],
)
def test_a_value_that_is_wrong_rejects_its_record(field: str, check: Any, good: Any, bad: Any, said: str) -> None:
    section = {"fields": {field: check}}
    assert field in data({field: good}, section)
    (reject,) = made({field: bad}, section).rejects
    assert (reject.code, said in reject.reason) == ("invalid_value", True), reject.reason
    found = made({"url": "https://kept.example/", field: bad}, {"fields": {field: check | {"invalid": "leave_out"}}})
    assert (found.batch.rejected, found.unreadable) == (0, {field: 1})
    assert field not in found.batch.records[0].data


def test_computed_fields_use_those_before_them_and_their_type() -> None:
    section = {
        "computed": {"gross": "round(price * 1.19, 2)", "label": "name + ' ' + gross", "odd": "name * 2"},
        "fields": {"gross": {"type": "number", "max": 100}},
    }
    found = made({"name": "Kettle", "price": "£10"}, section)
    record = found.batch.records[0].data
    assert (record["gross"], record["label"]) == (11.9, "Kettle 11.9")
    assert ("odd" in record, found.unreadable) == (False, {"odd": 1})
    assert found.batch.numeric == {"price": "price", "gross": "number"}
    assert [reject.code for reject in made({"name": "K", "price": "£100"}, section).rejects] == ["invalid_value"]


def test_a_json_schema_holds_for_the_clean_record() -> None:
    schema = {
        "required": ["name"],
        "properties": {"price": {"type": "number", "minimum": 1}, "code": {"pattern": "^[0-9]+$"}},
        "$defs": {"x": {"type": "string"}},
    }
    assert not made({"name": "a", "price": "£1", "code": "12"}, {"schema": schema}).rejects
    for record, said in [
        ({"price": "£5"}, "$: 'name' is a required property"),
        ({"name": "a", "price": "£0.50"}, "$.price: 0.5 is less than the minimum of 1"),
        ({"name": "a", "code": "x"}, "$.code: 'x' does not match '^[0-9]+$'"),
    ]:
        (reject,) = made(record, {"schema": schema}).rejects
        assert (reject.code, reject.reason) == ("invalid_record", said)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"fields": {"q": {}}}, "clean.fields.q: there is no such field; there are url, name"),
        ({"fields": {"price": {"day_first": True}}}, "clean.fields.price: day_first goes with date, not with price"),
        ({"fields": {"name": {"min": 3}}}, "min goes with number, price, date, not with text"),
        ({"fields": {"added": {"min": 3}}}, "min of a date is a date such as 2024-05-01"),
        ({"fields": {"name": {"steps": ["shout"]}}}, "Input should be 'trim', 'collapse'"),
        ({"fields": {"name": {"steps": [{"regex": "("}]}}}, "not a regular expression"),
        ({"fields": {"name": {"steps": [{"regex": "a", "with": "\\2"}]}}}, "invalid group reference"),
        ({"fields": {"name": {"steps": [{"replace": "a", "map": {}}]}}}, "exactly one of do, replace, regex, map"),
        ({"computed": {"x": "eval('1')"}}, "there is no function 'eval'"),
        ({"schema": {"type": "objekt"}}, "schema.type: 'objekt' is not valid"),
        ({"schema": {"$ref": "https://evil.example/"}}, "refers to #/$defs/ only"),
        ({"schema": {"patternProperties": {}}}, "this keyword is not supported; name the fields in properties"),
        ({"fields": {f"f{n}": {"pattern": "a"} for n in range(21)}}, "there are 21 regular expressions; at most 20"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_job(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        job(section)
    assert said in str(caught.value)


def _rules(**pipelines: Any) -> CleanRules:
    return CleanRules(fields={"name": FieldRule()}, pipelines=Pipelines(**pipelines))


@pytest.mark.parametrize(
    "pipelines",
    [
        {"fields": {"name": FieldPipeline(pattern="(")}},
        {"fields": {"name": FieldPipeline(steps=[CleanStep(do="regex", find="(?:a{1000}){1000}")])}},
        {"computed": {"x": "1 +"}},
        {"schema": {"type": 7}},
    ],
)
def test_rules_that_no_job_has_reject_their_batch(pipelines: dict[str, Any]) -> None:
    found = clean(raw([{"name": "a"}, {"name": "b"}], _rules(**pipelines)))
    assert [reject.code for reject in found.rejects] == ["invalid_rules"] * 2
    assert (found.batch.counted_in, found.batch.rejected) == (2, 2)


@pytest.mark.parametrize(
    "pipelines",
    [
        {"fields": {"name": FieldPipeline(steps=[CleanStep(do="regex", find="^(a|aa)+$", to="")])}},
        {"fields": {"name": FieldPipeline(pattern="^(a|aa)+$", strict=True)}},
        {"schema": {"properties": {"name": {"pattern": "^(a|aa)+$"}}}},
        {"schema": {"$defs": {f"d{n}": {"anyOf": [{"allOf": [{"$ref": f"#/$defs/d{n + 1}"}]}] * 9} for n in range(9)}
                    | {"d9": False}, "$ref": "#/$defs/d0"}},
        {"schema": {"$defs": {"d": {"$ref": "#/$defs/d"}}, "$ref": "#/$defs/d"}},
    ],
)  # fmt: skip
def test_no_rule_holds_a_batch_for_long(pipelines: dict[str, Any]) -> None:
    began = time.process_time()
    found = clean(raw([{"name": "a" * 5000 + "b"}] * 200, _rules(**pipelines)))
    assert time.process_time() - began < 20, "each by itself would be given 50 together"
    assert found.batch.counted_in == len(found.batch.records) + found.batch.rejected == 200
    again = clean(raw([{"name": "ok"}], _rules(fields={"name": FieldPipeline(pattern="ok")})))
    assert len(again.batch.records) == 1


def _ticking(seconds: float) -> Any:
    """A clock that goes on by so much whenever it is looked at."""
    return count(0.0, seconds).__next__


def test_the_patterns_of_a_batch_share_its_time_with_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text alone is in time; it is all of them together that are not."""
    monkeypatch.setattr(steps, "monotonic", _ticking(steps.PATTERN_S / 2))
    names = ["a", "b", "c", "d"]
    pipelines = Pipelines(fields={name: FieldPipeline(pattern=f"x{name}?") for name in names})
    rules = CleanRules(fields={name: FieldRule() for name in names}, pipelines=pipelines)
    with_schema = msgspec.structs.replace(
        rules, pipelines=msgspec.structs.replace(pipelines, schema={"required": ["a"]})
    )
    tried = int(steps.BATCH_S / (steps.PATTERN_S / 2))
    few, many = raw([dict.fromkeys(names, "x")] * (tried // 4), rules), raw([dict.fromkeys(names, "x")] * tried, rules)
    assert clean(few).unreadable == {}
    assert clean(many).unreadable == {"b": tried, "c": tried, "d": tried}, "the first has used it up"
    assert clean(few).unreadable == {}, "each batch has its own"
    found = clean(raw(many.records, with_schema))
    assert len(found.rejects) == tried and "schema was not tried: the 2 s" in found.rejects[0].reason
    assert not clean(raw(few.records[1:], with_schema)).rejects


def test_a_schema_that_is_slow_for_each_record_is_not_tried_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    tick = record_schema.RECORD_S / 8
    monkeypatch.setattr(record_schema, "time", SimpleNamespace(monotonic=_ticking(tick)))
    tried = int(steps.BATCH_S / (2 * tick))  # it looks when it begins, at its one keyword, and when it is done
    rules = _rules(schema={"required": ["name"]})
    for _ in range(2):
        found = clean(raw([{"name": "a"}] * (tried + 5), rules))
        assert [reject.index for reject in found.rejects] == [tried + more for more in range(5)]
        assert found.rejects[0].code == "invalid_record" and "was not tried" in found.rejects[0].reason
