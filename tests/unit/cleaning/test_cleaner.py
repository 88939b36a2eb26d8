"""A raw batch becomes a clean one."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.events.records import CleanRules, FieldRule, FieldType
from schemas.ids import record_id
from streams.cleaning.cleaner import clean
from tests.unit.cleaning.batches import ADDRESS, VISITED, cleaned, data, raw

PRODUCT = {
    "url": FieldRule(type="url"),
    "sku": FieldRule(required=True),
    "name": FieldRule(),
    "price": FieldRule(type="price"),
    "rating": FieldRule(type="number"),
    "added": FieldRule(type="date"),
    "tags": FieldRule(type="list"),
}


def test_a_product_becomes_typed() -> None:
    record = {
        "url": "/p/1",
        "sku": " A-1 ",
        "name": "Lamp\n red",
        "price": "£1,234.50",
        "rating": "4,5 / 5",
        "added": "yesterday",
        "tags": ["new ", ""],
        "other": {"kept": [" x ", None, ""], "gone": None},
    }
    result = cleaned([record], PRODUCT, key=["sku"])
    [kept] = result.batch.records
    assert kept.data == {
        "url": "http://shop.example/p/1",
        "sku": "A-1",
        "name": "Lamp red",
        "price": 1234.5,
        "price_currency": "£",
        "rating": 4.5,
        "added": "2024-05-14T12:30:15Z",
        "tags": ["new"],
        "other": {"kept": ["x"]},
    }
    assert kept.key == "A-1"
    assert kept.id == record_id(result.batch.id, 0)
    assert result.batch.numeric == {"price": "price", "rating": "number"}
    assert result.batch.typed == {"added": "date", "tags": "list"}


def test_only_what_a_rule_types_and_a_record_has_is_told_as_typed() -> None:
    rules = {
        "new": FieldRule(type="boolean"),
        "sold": FieldRule(type="boolean"),
        "sizes": FieldRule(type="list", fields={"of": FieldRule()}),
        "on": FieldRule(type="date", default="2024-01-01"),
    }
    records: list[dict[str, Any]] = [{"new": "yes", "sizes": [{"of": "1"}], "plain": True}, {"new": "perhaps"}]
    assert cleaned(records, rules).batch.typed == {"new": "boolean", "on": "date"}
    assert cleaned([], rules).batch.typed == {}


def test_the_batch_keeps_its_identity() -> None:
    batch = raw([{"a": "b"}], part=3, revision=2)
    made = clean(batch).batch
    for name in ("id", "dataset", "run_id", "job_id", "url", "url_fp", "fetch_id", "fetched_at", "part", "revision"):
        assert getattr(made, name) == getattr(batch, name)
    assert decode("clean-records", encode(made)) == made


def test_an_empty_batch_is_answered_too() -> None:
    made = clean(raw([])).batch
    assert (made.counted_in, made.records, made.rejected, made.filtered, made.numeric) == (0, [], 0, 0, {})


def test_ids_count_the_records_that_were_left_out() -> None:
    result = cleaned([{"sku": ""}, {"sku": "b"}, {"sku": "c"}], {"sku": FieldRule(required=True)})
    assert [record.id for record in result.batch.records] == [record_id(result.batch.id, place) for place in (1, 2)]


@pytest.mark.parametrize(
    ("record", "code", "reason"),
    [
        ({}, "missing_required", "sku is required"),
        ({"sku": None}, "missing_required", "sku is required"),
        ({"sku": " \x00 "}, "missing_required", "sku is required"),
        ({"sku": {"a": 1}}, "unreadable_required", "sku: dict is not text"),
    ],
)
def test_a_record_without_what_is_required_is_rejected(record: dict[str, Any], code: str, reason: str) -> None:
    result = cleaned([{"sku": "ok"}, record], PRODUCT)
    [rejected] = result.rejects
    assert (rejected.index, rejected.record, rejected.code) == (1, record, code)
    assert reason in rejected.reason
    assert (result.batch.counted_in, result.batch.rejected, len(result.batch.records)) == (2, 1, 1)


def test_an_unreadable_value_is_left_out_and_counted_and_takes_no_default() -> None:
    fields = {"price": FieldRule(type="price", default=0), "added": FieldRule(type="date")}
    result = cleaned([{"price": "ask us", "added": "soon"}, {"price": "ask us"}, {"price": ""}], fields)
    assert [record.data for record in result.batch.records] == [{}, {}, {"price": 0.0}]
    assert result.unreadable == {"price": 2, "added": 1}
    assert result.batch.numeric == {"price": "price"}


def test_defaults_are_cleaned_as_values_are() -> None:
    rules = {
        "price": FieldRule(type="price", default="£5"),
        "link": FieldRule(type="url", default="/none", required=True),
        "tags": FieldRule(type="list", default="none"),
        "bad": FieldRule(type="number", default="n/a"),
    }
    assert data({}, **rules) == {
        "price": 5.0,
        "price_currency": "£",
        "link": f"{ADDRESS.removesuffix('list/')}none",
        "tags": ["none"],
    }


def test_a_currency_that_is_said_beats_one_that_is_guessed() -> None:
    price = FieldRule(type="price")
    assert data({"price": "$5", "price_currency": "CAD"}, price=price)["price_currency"] == "CAD"
    assert data({"price": "$5"}, price=price, price_currency=FieldRule(default="USD"))["price_currency"] == "USD"
    assert "price_currency" not in data({"price": "5.00"}, price=price)


def test_fields_without_a_rule_are_kept_as_json_has_them() -> None:
    record = {
        " odd\nname ": " x ",
        "n": 3,
        "f": 0.5,
        "b": False,
        "none": None,
        "empty": [],
        "big": 2**70,
        "l": [1, "a "],
    }
    assert data(record) == {"odd name": "x", "n": 3, "f": 0.5, "b": False, "big": str(2**70), "l": [1, "a"]}


def test_nan_and_infinity_and_deep_nests_are_left_out() -> None:
    nest: Any = "x"
    for _ in range(2000):
        nest = [nest]
    result = cleaned([{"a": math.nan, "b": math.inf, "c": nest, "d": 10**5000, "e": 1}])
    assert result.batch.records[0].data == {"e": 1}
    assert result.unreadable == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_relative_things_count_from_the_batch_alone() -> None:
    rules = CleanRules(fields={"at": FieldRule(type="date"), "u": FieldRule(type="url")})
    made = clean(
        raw([{"at": "an hour ago", "u": "x"}], rules, url="https://a.example/b/", fetched_at="2020-01-01T01:00:00Z")
    )
    assert made.batch.records[0].data == {"at": "2020-01-01T00:00:00Z", "u": "https://a.example/b/x"}


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["a", "b", "url", "price", "price_currency"]) | st.text(max_size=6)
records = st.lists(st.dictionaries(names, json, max_size=6), max_size=8)
rule = st.builds(
    FieldRule,
    type=st.sampled_from(FieldType.__args__),  # type: ignore[attr-defined]
    required=st.booleans(),
    default=st.none() | json,
)
nested = st.builds(
    FieldRule, type=st.sampled_from(["list", "object"]), fields=st.dictionaries(names, rule, min_size=1, max_size=3)
)
rules = st.builds(
    CleanRules,
    fields=st.dictionaries(names, rule | nested, max_size=5),
    key=st.lists(names, max_size=2),
    filters=st.dictionaries(names | names.map("min_{}".format), json, max_size=2),
)


@settings(max_examples=200)
@given(records, rules, st.sampled_from([VISITED, "", "not a time"]))
def test_whatever_comes_the_sums_add_up_and_it_is_always_the_same(
    found: list[dict[str, Any]], by: CleanRules, at: str
) -> None:
    batch = raw(found, by, fetched_at=at)
    first, again = clean(batch), clean(batch)
    made = first.batch
    assert made.counted_in == len(found) == len(made.records) + made.rejected + made.filtered
    assert made.rejected == len(first.rejects)
    assert {reject.index for reject in first.rejects} <= set(range(len(found)))
    wire = encode(made)
    assert wire == encode(again.batch)
    assert [reject.reason for reject in first.rejects] == [reject.reason for reject in again.rejects]
    assert decode("clean-records", wire) == made
    for record in made.records:
        _is_clean(record.data, by)


def _is_clean(record: dict[str, Any], by: CleanRules) -> None:
    types: dict[str, Any] = {"number": float, "price": float, "list": list, "boolean": bool, "object": dict | list}
    assert b"null" not in msgspec.json.encode([value for value in record.values() if value is None])
    for name, rule_of in by.fields.items():
        if rule_of.required:
            assert name in record
        if name in record:
            assert isinstance(record[name], types.get(rule_of.type, str))
