"""Headers are CloudEvents 1.0 in binary mode and W3C Trace Context, as the generated document promises."""

import re
from datetime import datetime
from typing import Any

import pytest

from schemas import codec
from schemas.examples import Example, examples
from schemas.ids import trace_id
from schemas.topics import CLEAN_RECORDS, FETCH_TASKS, PAGE_OUTCOMES, RAW_PAGES, RAW_RECORDS, topics
from tests.unit.schemas.validating import asyncapi, draft_7

TIME = "2026-03-14T09:26:53.589Z"
# W3C Trace Context, 3.2.2: version 00, two ids that are not all zeros, flags.
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
EVENTS = [one for one in examples() if topics()[one.topic].struct]
PUBLISHED = [one for one in EVENTS if one.headers["ce_source"].startswith("/trawl/")]


def event(one: Example) -> Any:
    return codec.decode(one.topic, one.wire)


@pytest.mark.parametrize("one", EVENTS, ids=lambda one: one.name)
def test_an_event_is_published_with_well_formed_headers(one: Example) -> None:
    found = codec.headers(event(one), "intake", TIME)
    told = {name: value.decode("ascii") for name, value in found}
    assert len(told) == len(found)
    assert told["ce_specversion"] == "1.0"
    assert told["ce_id"] == event(one).event_id()
    assert told["ce_source"] == "/trawl/intake"
    assert told["ce_type"] == f"trawl.{one.topic}.v1"
    assert datetime.fromisoformat(told["ce_time"]).utcoffset() is not None
    assert told["content-type"] == "application/json"
    assert ("traceparent" in told) == bool(event(one).trace_of()[0])
    assert TRACEPARENT.fullmatch(told.get("traceparent", f"00-{'1' * 32}-{'1' * 16}-01"))
    schema = asyncapi()["components"]["messages"][one.name]["headers"]
    draft_7(schema).validate(told)


@pytest.mark.parametrize("one", PUBLISHED, ids=lambda one: one.name)
def test_an_example_has_the_headers_that_the_codec_gives(one: Example) -> None:
    source = one.headers["ce_source"].removeprefix("/trawl/")
    made = codec.headers(event(one), source, one.headers["ce_time"])
    assert one.headers == {name: value.decode() for name, value in made}


def test_every_event_of_one_page_is_in_one_trace_which_anyone_can_compute() -> None:
    page = [one for one in EVENTS if one.topic in {FETCH_TASKS, RAW_PAGES, PAGE_OUTCOMES, RAW_RECORDS, CLEAN_RECORDS}]
    assert len(page) == 5
    traces = {one.headers["traceparent"].split("-")[1] for one in page}
    assert traces == {trace_id(event(page[0]).run_id, event(page[0]).url_fp)}


def test_the_spans_of_a_trace_are_its_events() -> None:
    spans = {
        one.headers["ce_id"]: one.headers["traceparent"].split("-")[2] for one in EVENTS if "traceparent" in one.headers
    }
    assert len(set(spans.values())) == len(spans)
