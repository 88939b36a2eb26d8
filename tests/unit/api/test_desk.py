"""`/ws`: subscriptions, confirmations, acknowledged errors."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from api.live.connection import Patience
from schemas.events import MetricSample
from tests.unit.api.conftest import World, listening
from tests.unit.api.eventually import eventually
from tests.unit.api.happenings import batch, completed, event, marks, publish, records, trend
from tests.unit.api.patient import connect


async def ask(socket: ClientConnection, said: dict[str, Any]) -> dict[str, Any]:
    await socket.send(json.dumps(said))
    return await heard(socket)


async def heard(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(60):
        found: dict[str, Any] = json.loads(await socket.recv())
        return found


@pytest.mark.parametrize("prefix", ["", "/api", "/api/v2"])
async def test_what_is_subscribed_to_is_told(world: World, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.desk._METRICS_EVERY_S", 0.05)
    async with listening(world) as (address, client):
        anna, root = await client.headers("anna"), await client.headers("root")
        mine, foreign = await client.scrape(anna), await client.scrape(await client.headers("otto"))
        async with connect(f"ws://{address}{prefix}/ws") as socket, \
                connect(f"ws://{address}{prefix}/ws", additional_headers=root) as theirs:  # fmt: skip
            # The documents' own frames: no `data` around what is said.
            said = await ask(socket, {"type": "auth", "token": anna["Authorization"].split()[1]})
            assert said["type"] == "connected"
            channels = ["job_updates", "alerts", "data_updates"]
            await socket.send(json.dumps({"type": "subscribe", "channels": [*channels, "system_metrics"]}))
            refused = await heard(socket)
            assert refused["type"] == "error" and refused["data"]["code"] == "INSUFFICIENT_PERMISSIONS"
            assert await heard(socket) == {"type": "subscribed", "data": {"channels": channels}}
            await eventually(lambda: len(client.gateway.hub._listeners) == 3)
            for made in (foreign, mine):
                run_id, job_id = made["run_id"], made["job_id"]
                publish(client.world.feed, event(run_id, job_id))
                publish(client.world.feed, trend(run_id), batch(run_id, job_id, records("a", "b")))
            got = {frame["type"]: frame["data"] for frame in [await heard(socket) for _ in range(3)]}
            assert set(got) == {"job_update", "alert", "data_update"}
            assert set(got["job_update"]) == {
                "job_id", "status", "progress", "records_collected", "estimated_completion"}  # fmt: skip
            assert got["job_update"]["job_id"] == mine["job_id"] and got["data_update"]["records"] == 2
            assert set(got["alert"]) == {"alert_id", "severity", "title", "message", "triggered_at"}
            assert (await ask(socket, {"type": "ping"}))["type"] == "pong"

            assert (await heard(theirs))["type"] == "connected"
            await ask(theirs, {"type": "subscribe", "data": {"channels": ["system_metrics"]}})
            sample = MetricSample(id="s", process="p", instance="i", at="2026-01-05T10:30:00Z",
                                  values={"trawl_cpu_seconds": 1.0, "trawl_memory_bytes": 1e9})  # fmt: skip
            await eventually(lambda: client.gateway.hub.metrics_heard)
            publish(client.world.feed, sample)
            metrics = await heard(theirs)
            assert metrics["type"] == "system_metrics" and metrics["data"]["active_connections"] == 2
            assert set(metrics["data"]) == {
                "timestamp", "cpu_percent", "memory_percent", "active_connections", "requests_per_minute"}  # fmt: skip


async def test_an_error_stands_until_it_is_acknowledged(world: World) -> None:
    async with listening(world) as (address, client):
        headers = await client.headers("anna")
        async with connect(f"ws://{address}/ws", additional_headers=headers) as socket:
            assert (await heard(socket))["type"] == "connected"
            wrong = await ask(socket, {"type": "subscribe", "channels": ["secrets"]})
            assert wrong["type"] == "error" and wrong["data"]["code"] == "RESOURCE_NOT_FOUND"
            assert await heard(socket) == {"type": "subscribed", "data": {"channels": []}}
            acknowledge = {"type": "acknowledge", "data": {"id": wrong["data"]["id"]}}
            assert (await ask(socket, acknowledge))["type"] == "acknowledged"
            assert (await ask(socket, acknowledge))["data"]["code"] == "RESOURCE_NOT_FOUND", "once is enough"
            nonsense: list[dict[str, Any]] = [{}, {"type": "subscribe", "channels": [7, None, {}]}, {"type": []}]
            for said in nonsense:
                assert (await ask(socket, said))["type"] == "error"
                if said.get("type") == "subscribe":
                    assert [(await heard(socket))["type"] for _ in range(3)] == ["error", "error", "subscribed"]
            await ask(socket, {"type": "subscribe", "channels": ["alerts"]})
            gone = await ask(socket, {"type": "unsubscribe", "channels": ["alerts"]})
            assert gone == {"type": "unsubscribed", "data": {"channels": []}}
            await eventually(lambda: not client.gateway.hub._listeners)


async def test_notifications_are_what_webhooks_are_told_of_ones_own_runs(world: World) -> None:
    async with listening(world) as (address, client):
        anna = await client.headers("anna")
        mine, foreign = await client.scrape(anna), await client.scrape(await client.headers("otto"))
        async with connect(f"ws://{address}/ws", additional_headers=anna) as socket:
            assert "notifications" in (await heard(socket))["data"]["channels"]
            await ask(socket, {"type": "subscribe", "channels": ["notifications"]})
            await eventually(lambda: len(client.gateway.hub._listeners) == 3)
            for made in (foreign, mine):
                run_id, job_id = made["run_id"], made["job_id"]
                publish(client.world.feed, event(run_id, job_id), marks(run_id, job_id, a="repeat"))
                publish(client.world.feed, marks(run_id, job_id, a="changed", b="gone", c="similar"), trend(run_id))
                publish(client.world.feed, completed(run_id, job_id, client.world.feed, 3))
            told = [await heard(socket) for _ in range(3)]
            assert {frame["type"] for frame in told} == {"notification"} and all(frame["id"] for frame in told)
            by_type = {frame["data"]["type"]: frame["data"] for frame in told}
            assert set(by_type) == {"records.changed", "trend", "run.completed"}
            assert by_type["records.changed"]["summary"] == "1 changed, 1 gone"
            assert {each["data"]["run_id"] for each in by_type.values()} == {mine["run_id"]}
            assert all(each["timestamp"] for each in by_type.values())
            assert (await ask(socket, {"type": "ping"}))["type"] == "pong", "and nothing else"


def test_a_client_may_say_so_much_at_once_and_so_much_a_second() -> None:
    now = 0.0
    patience = Patience(rate=20.0, burst=100, clock=lambda: now)
    assert [patience.take() for _ in range(101)] == [True] * 100 + [False]
    now = 0.5
    assert [patience.take() for _ in range(11)] == [True] * 10 + [False]
    now = 3600.0
    assert sum(patience.take() for _ in range(500)) == 100, "resting saves up no more than that"


@pytest.mark.parametrize("path", ["/ws", "/api/v1/stream"])
async def test_whoever_never_stops_talking_is_let_go(world: World, path: str) -> None:
    async with listening(world) as (address, client):
        async with connect(f"ws://{address}{path}", additional_headers=await client.headers("root")) as socket:
            heard_last: dict[str, Any] = {}

            async def talk() -> None:
                with contextlib.suppress(ConnectionClosed):
                    for _ in range(20_000):
                        await socket.send('{"type": "nonsense"}')

            talking = asyncio.create_task(talk())
            async with asyncio.timeout(60):
                try:
                    while True:
                        heard_last = json.loads(await socket.recv())
                except ConnectionClosed as end:
                    assert end.rcvd is not None and end.rcvd.code == 1008
                await talking
        told = heard_last["data"]
        assert heard_last["type"] == "error"
        assert (told["code"], told["reason"]) == ("RATE_LIMIT_EXCEEDED", "TOO_MANY_FRAMES")


async def test_a_hundred_things_may_be_said_at_once(world: World) -> None:
    async with (
        listening(world) as (address, client),
        connect(f"ws://{address}/ws", additional_headers=await client.headers("anna")) as socket,
    ):
        assert (await heard(socket))["type"] == "connected"
        for _ in range(100):
            await socket.send('{"type": "ping"}')
        assert [(await heard(socket))["type"] for _ in range(100)] == ["pong"] * 100
