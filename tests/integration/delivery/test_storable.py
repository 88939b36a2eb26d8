"""Whatever comes over a topic is stored or is a letter: an event that ClickHouse refuses would stop the stage for good,
since an intent is sent until it is taken."""

import base64
import json
from collections.abc import Iterator
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.row_store import RowStore
from infra.errors import StoreRefused
from infra.kafka.pump import Pump
from infra.process import now
from schemas.ids import dead_letter_id
from schemas.message import Message
from schemas.topics import (
    CLEAN_RECORDS,
    DEAD_LETTERS,
    LOGS,
    PAGE_OUTCOMES,
    REQUEST_LOGS,
    RUN_EVENTS,
    SYSTEM_METRICS,
    TRENDS,
)
from streams.warehouse.rows import shape_of
from streams.warehouse.stage import Warehouse
from tests.engines import Engines
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.log import Log, MemoryPublisher
from tests.fakes.warehouse import MemoryIntents, MemorySuspects, NoMeter

AT = "2026-01-01T00:00:00.000Z"
BIG = 10**30
RECORD = {"id": str(uuid4()), "key": "k", "data": {"price": 1.5}}

GOOD: dict[str, dict[str, Any]] = {
    CLEAN_RECORDS: {
        "dataset": "d", "run_id": str(uuid4()), "job_id": str(uuid4()), "url": "u", "url_fp": str(uuid4()),
        "fetch_id": "f", "fetched_at": AT, "counted_in": 1, "numeric": {"price": "price"}, "records": [RECORD],
    },
    PAGE_OUTCOMES: {
        "run_id": str(uuid4()), "job_id": str(uuid4()), "dataset": "d", "url": "u", "url_fp": str(uuid4()),
        "host": "h", "outcome": "fetched", "klass": "fetched", "fetched_at": AT, "retry_at": AT, "address": "::1",
        "http_version": "HTTP/2", "tls_version": "TLSv1.3", "content_type": "text/html", "content_hash": "h",
        "body_ref": "b", "screenshot_ref": "s", "headers": [["server", "x"]], "dns_ms": None,
    },
    TRENDS: {
        "dataset": "d", "run_id": str(uuid4()), "record_key": "k", "field": "f", "series": "s", "kind": "spike",
        "direction": "up", "score": 1, "confidence": 1, "before": 1, "after": 2, "change": 1, "at": AT,
        "record_id": str(uuid4()),
    },
    RUN_EVENTS: {
        "run_id": str(uuid4()), "job_id": str(uuid4()), "dataset": "d", "kind": "state", "state": "running", "at": AT,
    },
    SYSTEM_METRICS: {"process": "p", "instance": "i", "at": AT, "values": {"x": 1.0}},
    REQUEST_LOGS: {"at": AT, "method": "GET", "path": "/", "route": "/", "status": 200, "elapsed_ms": 1},
    LOGS: {"at": AT, "level": "info", "process": "p", "event": "e"},
}  # fmt: skip

TIMES = ["2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:60Z",
         "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00-12:34", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
         "1899-12-31T23:59:59Z", "2026-01-01T00:00:00.123456789Z", "2026-01-01 00:00:00", "yesterday", "", "1",
         "٢٠٢٦-01-01T00:00:00Z"]  # fmt: skip
TEXTS = ["\0", "\n", "\t\\N", "😀", "\u2028", '"', "x" * 100_000]
IDS = ["", "x", "A" * 36, str(uuid4()).upper(), "٢" * 8 + str(uuid4())[8:]]
NUMBERS = [-1, 2**15, 2**16, 2**31, 2**32, 2**63, 2**64, BIG]
FLOATS = [-1.0, 1e308, -1e308, 5e-324, BIG, 2**64]


def spoiled() -> Iterator[tuple[str, dict[str, Any]]]:
    """(topic, what differs from a good event)."""
    for topic, good in GOOD.items():
        for name, value in good.items():
            if name in ("at", "fetched_at", "retry_at"):
                yield from ((topic, {name: text}) for text in TIMES)
            elif name in ("run_id", "job_id", "url_fp", "record_id"):
                yield from ((topic, {name: text}) for text in IDS)
            elif isinstance(value, str):
                yield from ((topic, {name: text}) for text in TEXTS)
        yield from ((topic, {"id": text}) for text in IDS)
    for name in ("counted_in", "rejected", "filtered", "part", "revision"):
        yield from ((CLEAN_RECORDS, {name: number}) for number in NUMBERS)
    yield CLEAN_RECORDS, {"counted_in": BIG + 1, "rejected": BIG}
    yield CLEAN_RECORDS, {"counted_in": 2**32 + 1, "rejected": 2**32}
    for value in [*FLOATS, *NUMBERS, True, None, "text", [BIG], {"deep": {"n": BIG}}, *TEXTS[:-1]]:
        yield CLEAN_RECORDS, {"records": [RECORD | {"data": {"price": value}}]}
        yield CLEAN_RECORDS, {"records": [RECORD | {"data": {"other": value}}]}
    for text in TEXTS:
        yield CLEAN_RECORDS, {"records": [RECORD | {"key": text}]}
        yield CLEAN_RECORDS, {"records": [RECORD | {"data": {text: 1}}], "numeric": {text: "number"}}
    yield from ((CLEAN_RECORDS, {"records": [RECORD | {"id": text}]}) for text in IDS)
    for name in ("depth", "hops", "attempt", "status", "records", "links", "new_links", "body_size", "wire_size"):
        yield from ((PAGE_OUTCOMES, {name: number}) for number in NUMBERS)
    for name in ("elapsed_ms", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms"):
        yield from ((PAGE_OUTCOMES, {name: number}) for number in FLOATS)
    yield from ((PAGE_OUTCOMES, {"headers": [[text, text]] * 9}) for text in TEXTS)
    for name in ("score", "confidence", "before", "after", "change"):
        yield from ((TRENDS, {name: number}) for number in FLOATS)
    yield from ((TRENDS, {"values": [number]}) for number in FLOATS)
    yield from ((RUN_EVENTS, {"counts": {"requested": number}}) for number in NUMBERS)
    yield from ((RUN_EVENTS, {"max_pages": number}) for number in NUMBERS)
    yield from ((RUN_EVENTS, {"end_offsets": {"t": {"0": number}}}) for number in NUMBERS)
    yield from ((SYSTEM_METRICS, {"values": {"x": number}}) for number in FLOATS)
    yield from ((SYSTEM_METRICS, {"values": {text: 1}}) for text in TEXTS)
    yield from ((REQUEST_LOGS, {"status": number}) for number in NUMBERS)
    yield from ((REQUEST_LOGS, {"elapsed_ms": number}) for number in FLOATS)
    yield from ((LOGS, {"fields": {"n": value}}) for value in [BIG, {"deep": BIG}, *TEXTS])
    yield from ((LOGS, {"run_id": text}) for text in [*IDS, *TEXTS])


HEADERS: list[tuple[str, bytes]] = [
    *(("ce_id", value) for value in (b"", b"hello", b"\xff", b"A" * 36, str(uuid4()).upper().encode())),
    *(("ce_time", text.encode()) for text in TIMES),
    *(("trawl_partition", value) for value in (b"-1", b"x", b"65536", b"1.5", "٣".encode(), b"9" * 5000, b" 1")),
    *(("trawl_offset", value) for value in (b"-1", b"x", b"18446744073709551616", b"1_0", b"\xff")),
    *((name, b"\0\xff\n") for name in ("trawl_topic", "trawl_stage", "trawl_code", "trawl_reason", "trawl_run")),
]


@pytest.fixture
def clickhouse(engines: Engines) -> str:
    migrate(engines.clickhouse)
    return engines.clickhouse


async def letters(clickhouse: str, messages: list[Message]) -> set[int]:
    """Takes the messages of one topic in one batch through the stage; the offsets of those that became letters."""
    log = Log()
    stage = Warehouse(MemoryIntents(MemoryFrontier()), RowStore(clickhouse), log, now, str(uuid4()))
    pump = Pump("warehouse", stage, MemoryPublisher(log), MemorySuspects(), NoMeter())
    topic = messages[0].topic
    await pump.assigned(topic, {0})
    settled = await pump.step(messages, monotonic())
    assert settled[topic, 0] == messages[-1].offset + 1
    by_id = {dead_letter_id(topic, 0, message.offset): message.offset for message in messages}
    return {by_id[dict(letter.headers)["ce_id"].decode()] for letter in log.topics[DEAD_LETTERS]}


def held(clickhouse: str, topic: str, ids: list[str]) -> set[str]:
    """Which of these events are stored; a batch that is a letter is stored too, without its records."""
    table = "(select id from batches where stored > 0)" if topic == CLEAN_RECORDS else shape_of(topic).table
    client = connect(clickhouse)
    try:
        rows = client.query(
            f"select toString(id) from {table} where toString(id) in {{ids:Array(String)}}", parameters={"ids": ids}
        )
        return {str(row[0]) for row in rows.result_rows}
    finally:
        client.close()


async def culprits(clickhouse: str, messages: list[Message]) -> list[bytes]:
    """Which of them stop the stage when they come alone: what a person needs to know of a failure."""
    found = []
    for message in messages:
        try:
            await letters(clickhouse, [message])
        except (StoreRefused, ValueError, TypeError) as problem:
            found.append((message.value or b"")[:300] + repr((message.headers, problem)).encode()[:300])
    return found


@pytest.mark.parametrize("topic", GOOD)
async def test_an_event_is_stored_or_a_letter(clickhouse: str, topic: str) -> None:
    changes = [{}, *(change for name, change in spoiled() if name == topic), {}]
    events = [{"id": str(uuid4())} | GOOD[topic] | change for change in changes]
    messages = [Message(topic, 0, place, b"", json.dumps(event).encode()) for place, event in enumerate(events)]
    try:
        refused = await letters(clickhouse, messages)
    except (StoreRefused, ValueError, TypeError):
        pytest.fail(f"these stop the stage: {await culprits(clickhouse, messages)}")
    stored = held(clickhouse, topic, [str(event["id"]) for event in events])
    for place, event in enumerate(events):
        assert (place in refused) != (event["id"] in stored), changes[place]
    assert not {0, len(events) - 1} & refused and len(refused) > 10


async def test_a_letter_is_stored_whatever_its_headers_say(clickhouse: str) -> None:
    messages = [
        Message(DEAD_LETTERS, 0, place, b"", str(uuid4()).encode() + b"\0\xff", headers)
        for place, headers in enumerate([(), *((header,) for header in HEADERS), (("trawl_offset", b"7"),)])
    ]
    try:
        assert await letters(clickhouse, messages) == set(), "a letter about a letter would never end"
    except (StoreRefused, ValueError, TypeError):
        pytest.fail(f"these stop the stage: {await culprits(clickhouse, messages)}")
    values = ["base64:" + base64.b64encode(message.value or b"").decode() for message in messages]
    client = connect(clickhouse)
    try:
        rows = client.query(
            "select value, offset from dead_letters where value in {values:Array(String)}",
            parameters={"values": values},
        ).result_rows
    finally:
        client.close()
    assert sorted(row[0] for row in rows) == sorted(values)
    assert {row[1] for row in rows if row[0] == values[-1]} == {7}


async def test_a_record_is_stored_exactly_as_published(clickhouse: str) -> None:
    data = {"price": 1.5, "whole": BIG, "text": "\0\u2028😀", "list": ["a", {"b": None}], "flag": True}
    event = GOOD[CLEAN_RECORDS] | {"id": str(uuid4()), "records": [RECORD | {"id": str(uuid4()), "data": data}]}
    await letters(clickhouse, [Message(CLEAN_RECORDS, 0, 0, b"", json.dumps(event).encode())])
    client = connect(clickhouse)
    try:
        rows = client.query(
            "select data, numbers from records where batch_id = {id:UUID}", parameters={"id": event["id"]}
        ).result_rows
    finally:
        client.close()
    assert [json.loads(row[0]) for row in rows] == [data] and rows[0][1] == {"price": 1.5}
