"""Records into batches that fit into messages."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.events.records import CleanRules, FieldRule
from schemas.events.trends import TrendRule, TrendRules
from schemas.ids import batch_id, digest
from schemas.job import JobDescription
from streams.cleaning.cleaner import clean
from streams.extraction.batches import MAX_BYTES, MAX_RECORDS, batches_of, clean_rules, has_rules
from tests.unit.extraction.pages import ADDRESS, fetched

VISIT = fetched("")
RULES = CleanRules(fields={"x": FieldRule()})


def job(extract: dict[str, Any], **more: Any) -> JobDescription:
    return JobDescription.model_validate({"url": ADDRESS, "extract": extract, **more})


def test_batches_keep_order_and_hold_500_at_most() -> None:
    records = [{"x": str(number)} for number in range(1201)]
    made = batches_of(VISIT, records, RULES, "job", "shop", revision=3)
    assert [len(batch.records) for batch in made.batches] == [MAX_RECORDS, MAX_RECORDS, 201]
    assert [record for batch in made.batches for record in batch.records] == records
    assert [batch.part for batch in made.batches] == [0, 1, 2]
    assert made.oversized == []
    first = made.batches[0]
    assert (first.dataset, first.job_id, first.run_id, first.revision) == ("shop", "job", VISIT.run_id, 3)
    assert (first.url, first.url_fp, first.fetched_at) == (ADDRESS, VISIT.url_fp, VISIT.fetched_at)
    assert [batch.id for batch in made.batches] == [
        batch_id(VISIT.run_id, VISIT.url_fp, VISIT.fetch_id, 3, part) for part in range(3)
    ]


def test_runs_that_leave_unread_what_has_not_changed_are_never_whole() -> None:
    def watched(**more: Any) -> TrendRules | None:
        return clean_rules(JobDescription.model_validate({"url": "http://shop.test/", **more}), "last").trends

    rule = {"trends": {"rules": [{"when": "gone"}]}}
    assert watched(**rule) == TrendRules(memory=True, rules=[TrendRule(when="gone")], whole_run="last")
    assert watched(**rule, options={"freshness": True}) == TrendRules(
        memory=True, rules=[TrendRule(when="gone")], whole_run=""
    )
    assert watched(options={"freshness": True}) is None


def test_a_page_without_records_has_no_batch() -> None:
    assert batches_of(VISIT, [], RULES, "job", "shop").batches == []
    (batch,) = batches_of(VISIT, [], RULES, "job", "shop", even_none=True).batches
    one = batches_of(VISIT, [{"x": "a"}], RULES, "job", "shop", even_none=True).batches
    assert batch.records == [] and [batch.id] == [made.id for made in one]


def test_a_record_that_fits_nowhere_is_told_apart() -> None:
    records = [{"x": "a"}, {"x": "b" * MAX_BYTES}, {"x": "c"}]
    made = batches_of(VISIT, records, RULES, "job", "shop")
    assert [batch.records for batch in made.batches] == [[{"x": "a"}, {"x": "c"}]]
    [big] = made.oversized
    assert big.id == digest(VISIT.fetch_id, "record", "1")
    assert big.value.startswith(b'{"x":"bbb') and len(big.value) < 1000
    assert str(MAX_BYTES // 1000)[:2] in big.reason


@settings(max_examples=25)
@given(st.lists(st.integers(0, 400_000), max_size=40))
def test_no_batch_exceeds_the_limit_and_nothing_is_lost(sizes: list[int]) -> None:
    records = [{"x": '"' * (size // 2)} for size in sizes]
    made = batches_of(VISIT, records, RULES, "job", "shop")
    assert sum(len(batch.records) for batch in made.batches) + len(made.oversized) == len(records)
    assert all(len(encode(batch)) <= MAX_BYTES for batch in made.batches)
    assert made == batches_of(VISIT, records, RULES, "job", "shop")


def test_room_is_left_for_what_cleaning_adds() -> None:
    far = fetched("", url=f"http://shop.example/{'x' * 2000}/")
    rules = CleanRules(
        fields={"u": FieldRule(type="url"), "p": FieldRule(type="price"), "d": FieldRule(type="date")}, key=["u"]
    )
    records = [{"u": str(number), "p": "€1", "d": "2024-05-01"} for number in range(5000)]
    for batch in batches_of(far, records, rules, "job", "shop").batches:
        assert len(encode(clean(batch).batch)) <= 1_000_000


def test_nested_values_leave_room_for_what_cleaning_adds() -> None:
    made = job({"fields": {"offers": {"css": "li", "type": "list", "fields": {"url": {"css": "a", "type": "url"}}}}})
    address = "http://shop.example/" + "x" * 1500
    record = {"url": address, "offers": [{"url": f"?{number}"} for number in range(300)]}
    batches = batches_of(fetched("", url=address), [record] * 4, clean_rules(made), "job", "data").batches
    assert len(batches) > 1
    for batch in batches:
        assert len(msgspec.json.encode(clean(batch).batch)) < 1_000_000


def test_without_rules_the_page_record_is_keyed_by_its_address() -> None:
    plain = job({})
    rules = clean_rules(plain)
    assert not has_rules(plain)
    assert rules.key == ["url"]
    assert {name: rule.type for name, rule in rules.fields.items()} == {
        "url": "url", "title": "text", "headings": "list", "text": "text", "language": "text", "description": "text",
        "author": "text", "published": "date", "site_name": "text", "image": "image",
    }  # fmt: skip


def test_rules_travel_as_the_job_says() -> None:
    fields = {"sku": {"css": "b", "required": True}, "price": {"css": "i", "type": "price", "default": 0}}
    description = job({"fields": fields, "key": "sku"}, filters={"min_price": 3})
    rules = clean_rules(description)
    assert rules.key == ["sku"]
    assert rules.filters == {"min_price": 3}
    assert rules.fields["sku"] == FieldRule(required=True)
    assert rules.fields["price"] == FieldRule(type="price", default=0)
    assert rules.fields["url"].type == "url"
    assert msgspec.json.decode(msgspec.json.encode(rules), type=CleanRules) == rules


@pytest.mark.parametrize(
    ("extract", "key"),
    [
        ({"fields": {"a": "a"}}, ["url"]),
        ({"items": "li", "fields": {"a": "a", "url": {"css": "a", "type": "url"}}}, ["url"]),
        ({"items": "li", "fields": {"a": "a", "link": {"css": "a", "type": "url"}}}, ["link"]),
        ({"items": "li", "fields": {"a": "a", "p": {"css": "b", "type": "price"}, "c": "c"}}, ["a", "c"]),
        ({"items": "li", "fields": {"p": {"css": "b", "type": "price"}}}, ["p"]),
        ({"items": "li"}, ["text"]),
        ({"items": "li", "fields": {"a": "a"}, "key": "a"}, ["a"]),
    ],
)
def test_items_of_one_listing_do_not_share_its_address_as_key(extract: dict[str, Any], key: list[str]) -> None:
    assert clean_rules(job(extract)).key == key
