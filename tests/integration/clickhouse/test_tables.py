"""The tables answer the questions they are made for, on one node; the statements for a cluster are ones it can read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from uuid import uuid4

import pytest
from clickhouse_connect.driver.client import Client

from infra.clickhouse.client import connect
from infra.clickhouse.cluster import NotClustered, clustered
from infra.clickhouse.migrate import migrate, statements
from infra.clickhouse.reading import Reading
from infra.clickhouse.row_store import RowStore
from schemas.inserts import Rows
from schemas.topics import CLEAN_RECORDS
from streams.warehouse.rows import QUIET_TOPICS, shape_of
from tests.engines import Engines

AT = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
"""Sums by the minute are not kept for ever."""


@pytest.fixture
def clickhouse(engines: Engines) -> Iterator[Client]:
    migrate(engines.clickhouse)
    client = connect(engines.clickhouse)
    yield client
    client.close()


def record(dataset: str, number: int, **more: Any) -> dict[str, Any]:
    data = {"sku": f"s{number}", "price": 1.5 * number, "title": "A quiet lighthouse keeper", "tags": ["a"], **more}
    return {
        "id": str(uuid4()), "dataset": dataset, "run_id": str(uuid4()), "job_id": str(uuid4()),
        "quality": 80.0, "data_type": "ecommerce", "batch_id": str(uuid4()),
        "key": f"s{number}", "url": f"https://shop{number % 2}.test/p/{number}",
        "data": json.dumps(data), "numbers": {"price": 1.5 * number}, "fetched_at": AT, "ingested_at": AT,
    }  # fmt: skip


def lines(rows: list[dict[str, Any]], table: str = "records") -> Rows:
    return Rows(table, b"\n".join(json.dumps(row).encode() for row in rows), len(rows))


async def test_an_insert_that_is_sent_again_is_summed_once(engines: Engines, clickhouse: Client) -> None:
    dataset, store = f"sums-{uuid4()}", RowStore(engines.clickhouse)
    for portion in ([record(dataset, n) for n in range(10)], [record(dataset, n) for n in range(10, 14)]):
        token = f"token-{uuid4()}"
        for _ in range(3):
            await store.insert(lines(portion), token)
    for table in ("records", "records_by_minute", "records_by_hour", "records_by_day"):
        counted = "count()" if table == "records" else "sum(records)"
        sql = f"select domain, {counted} from {table} where dataset = {{d:String}} group by domain order by domain"
        rows = clickhouse.query(sql, parameters={"d": dataset}).result_rows
        assert [tuple(row) for row in rows] == [("shop0.test", 7), ("shop1.test", 7)], table
    sql = "select toString(day), data_type, sum(quality) / sum(records) from records_by_day where dataset = {d:String} "
    rows = clickhouse.query(f"{sql} group by day, data_type", parameters={"d": dataset}).result_rows
    assert [tuple(row) for row in rows] == [(f"{AT[:10]} 00:00:00", "ecommerce", 80.0)]


async def test_the_final_outcomes_of_pages_are_summed(engines: Engines, clickhouse: Client) -> None:
    dataset, store = f"pages-{uuid4()}", RowStore(engines.clickhouse)
    rows = [
        {
            "id": str(uuid4()), "run_id": str(uuid4()), "job_id": str(uuid4()), "dataset": dataset, "url": "u",
            "url_fp": str(uuid4()), "host": "shop.test", "outcome": outcome, "klass": klass, "final": final,
            "depth": 0, "attempt": 1, "records": 0, "links": 0, "new_links": 0, "body_size": 100,
            "elapsed_ms": 5.0, "fetched_at": AT, "reason": "", "ingested_at": AT,
        }
        for outcome, klass, final in (
            ("fetched", "fetched", True), ("timeout", "failed", False), ("timeout", "failed", True),
            ("fetched", "fetched", True),
        )
    ]  # fmt: skip
    for _ in range(2):
        await store.insert(lines(rows, "page_outcomes"), f"token-{dataset}")
    found = clickhouse.query(
        "select outcome, sum(pages), sum(bytes), sum(elapsed_ms) from pages_by_hour where dataset = {d:String} "
        "group by outcome order by outcome",
        parameters={"d": dataset},
    ).result_rows
    assert [tuple(row) for row in found] == [("fetched", 2, 200, 10.0), ("timeout", 1, 100, 5.0)]


async def test_fields_are_typed_and_words_are_found(engines: Engines, clickhouse: Client) -> None:
    dataset, store = f"typed-{uuid4()}", RowStore(engines.clickhouse)
    await store.insert(lines([record(dataset, n, note="x" * 300 if n == 2 else "short") for n in range(4)]), dataset)
    fields = "select numbers['price'], strings['sku'], mapContains(strings, 'note'), mapContains(strings, 'tags')"
    found = clickhouse.query(
        f"{fields} from records where dataset = {{d:String}} order by key", parameters={"d": dataset}
    ).result_rows
    assert [tuple(row)[:2] for row in found] == [(0.0, "s0"), (1.5, "s1"), (3.0, "s2"), (4.5, "s3")]
    assert [row[2] for row in found] == [True, True, False, True], "long texts are in data alone"
    sql = "select count() from records where hasToken(data, {word:String}) and dataset = {d:String}"
    assert clickhouse.query(sql, parameters={"word": "lighthouse", "d": dataset}).result_rows == [(4,)]
    clickhouse.command("optimize table records final")
    assert clickhouse.query(sql, parameters={"word": "lighthouse", "d": dataset}).result_rows == [(4,)]
    plan = clickhouse.query(f"explain indexes = 1 {sql}", parameters={"word": "lighthouse", "d": dataset}).result_rows
    assert any("by_word" in row[0] for row in plan), plan


@pytest.mark.parametrize("topic", [CLEAN_RECORDS, *QUIET_TOPICS])
async def test_a_new_owner_can_ask_what_is_stored_of_every_topic(
    engines: Engines, clickhouse: Client, topic: str
) -> None:
    assert await RowStore(engines.clickhouse).recent_ids(shape_of(topic).table, ["1999-01-01T00:00:00.000Z"], 10) == []


def test_every_migration_can_be_said_to_a_cluster(clickhouse: Client) -> None:
    made, views = set(), set()
    for entry in sorted(files("infra.clickhouse").joinpath("migrations").iterdir(), key=lambda file: file.name):
        for statement in statements(entry.read_text()):
            for turned in clustered(statement, "main"):
                clickhouse.command(f"explain ast {turned}")
                assert " on cluster main " in turned and "non_replicated" not in turned
                if turned.startswith("create table"):
                    assert ("_local on cluster" in turned) == ("replicated_deduplication_window_seconds" in turned)
                if "modify ttl" in turned or "modify setting" in turned:
                    assert turned.split()[2].endswith("_local"), "only what holds rows keeps them for a time"
                made |= {turned.split()[5]} if turned.startswith("create table") else set()
                views |= {turned} if turned.startswith("create materialized") else set()
    local = {name for name in made if name.endswith("_local")}
    assert {f"{name}_local" for name in made - local} == local and len(local) >= 11
    assert len(views) >= 2
    for view in views:
        assert "_local as\n" in view and ("_local group by" in view or "_local where" in view), view


@pytest.mark.parametrize("name", ["remove_records", "remove_marks"])
async def test_what_is_removed_leaves_every_node_of_a_cluster(
    engines: Engines, clickhouse: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    async with Reading(engines.clickhouse, cluster="main") as reading:
        monkeypatch.setattr(reading, "_answer", lambda question, values, shape: asked.append(question))
        await reading.remove("visits", name, {"dataset": "d", "run_id": str(uuid4())})
    (told,) = asked
    table = "records" if name == "remove_records" else "record_marks"
    assert told.startswith(f"delete from {table}_local on cluster main where dataset = ")
    clickhouse.query(f"explain ast {told}", parameters={"dataset": "d", "run_id": str(uuid4())})


@pytest.mark.parametrize(("table", "days"), [("page_outcomes", 400), ("run_events", 400), ("dead_letters", 90)])
def test_history_is_kept_for_a_time(clickhouse: Client, table: str, days: int) -> None:
    made = str(clickhouse.command(f"show create table {table}"))
    assert f"TTL toDateTime(ingested_at) + toIntervalDay({days})" in made


def test_tables_of_a_cluster_are_replicated_and_seen_as_one() -> None:
    node, seen = clustered(
        "create table if not exists t (\n id UUID,\n a String,\n index by_a a type set(3)\n) "
        "engine = ReplacingMergeTree\norder by id\nsettings non_replicated_deduplication_window = 10",
        "main",
    )
    assert "engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/t', '{replica}')" in node
    assert "index by_a" in node and node.endswith(
        "settings replicated_deduplication_window = 10, replicated_deduplication_window_seconds = 31536000"
    )
    assert seen.endswith("engine = Distributed(main, currentDatabase(), t_local, cityHash64(id))")
    assert "index" not in seen and "t_local on cluster main" in node
    summed = clustered("create table if not exists s (dataset String, at DateTime, n UInt64) engine = "
                       "SummingMergeTree((n)) order by (dataset, at)", "main")  # fmt: skip
    assert (
        "ReplicatedSummingMergeTree('/clickhouse/tables/{shard}/{database}/s', '{replica}', (n)) order by" in summed[0]
    )
    for wrong in ("drop table records", "select 1"):
        with pytest.raises(NotClustered):
            clustered(wrong, "main")
    with pytest.raises(NotClustered):
        clustered("create table if not exists t (id UUID) engine = MergeTree order by id", "a; drop")
