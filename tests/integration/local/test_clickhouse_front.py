"""clickhouse-connect against the front must find what it would find against a server."""

import asyncio
import gzip
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.engines import Engines

MOMENT = datetime(2024, 2, 29, 12, 0, 0, 125_000, tzinfo=UTC)


def connect(engines: Engines, **options: Any) -> Client:
    parts = urlsplit(engines.clickhouse)
    return clickhouse_connect.get_client(
        host=parts.hostname,
        port=parts.port,
        username=parts.username,
        password=options.pop("password", parts.password),
        database=parts.path[1:],
        autogenerate_session_id=False,
        **options,
    )


@pytest.fixture
def client(engines: Engines) -> Iterator[Client]:
    with connect(engines) as client:
        yield client


@pytest.fixture
def table() -> str:
    return f"t_{uuid.uuid4().hex}"


def raw(engines: Engines, **options: Any) -> httpx.Response:
    parts = urlsplit(engines.clickhouse)
    auth = (parts.username or "", parts.password or "")
    headers = {"X-ClickHouse-Database": parts.path[1:], **options.pop("headers", {})}
    return httpx.post(f"http://{parts.hostname}:{parts.port}/", auth=auth, timeout=60, headers=headers, **options)


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_rows_come_back_as_they_went_in(engines: Engines, table: str, compress: str | bool) -> None:
    with connect(engines, compress=compress, tz_mode="aware") as client:
        client.command(f"create table {table} (id UInt64, words Array(String), at DateTime64(3, 'UTC')) order by id")
        rows = [[number, [f"wörd-{number}", "'\\\t\n"], MOMENT] for number in range(20_000)]
        client.insert(table, rows, column_names=["id", "words", "at"])
        found = client.query(f"select id, words, at from {table} order by id")
        assert found.result_rows == [tuple(row) for row in rows]
        assert client.query(f"select id from {table} where id < 0").result_rows == []


def test_parameters_are_bound_by_the_server(client: Client) -> None:
    awkward = 'it\'s \\ "x"\n\t{a:String} – ü'
    found = client.query(
        "select {text:String} as t, {numbers:Array(UInt8)} as n, {texts:Array(String)} as m",
        parameters={"text": awkward, "numbers": [1, 2], "texts": [awkward]},
    )
    assert found.result_rows == [(awkward, [1, 2], [awkward])]


def test_many_parameters_travel_as_a_form(client: Client) -> None:
    long = ["x" * 100] * 1000
    assert client.query("select length({list:Array(String)})", parameters={"list": long}).result_rows == [(1000,)]


def test_an_insert_with_the_same_token_lands_once_in_table_and_view(client: Client, table: str) -> None:
    window = "settings non_replicated_deduplication_window = 10000"
    client.command(f"create table {table} (id UInt64) engine = MergeTree order by id {window}")
    client.command(f"create table {table}_sum (n UInt64) engine = SummingMergeTree order by tuple() {window}")
    client.command(f"create materialized view {table}_view to {table}_sum as select count() as n from {table}")
    settings = {"insert_deduplication_token": "intent-1", "async_insert": 0}
    for _ in range(3):
        client.insert(table, [[number] for number in range(1000)], column_names=["id"], settings=settings)
    client.insert(table, [[1]], column_names=["id"], settings=settings | {"insert_deduplication_token": "intent-2"})
    assert client.query(f"select count() from {table}").result_rows == [(1001,)]
    assert client.query(f"select sum(n) from {table}_sum").result_rows == [(1001,)]


def test_one_insert_is_one_part_however_many_blocks_it_came_in(client: Client, table: str) -> None:
    client.command(f"create table {table} (id UInt64, text String) order by id")
    rows = [[number, "x" * 200] for number in range(50_000)]
    client.insert(table, rows, column_names=["id", "text"], settings={"async_insert": 0})
    parts = f"select count(), sum(rows) from system.parts where database = currentDatabase() and table = '{table}'"
    assert client.query(parts).result_rows == [(1, 50_000)]


def test_json_columns_and_the_text_index(client: Client, table: str) -> None:
    client.command(
        f"create table {table} (id UInt64, data JSON, body String, "
        "index words body type text(tokenizer = 'splitByNonAlpha')) order by id"
    )
    client.insert(
        table,
        [[1, {"price": 12.5, "tags": ["a"]}, "a quick brown fox"], [2, {"price": 3}, "lazy dog"]],
        column_names=["id", "data", "body"],
    )
    assert client.query(f"select data.price::Float64 from {table} order by id").result_columns == [[12.5, 3.0]]
    assert client.query(f"select id from {table} where hasAnyTokens(body, ['brown'])").result_rows == [(1,)]


def test_exceptions_carry_their_code(client: Client, table: str) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE") as unknown:
        client.query(f"select * from {table}")
    assert unknown.value.code == 60
    with pytest.raises(DatabaseError) as unclear:
        client.command("selekt 1")
    assert unclear.value.code == 62


def test_an_exception_after_the_answer_began_still_arrives(client: Client) -> None:
    query = "select throwIf(number = 900000, 'too far'), repeat('x', 50) from numbers(1000000)"
    with pytest.raises(DatabaseError, match="too far"):
        client.query(query, settings={"max_threads": 1}).result_rows  # noqa: B018 - the answer is read here


def test_time_and_memory_are_bounded_whatever_the_client_asks(client: Client) -> None:
    with pytest.raises(DatabaseError) as slow:
        client.query("select sum(sipHash64(number)) from numbers(100000000000)", settings={"max_execution_time": 1})
    assert slow.value.code == 159
    greedy = "select length(groupArray(repeat('x', 1000000))) from numbers(10000) settings max_block_size = 10"
    with pytest.raises(DatabaseError) as hungry:
        client.query(greedy, settings={"max_memory_usage": 0})
    assert hungry.value.code == 241
    assert client.query("select 1").result_rows == [(1,)]


def test_a_large_result_is_streamed_in_full(client: Client) -> None:
    with client.query_column_block_stream("select number, repeat('y', 100) from numbers(300000)") as stream:
        assert sum(len(block[0]) for block in stream) == 300_000
    rows = "select number, repeat('z', 1000) as text from numbers(30000)"
    for name in ("CSV", "JSONEachRow"):
        lines = client.raw_query(rows, fmt=name).splitlines()
        assert len(lines) == 30_000
        assert b"29999" in lines[-1]
    document = json.loads(client.raw_query(f"{rows} limit 5000", fmt="JSON"))
    assert document["rows"] == len(document["data"]) == 5000


def test_other_formats_and_inline_values(engines: Engines, client: Client, table: str) -> None:
    client.command(f"create table {table} (id UInt64, name String) order by id")
    client.raw_insert(table, insert_block=b'{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n', fmt="JSONEachRow")
    client.command(f"insert into {table} values (3, 'FORMAT Native')")
    client.command(f"insert into {table} select 4, 'd'")
    packed = gzip.compress(b"5,e\n")
    sent = raw(
        engines,
        params={"query": f"insert into {table} format CSV"},
        content=packed,
        headers={"Content-Encoding": "gzip"},
    )
    assert sent.status_code == 200, sent.text
    found = raw(engines, content=f"select name from {table} order by id format JSONCompactColumns")
    assert found.json() == [["a", "b", "FORMAT Native", "d", "e"]]
    assert found.headers["X-ClickHouse-Query-Id"]


def test_a_reading_request_cannot_write(engines: Engines) -> None:
    parts = urlsplit(engines.clickhouse)
    answer = httpx.get(
        f"http://{parts.hostname}:{parts.port}/",
        params={"query": "create table forbidden (a Int8) order by a"},
        auth=(parts.username or "", parts.password or ""),
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


def test_without_the_password_there_is_only_ping(engines: Engines) -> None:
    parts = urlsplit(engines.clickhouse)
    base = f"http://{parts.hostname}:{parts.port}"
    assert httpx.get(f"{base}/ping", timeout=60).text == "Ok.\n"
    assert httpx.post(base, content="select 1", timeout=60).status_code == 403
    assert httpx.post(base, content="select 1", auth=("trawl", "wrong")).headers["X-ClickHouse-Exception-Code"] == "516"
    key = {"X-ClickHouse-User": parts.username or "", "X-ClickHouse-Key": parts.password or ""}
    assert httpx.post(base, content="select 1", headers=key, timeout=60).text == "1\n"
    with pytest.raises(DatabaseError):
        connect(engines, password="wrong")


def test_bodies_that_cannot_be_meant_are_refused(engines: Engines) -> None:
    broken = raw(engines, content=b"select 1", headers={"Content-Encoding": "zstd"})
    assert broken.status_code == 400
    assert raw(engines, content="select 1", headers={"Content-Encoding": "br"}).status_code == 400
    assert raw(engines, params={"compress": "1"}, content="select 1").status_code == 400
    assert (
        raw(engines, params={"no_such_setting": "1"}, content="select 1").headers["X-ClickHouse-Exception-Code"]
        == "115"
    )
    assert raw(engines, params={"x; drop": "1"}, content="select 1").status_code == 400
    assert raw(engines, content=b"x" * (17 << 20)).status_code == 400


def test_a_broken_off_insert_leaves_nothing(engines: Engines, client: Client, table: str) -> None:
    client.command(f"create table {table} (id UInt64) order by id")

    async def break_off() -> None:
        parts = urlsplit(engines.clickhouse)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        token = httpx.BasicAuth(parts.username or "", parts.password or "")._auth_header
        head = (
            f"POST /?database=trawl&query=insert+into+{table}+format+TSV HTTP/1.1\r\nHost: x\r\nAuthorization: {token}"
        )
        writer.write(f"{head}\r\nContent-Length: 1000000\r\n\r\n".encode() + b"1\n" * 1000)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    asyncio.run(break_off())
    assert client.query(f"select count() from {table}").result_rows == [(0,)]


def test_small_queries_are_not_held_up_by_a_heavy_one(engines: Engines) -> None:
    def heavy() -> int:
        with connect(engines) as client:
            rows = client.query("select count() from numbers(15000000) where sipHash64(number) % 2").result_rows
            return int(rows[0][0])

    with ThreadPoolExecutor(1) as pool, connect(engines) as client:
        running = pool.submit(heavy)
        answered = 0
        while not running.done():
            assert client.query("select 1").result_rows == [(1,)]
            answered += 1
        assert running.result() > 0
    assert answered >= 3


def test_what_was_acknowledged_survives_kill_9(engines: Engines, table: str) -> None:
    with connect(engines) as client:
        client.command(
            f"create table {table} (id UInt64) order by id settings non_replicated_deduplication_window = 100"
        )
        settings = {"insert_deduplication_token": "before", "async_insert": 0}
        client.insert(table, [[1], [2]], column_names=["id"], settings=settings)
    engines.restart("clickhouse")
    with connect(engines) as client:
        client.insert(table, [[1], [2]], column_names=["id"], settings=settings)
        assert client.query(f"select id from {table} order by id").result_columns == [[1, 2]]
