"""What the dashboards ask the real stores and the real broker, against rows that the test put there."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.clickhouse.charts import ClickHouseCharts
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate as migrate_clickhouse
from infra.errors import StoreUnavailable
from infra.kafka.lag import KafkaLag
from infra.kafka.provision import provision
from infra.postgres.charts import PostgresRuns
from infra.postgres.migrate import migrate as migrate_postgres
from infra.postgres.pool import Database
from schemas.ledger import ENDED_STATES
from schemas.moments import epoch, of_epoch
from schemas.topics import RAW_RECORDS

BEGAN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def outcome(run: str, number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    told = {"id": str(uuid4()), "run_id": run, "job_id": run, "dataset": "shop", "url": f"https://a.example/{number}",
            "url_fp": str(uuid4()), "host": "a.example", "outcome": "fetched", "klass": "fetched", "final": True,
            "status": 200, "depth": 1, "attempt": 1, "records": 2, "links": 3, "new_links": 1, "body_size": 10,
            "elapsed_ms": 20.0, "fetched_at": at, "reason": "", "ingested_at": datetime.now(UTC)}  # fmt: skip
    return told | changes


def record(run: str, dataset: str, key: str, at: datetime, price: float) -> dict[str, Any]:
    return {"id": str(uuid4()), "dataset": dataset, "run_id": run, "job_id": run, "batch_id": str(uuid4()), "key": key,
            "url": "https://a.example/", "data": orjson.dumps({"sku": key, "price": price}).decode(),
            "numbers": {"price": price}, "fetched_at": at, "ingested_at": datetime.now(UTC)}  # fmt: skip


def insert(client: Any, table: str, rows: list[dict[str, Any]]) -> None:
    client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))


@pytest.fixture
async def charts(engines: Any) -> AsyncIterator[tuple[ClickHouseCharts, Any]]:
    """The adapter, and a client to put rows there."""
    await asyncio.to_thread(migrate_clickhouse, engines.clickhouse)
    client = await asyncio.to_thread(connect, engines.clickhouse)
    async with ClickHouseCharts(engines.clickhouse) as found:
        yield found, client
    client.close()


async def test_requests_are_added_up(charts: tuple[ClickHouseCharts, Any]) -> None:
    asked, client = charts
    began = BEGAN + timedelta(days=3650)  # after all that others put there: what is asked for has no end
    answered = [(n, "GET", "/api/v1/jobs", 200, float(n)) for n in range(100)]
    answered += [(n, "POST", "/api/v1/scrape", 429, 1.0) for n in (120, 121)] + [
        (30, "POST", "/api/v1/scrape", 500, 900.0),
        (31, "GET", "/ws", 101, 3_600_000.0),  # a socket that stood open for an hour
    ]
    rows = [{"id": str(uuid4()), "at": began + timedelta(seconds=second), "method": method, "path": route,
             "route": route, "status": status, "elapsed_ms": elapsed, "user": "u", "request_id": "r",
             "address": "192.0.2.1", "user_agent": "", "ingested_at": datetime.now(UTC)}
            for second, method, route, status, elapsed in answered]  # fmt: skip
    insert(client, "request_logs", [*rows, rows[0]])  # the same row twice counts once
    found = await asked.requests(began.timestamp(), 60, 5)
    assert [(one.requests, one.refused, one.failed) for one in found.pace] == [(61, 0, 1), (40, 0, 0), (2, 2, 0)]
    assert [one.second - int(began.timestamp()) for one in found.pace] == [0, 60, 120]
    assert found.statuses == ((101, 1), (200, 100), (429, 2), (500, 1))
    jobs, scrapes = found.routes
    assert (jobs.method, jobs.requests, jobs.p50_ms) == ("GET", 100, 49.5) and 93 < jobs.p95_ms < 96
    assert (scrapes.requests, scrapes.failed) == (3, 1)
    assert [one.elapsed_ms for one in found.slowest] == [900.0, 99.0, 98.0, 97.0, 96.0]
    assert [(one.route, one.address, one.requests) for one in found.refused] == [("/api/v1/scrape", "192.0.2.1", 2)]
    assert found.refused[0].last == began + timedelta(seconds=121)


async def test_the_last_time_that_the_store_holds_breaks_no_chart(charts: tuple[ClickHouseCharts, Any]) -> None:
    """A line with any time can come from outside; one must not take the page from everybody."""
    asked, client = charts
    last, run = datetime(2299, 12, 30, tzinfo=UTC), str(uuid4())
    row = {"id": str(uuid4()), "at": last, "method": "GET", "path": "/far", "route": "/far", "status": 200,
           "elapsed_ms": 1.0, "user": "u", "request_id": "r", "address": "192.0.2.1", "user_agent": "",
           "ingested_at": datetime.now(UTC)}  # fmt: skip
    insert(client, "request_logs", [row])
    try:
        found = await asked.requests(last.timestamp(), 60, 5)
    finally:
        client.command("delete from request_logs where route = '/far'")
    assert int(last.timestamp()) in [one.second for one in found.pace]
    insert(client, "page_outcomes", [outcome(run, 1, last)])
    insert(client, "records", [record(run, "shop", "k", last, 1)])
    assert [entry[1:] for entry in await asked.pace(run, last.timestamp() + 1)] == [(1, 1)]


async def test_a_run_s_past_is_told_up_to_the_seam(charts: tuple[ClickHouseCharts, Any]) -> None:
    asked, client = charts
    run, seam = str(uuid4()), (BEGAN + timedelta(seconds=60)).timestamp()
    rows = [outcome(run, number, BEGAN + timedelta(seconds=number)) for number in range(90)]
    rows += [
        outcome(run, 100, BEGAN, outcome="timeout", klass="failed", host="slow.example", elapsed_ms=900.0),
        outcome(run, 101, BEGAN, outcome="timeout", klass="failed", final=False, elapsed_ms=30.0),
        outcome(str(uuid4()), 1, BEGAN),
    ]
    insert(client, "page_outcomes", rows)
    insert(client, "records", [record(run, "shop", f"k{n}", BEGAN + timedelta(seconds=n), n) for n in range(90)])
    assert sorted(await asked.tallies(run, seam)) == [
        ("failed", "timeout", False, 1),
        ("failed", "timeout", True, 1),
        ("fetched", "fetched", True, 60),
    ]
    hosts = await asked.hosts(run, seam, 5)
    assert hosts == [("slow.example", 1, 900.0, 900.0), ("a.example", 61, 1230.0, 30.0)]
    pages = await asked.pages(run, seam, 3)
    assert [page.url for page in pages] == [f"https://a.example/{number}" for number in (57, 58, 59)]
    assert pages[-1].fetched_at == "2026-03-01T12:00:59.000Z"
    assert (pages[-1].run_id, pages[-1].status, pages[-1].final) == (run, 200, True)
    latest = await asked.records(run, seam, 2)
    assert latest[-1] == ("2026-03-01T12:00:59.000Z", "https://a.example/", "k59", {"sku": "k59", "price": 59.0})
    pace = await asked.pace(run, seam)
    assert len(pace) == 60
    assert pace[0] == (int(BEGAN.timestamp()), 2, 1)
    assert sum(pages for _, pages, _ in pace) == 61
    assert sum(records for _, _, records in pace) == 60


async def test_the_pace_of_a_long_run_is_a_few_hundred_rows(charts: tuple[ClickHouseCharts, Any]) -> None:
    asked, client = charts
    run = str(uuid4())
    insert(client, "page_outcomes", [outcome(run, n, BEGAN + timedelta(seconds=7 * n)) for n in range(3000)])
    pace = await asked.pace(run, time.time())
    assert 300 <= len(pace) <= 600
    assert sum(pages for _, pages, _ in pace) == 3000
    widths = {later[0] - earlier[0] for earlier, later in pairwise(pace)}
    assert min(widths) in (32, 64), "a power of two, so that it fits the buckets it is put in"


async def test_a_page_that_was_never_visited_is_before_the_seam_once_it_is_stored(
    charts: tuple[ClickHouseCharts, Any],
) -> None:
    asked, client = charts
    run = str(uuid4())
    never = datetime.fromtimestamp(0, UTC)
    insert(client, "page_outcomes", [outcome(run, 1, never, outcome="cancelled", klass="filtered", status=None)])
    assert await asked.tallies(run, time.time() - 3600) == []
    assert await asked.tallies(run, time.time() + 60) == [("filtered", "cancelled", True, 1)]


async def test_a_series_and_its_trends(charts: tuple[ClickHouseCharts, Any]) -> None:
    asked, client = charts
    dataset, run = f"deals-{uuid4()}", str(uuid4())
    insert(
        client,
        "records",
        [record(run, dataset, "it's \\ a key", BEGAN + timedelta(seconds=n), 10.0 + n) for n in range(9)],
    )
    series = await asked.series(dataset, "it's \\ a key", "price", 4)
    assert series == [((BEGAN + timedelta(seconds=n)).timestamp(), 10.0 + n) for n in (5, 6, 7, 8)]
    assert await asked.series(dataset, "it's \\ a key", "weight", 4) == []
    found = {"id": str(uuid4()), "dataset": dataset, "run_id": run, "record_key": "k", "field": "price", "series": "s",
             "kind": "spike", "direction": "down", "score": 4.5, "confidence": 0.99, "before": 10.0, "after": 8.0,
             "change": -0.2, "at": BEGAN, "record_id": str(uuid4()), "url": "", "values": [10.0, 8.0],
             "sentence": "It fell.", "ingested_at": datetime.now(UTC)}  # fmt: skip
    later = found | {"id": str(uuid4()), "at": BEGAN + timedelta(seconds=1)}
    insert(client, "trends", [later, found])
    trends = await asked.series_trends(dataset, "k", "price", 10)
    assert [trend.id for trend in trends] == [found["id"], later["id"]]
    assert (trends[0].at, trends[0].values, trends[0].change) == ("2026-03-01T12:00:00.000Z", [10.0, 8.0], -0.2)
    assert found["id"] in {trend.id for trend in await asked.trends(1000)}


async def test_a_clickhouse_that_is_away_is_said_to_be(engines: Any) -> None:
    async with ClickHouseCharts("http://nobody:x@127.0.0.1:1/nothing") as away:
        with pytest.raises(StoreUnavailable):
            await away.trends(1)


async def test_runs_are_told_as_events(engines: Any) -> None:
    await migrate_postgres(engines.postgres_owner)
    job, done, going = str(uuid4()), str(uuid4()), str(uuid4())
    description = orjson.dumps({"urls": ["https://a.example/"] * 9}).decode()
    async with Database(engines.postgres, max_size=2) as database:
        await database.fetch(
            "insert into jobs (id, owner, name, dataset, description) values (%s, 'kafka', 'The shop', 'shop', %s)",
            (job, description),
        )
        statement = """insert into runs (id, job_id, owner, dataset, description, state, requested, queued, fetched,
            failed, extracted, stored, rejected, created_at, started_at, finished_at) values (%s, %s, 'kafka', 'shop',
            %s, %s, 10, %s, %s, 1, 20, 18, 2, now() - interval '2 days', now() - interval '2 days', %s)"""
        await database.fetch(statement, (done, job, description, "completed", 0, 9, datetime.now(UTC)))
        await database.fetch(statement, (going, job, description, "running", 5, 4, None))
        runs = PostgresRuns(database)
        recent = await runs.recent(1000)
        told = {event.run_id: event for event in recent}
        assert told[done].state == "completed"
        assert (told[done].counts.fetched, told[done].counts.stored, told[done].counts.rejected) == (9, 18, 2)
        assert [epoch(event.at) for event in recent] == sorted(epoch(event.at) for event in recent)  # type: ignore[type-var]
        assert [event.state in ENDED_STATES for event in await runs.recent(1)] == [False], (
            "under way comes before newer"
        )
        one = await runs.run(going)
        assert one is not None and one.state == "running"
        assert await runs.run(str(uuid4())) is None
        particulars = await runs.particulars(done)
        assert particulars is not None
        assert (particulars.name, particulars.owner, len(particulars.urls)) == ("The shop", "kafka", 3)
        assert particulars.finished_at and epoch(particulars.created_at)
        going_told = await runs.particulars(going)
        assert going_told is not None and going_told.finished_at == ""


async def test_the_lag_is_what_was_published_and_not_acknowledged(engines: Any) -> None:
    await provision(engines.kafka)
    group, partition = f"trawl-test-{uuid4()}", TopicPartition(RAW_RECORDS, 3)
    producer = AIOKafkaProducer(bootstrap_servers=engines.kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=engines.kafka, group_id=group, enable_auto_commit=False)
    await producer.start()
    await consumer.start()
    try:
        for _ in range(12):
            await producer.send_and_wait(RAW_RECORDS, b"x", partition=3)
        consumer.assign([partition])
        ends = await consumer.end_offsets([partition])
        await consumer.commit({partition: ends[partition] - 5})
        async with KafkaLag(engines.kafka) as lag:
            assert (group, RAW_RECORDS, 5) in await lag.lag()
            await producer.send_and_wait(RAW_RECORDS, b"x", partition=3)
            assert (group, RAW_RECORDS, 6) in await lag.lag()
            await consumer.commit({partition: ends[partition] + 1})
            assert (group, RAW_RECORDS, 0) in await lag.lag()
    finally:
        await consumer.stop()
        await producer.stop()


async def test_a_broker_that_is_away_is_said_to_be() -> None:
    async with KafkaLag("127.0.0.1:1") as lag:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await lag.lag()


def test_times_survive_the_way_there_and_back() -> None:
    assert epoch(of_epoch(1_700_000_000.123)) == 1_700_000_000.123
