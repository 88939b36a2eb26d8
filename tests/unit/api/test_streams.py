"""WebSockets on a listening gateway: a run from its first record to its end, and the channels."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from api.live.subscription import Subscription
from schemas.events import RunCounts
from schemas.topics import CLEAN_RECORDS, TRENDS
from tests.unit.api.conftest import Client, World, listening
from tests.unit.api.eventually import eventually
from tests.unit.api.happenings import batch, completed, event, outcome, publish, records, trend
from tests.unit.api.patient import connect


@pytest.fixture
async def served(world: World) -> AsyncIterator[tuple[str, Client]]:
    """A gateway that listens, with patience for tests."""
    async with listening(world, heartbeat=30.0, progress_every=0.01) as found:
        yield found


async def all_of(socket: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """Every frame until the close, and its code."""
    frames = []
    try:
        async with asyncio.timeout(60):
            while True:
                frames.append(json.loads(await socket.recv()))
    except ConnectionClosed as end:
        assert end.rcvd is not None
        return frames, end.rcvd.code


async def until(socket: ClientConnection, kind: str, count: int = 1) -> list[dict[str, Any]]:
    """Frames up to and with the `count`-th of a kind."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while sum(frame["type"] == kind for frame in frames) < count:
            frames.append(json.loads(await socket.recv()))
    return frames


def listeners(client: Client) -> Iterator[Subscription]:
    for streams in client.gateway.hub._listeners.values():
        for subscriptions in streams.values():
            yield from subscriptions


def keys(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["data"]["key"] for frame in frames if frame["type"] == "record"]


def types(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


async def test_a_run_is_told_from_its_first_record_to_its_end(served: tuple[str, Client]) -> None:
    address, client = served
    headers = await client.headers("anna")
    made = await client.scrape(headers, name="shop")
    run_id, job_id = made["run_id"], made["job_id"]
    client.world.jobs.change(run_id, state="running", counts=RunCounts(requested=4, queued=3, fetched=1))
    before, lately, now = records("a", "b"), records("c"), records("d", "e")
    feed = client.world.feed
    # a: stored long ago, no longer in Kafka; b: stored, and it passed lately; c: passed, not stored yet.
    client.world.past.add((CLEAN_RECORDS, 0), -1, batch(run_id, job_id, before[:1]))
    again = batch(run_id, job_id, before[1:])
    publish(feed, again)
    client.world.past.store(feed)
    publish(feed, again, batch(run_id, job_id, lately))
    await eventually(lambda: client.gateway.hub.at.get((CLEAN_RECORDS, 0)) == 3)
    async with connect(f"ws://{address}{made['links']['stream']}", additional_headers=headers) as socket:
        first = await until(socket, "record", 3)
        assert types(first)[:2] == ["progress", "status"]
        assert first[0]["data"] == {"job_id": job_id, "current_page": 1, "total_pages": 4, "percent_complete": 25.0,
                                    "current_operation": "Processing pages"}  # fmt: skip
        assert keys(first) == ["a", "b", "c"]
        publish(
            feed, outcome(run_id, job_id, outcome="http_error", klass="failed", status=404), batch(run_id, job_id, now)
        )
        publish(feed, feed.again(CLEAN_RECORDS), trend(run_id))  # a redelivery, and a trend
        publish(feed, completed(run_id, job_id, feed, 5))
        rest, code = await all_of(socket)
    assert types(rest) == ["log", "record", "record", "trend", "progress", "status", "complete"]
    assert keys(rest) == ["d", "e"] and code == 1000
    assert rest[0]["data"]["level"] == "warning" and "404" in rest[0]["data"]["message"]
    assert rest[-1]["data"]["status"] == "completed" and rest[-1]["data"]["counts"]["stored"] == 5


async def test_the_frame_is_the_same_whether_a_record_was_stored_or_passes(served: tuple[str, Client]) -> None:
    address, client = served
    headers = await client.headers("anna")
    made = await client.scrape(headers, name="shop")
    old, new = records("old"), records("new")
    client.world.past.add((CLEAN_RECORDS, 0), -1, batch(made["run_id"], made["job_id"], old))
    async with connect(f"ws://{address}{made['links']['stream']}", additional_headers=headers) as socket:
        first = (await until(socket, "record"))[-1]["data"]
        publish(client.world.feed, batch(made["run_id"], made["job_id"], new))
        second = (await until(socket, "record"))[-1]["data"]
    changed = {"id": 0, "key": 0, "data": 0, "fetched_at": 0}
    assert first["fetched_at"][:19] == second["fetched_at"][:19] and first["fetched_at"][-1] == second["fetched_at"][-1]
    assert {**first, **changed} == {**second, **changed}


async def test_a_run_that_is_over_is_told_whole_and_ends(served: tuple[str, Client]) -> None:
    address, client = served
    headers = await client.headers("anna")
    made = await client.scrape(headers, name="shop")
    found = records(*(f"k{number:05}" for number in range(2345)))
    client.world.past.add((CLEAN_RECORDS, 0), -1, batch(made["run_id"], made["job_id"], found))
    client.world.past.add((TRENDS, 0), -1, trend(made["run_id"]))
    client.world.jobs.change(made["run_id"], state="completed", finished_at=datetime(2026, 1, 5, tzinfo=UTC),
                             counts=RunCounts(requested=1, fetched=1, stored=2345))  # fmt: skip
    async with connect(f"ws://{address}{made['links']['stream']}", additional_headers=headers) as socket:
        frames, code = await all_of(socket)
    assert keys(frames) == [record.key for record in found] and code == 1000
    assert types(frames)[-2:] == ["trend", "complete"] and types(frames).count("trend") == 1


async def test_records_that_the_feed_missed_are_told_before_the_end(
    served: tuple[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.hub._PAUSE_S", 0.01)
    address, client = served
    headers = await client.headers("anna")
    made = await client.scrape(headers, name="shop")
    run_id, job_id = made["run_id"], made["job_id"]
    client.world.jobs.change(run_id, state="running")
    seen, missed = records("a"), records("b", "c")
    async with connect(f"ws://{address}{made['links']['stream']}", additional_headers=headers) as socket:
        await until(socket, "status")
        publish(client.world.feed, batch(run_id, job_id, seen))
        await until(socket, "record")
        feed = client.world.feed
        feed.lose_connection()
        publish(feed, batch(run_id, job_id, missed))
        client.world.past.store(feed)
        feed.trim((CLEAN_RECORDS, 0), 2)
        publish(feed, completed(run_id, job_id, feed, 3))
        frames, _ = await all_of(socket)
    assert keys(frames) == ["b", "c"] and types(frames)[-1] == "complete"


async def test_a_run_too_large_to_be_told_says_where_the_rest_is(world: World) -> None:
    async with listening(world, stored_records=1000) as (address, client):
        headers = await client.headers("anna")
        made = await client.scrape(headers, name="shop")
        found = records(*(f"k{number:05}" for number in range(1500)))
        world.past.add((CLEAN_RECORDS, 0), -1, batch(made["run_id"], made["job_id"], found))
        world.jobs.change(made["run_id"], state="completed", counts=RunCounts(stored=1500))
        async with connect(f"ws://{address}{made['links']['stream']}", additional_headers=headers) as socket:
            frames, _ = await all_of(socket)
    assert len(keys(frames)) == 1000
    gap = next(frame for frame in frames if frame["type"] == "gap")["data"]
    assert gap["reason"] == "too_many" and "/records" in gap["message"]


async def test_progress_is_told_though_nothing_happens_and_an_unheard_end_is_found(world: World) -> None:
    async with listening(world, heartbeat=0.1, progress_every=0.01) as (address, client):
        headers = await client.headers("anna")
        made = await client.scrape(headers)
        world.jobs.change(made["run_id"], state="running")
        async with connect(f"ws://{address}{made['links']['stream']}", additional_headers=headers) as socket:
            await until(socket, "progress", 3)
            world.jobs.change(made["run_id"], state="failed", reason="no page could be fetched")
            frames, code = await all_of(socket)
    assert types(frames)[-2:] == ["error", "complete"] and code == 1000
    assert frames[-2]["data"] == {
        "code": "SERVER_ERROR", "message": "no page could be fetched", "reason": "RUN_FAILED"}  # fmt: skip


async def test_channels_tell_of_what_the_caller_may_see(served: tuple[str, Client]) -> None:
    address, client = served
    anna, otto, root = [await client.headers(name) for name in ("anna", "otto", "root")]
    mine, foreign = await client.scrape(anna), await client.scrape(otto)
    outsiders = "a7f0d9c4-0000-4000-8000-000000000000"
    feed = client.world.feed
    stream = f"ws://{address}/api/v1/stream?channel="
    async with (
        connect(f"{stream}records", additional_headers=anna) as records_of_anna,
        connect(f"{stream}records&dataset=other", additional_headers=root) as one_dataset,
        connect(f"{stream}runs", additional_headers=root) as all_runs,
        connect(f"{stream}outcomes", additional_headers=otto) as outcomes,
        connect(f"{stream}trends", additional_headers=anna) as trends,
    ):
        await eventually(lambda: len(list(listeners(client))) == 5)
        for made in (foreign, mine):
            run_id, job_id = made["run_id"], made["job_id"]
            publish(
                feed,
                outcome(run_id, job_id),
                batch(run_id, job_id, records(run_id)),
                trend(run_id),
                event(run_id, job_id),
            )
        publish(feed, event(outsiders, outsiders), batch(outsiders, outsiders, records("x"), "other"))
        publish(feed, batch(mine["run_id"], mine["job_id"], records("last")))
        assert keys(await until(records_of_anna, "record", 2)) == [mine["run_id"], "last"]
        assert keys(await until(one_dataset, "record")) == ["x"]
        seen = [frame["data"]["job_id"] for frame in await until(all_runs, "progress", 3)]
        assert seen == [foreign["job_id"], mine["job_id"], outsiders]
        assert [frame["data"]["run_id"] for frame in await until(outcomes, "log")] == [foreign["run_id"]]
        assert [frame["data"]["run_id"] for frame in await until(trends, "trend")] == [mine["run_id"]]


async def test_what_others_call_a_run_and_is_no_id_is_nobodys_and_ends_no_stream(served: tuple[str, Client]) -> None:
    address, client = served
    anna = await client.headers("anna")
    made = await client.scrape(anna)
    feed = client.world.feed
    stream = f"ws://{address}/api/v1/stream?channel="
    async with (
        connect(f"{stream}records", additional_headers=anna) as found,
        connect(f"{stream}runs", additional_headers=anna) as runs,
    ):
        await eventually(lambda: len(list(listeners(client))) == 2)
        for run_id, job_id in (("x", "x"), (made["run_id"], made["job_id"])):
            publish(feed, batch(run_id, job_id, records(run_id)), event(run_id, job_id))
        assert keys(await until(found, "record")) == [made["run_id"]]
        assert [frame["data"]["job_id"] for frame in await until(runs, "progress")] == [made["job_id"]]


async def test_a_store_that_is_away_ends_the_stream_with_a_word(served: tuple[str, Client]) -> None:
    address, client = served
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    client.world.past.switch.away = True
    async with connect(f"ws://{address}{made['links']['stream']}", additional_headers=headers) as socket:
        frames, code = await all_of(socket)
    assert frames[-1]["data"]["code"] == "SERVICE_UNAVAILABLE" and code == 1013


async def test_a_client_that_does_not_read_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.connection._FAREWELL_S", 30.0)  # here it begins to read again, if late
    async with listening(world, socket_buffer=1_000_000) as (address, client):
        headers = await client.headers("anna")
        made = await client.scrape(headers)
        world.jobs.change(made["run_id"], state="running")
        url = f"ws://{address}{made['links']['stream']}"
        slow = await connect(url, additional_headers=headers, max_queue=1)
        quick = await connect(url, additional_headers=headers)
        for socket in (slow, quick):
            await until(socket, "status")
        for number in range(600):  # 12 MB: more than the sockets' own buffers and ours
            found = records(f"k{number}")
            found[0].data["filling"] = "x" * 20_000
            publish(world.feed, batch(made["run_id"], made["job_id"], found))
            assert keys(await until(quick, "record")) == [f"k{number}"], "one slow client holds up no other"
        await eventually(lambda: b"trawl_slow_sockets_total 1.0" in client.gateway.metrics.text())
        frames, code = await all_of(slow)
        last = frames[-1]["data"]
        assert code == 1013 and (last["code"], last["reason"]) == ("REQUEST_TIMEOUT", "TOO_SLOW")
        told = keys(frames)
        assert told == [f"k{number}" for number in range(len(told))], "what it was told has no hole"
        await eventually(lambda: b"trawl_sockets 1.0" in client.gateway.metrics.text())
        await quick.close()
        await eventually(lambda: b"trawl_sockets 0.0" in client.gateway.metrics.text())
