"""The gateway process on real engines: what it writes, what it streams, and what it survives."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from infra.errors import StoreRefused
from infra.kafka.publisher import Publisher
from infra.postgres.pool import Database
from schemas import codec
from schemas.events import MetricSample, RunCounts
from schemas.topics import topic_of
from tests.integration.api.conftest import Served
from tests.unit.api.happenings import batch, event, outcome, records, trend
from tests.unit.api.test_streams import all_of, keys, types, until


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in as the administrator."""
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        answer = await http.post("/api/v1/auth/login", json={"username": "admin", "password": served.password})
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http


async def scrape(client: httpx.AsyncClient, **job: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/scrape", json={"url": "http://shop.test/", **job})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until_true(check: Any, within: float = 120.0) -> Any:
    """The first true answer; calls that fail meanwhile count as no."""
    deadline = time.monotonic() + within
    while True:
        try:
            found = await check()
            if found:
                return found
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.05)


async def test_one_transaction_leaves_job_run_request_and_audit(
    served: Served, client: httpx.AsyncClient, engines: Any
) -> None:
    made = await scrape(client, name="ünï \U0001f41f", options={"max_pages": 7, "priority": "low"})
    async with Database(engines.postgres) as database:
        run = (await database.fetch("select * from runs where id = %s", (made["run_id"],)))[0]
        assert (run["state"], run["max_pages"], run["priority"]) == ("queued", 7, -1)
        assert run["description"]["name"] == "ünï \U0001f41f" and run["description"]["urls"] == ["http://shop.test/"]
        box = (await database.fetch("select * from outbox where key = %s", (made["run_id"],)))[0]
        assert codec.decode(box["topic"], bytes(box["value"])).run_id == made["run_id"]
        audit = (await database.fetch("select * from audit where object = %s", (made["job_id"],)))[0]
        assert (audit["action"], audit["details"]["run_id"]) == ("job_created", made["run_id"])
        for statement in ("update audit set actor = 'x'", "delete from audit", "truncate audit"):
            with pytest.raises(StoreRefused):
                await database.fetch(statement.encode())
    found = (await client.get(made["links"]["self"])).json()
    assert found["status"] == "queued" and found["name"] == "ünï \U0001f41f"
    for what in ("records", "urls", "trends"):
        assert (await client.get(made["links"][what])).status_code == 200
    assert (await client.post(made["links"]["cancel"])).json()["phase"] == "cancelling"


async def test_all_its_dependencies_are_well(served: Served, client: httpx.AsyncClient) -> None:
    async def healthy() -> bool:
        return (await client.get("/health")).status_code == 200

    await until_true(healthy)
    found = (await client.get("/api/v1/health")).json()
    assert {name: entry["status"] for name, entry in found["dependencies"].items()} == {
        "kafka": "up", "postgres": "up", "clickhouse": "up"}  # fmt: skip


async def test_a_run_streams_from_kafka_to_the_socket(served: Served, client: httpx.AsyncClient, engines: Any) -> None:
    made = await scrape(client, name="shop")
    run_id, job_id = made["run_id"], made["job_id"]
    headers = {"Authorization": client.headers["Authorization"]}
    found = records("a", "b", "c")
    async with (
        connect(
            f"ws://{served.address}{made['links']['stream']}", additional_headers=headers, open_timeout=60
        ) as socket,
        Publisher(engines.kafka, "test") as publisher,
    ):
        await until(socket, "status")
        await publisher.send(batch(run_id, job_id, found[:1]))
        await until(socket, "record")
        ends = await published(publisher, run_id, job_id, found[1:])
        await publisher.send(event(run_id, job_id, "completed", "state", end_offsets=ends, counts=RunCounts(stored=3)))
        frames, code = await all_of(socket)
    assert keys(frames) == ["b", "c"] and code == 1000
    assert {"log", "trend", "complete"} <= set(types(frames)) and types(frames)[-1] == "complete"


async def published(publisher: Publisher, run_id: str, job_id: str, found: list[Any]) -> dict[str, dict[str, int]]:
    """Publishes the rest of a run; the end offsets of all that belongs to it, as dispatch would tell them."""
    assert publisher._producer
    ends: dict[str, dict[str, int]] = {}
    for told in (batch(run_id, job_id, found), outcome(run_id, job_id), trend(run_id)):
        sent = await publisher._producer.send_and_wait(topic_of(type(told)), codec.encode(told), key=b"shop")
        ends[sent.topic] = {str(sent.partition): sent.offset + 1}
    return ends


async def test_metrics_of_others_stand_on_the_open_port(
    served: Served, client: httpx.AsyncClient, engines: Any
) -> None:
    async with Publisher(engines.kafka, "test") as publisher, httpx.AsyncClient(trust_env=False, timeout=60) as anyone:
        values = {'trawl_pages_total{stage="x"}': 3.0}
        sample = MetricSample(
            id=str(uuid4()), process="made-up", instance="i", at="2026-01-05T10:30:00Z", values=values
        )
        await publisher.send(sample)

        async def shown() -> bool:
            page = await anyone.get(f"http://127.0.0.1:{served.metrics_port}/metrics")
            return 'trawl_pages_total{process="made-up",instance="i",stage="x"} 3.0' in page.text

        await until_true(shown)
        assert (await anyone.get(f"{served.url}/api/v1/system/metrics")).status_code == 401
        assert (await anyone.get(f"{served.url}/metrics")).status_code == 404


async def test_it_survives_kafka(served: Served, client: httpx.AsyncClient, engines: Any) -> None:
    made = await scrape(client)
    run_id, job_id = made["run_id"], made["job_id"]
    headers = {"Authorization": client.headers["Authorization"]}
    async with connect(
        f"ws://{served.address}{made['links']['stream']}", additional_headers=headers, open_timeout=60
    ) as socket:
        async with Publisher(engines.kafka, "test") as publisher:
            await publisher.send(batch(run_id, job_id, records("before")))
        await until(socket, "record")
        await asyncio.to_thread(engines.kill, "kafka")
        assert (await scrape(client))["status"] == "queued"

        async def unwell() -> bool:
            answer = await client.get("/health")
            return answer.status_code == 503 and answer.json()["dependencies"]["kafka"]["status"] == "down"

        await until_true(unwell)
        await asyncio.to_thread(engines.restart, "kafka")
        async with Publisher(engines.kafka, "test") as publisher:
            await publisher.send(batch(run_id, job_id, records("after")))
        frames = await until(socket, "record")
        assert keys(frames) == ["after"]

    async def well() -> bool:
        return (await client.get("/health")).status_code == 200

    await until_true(well)


@pytest.mark.parametrize("name", ["postgres", "clickhouse"])
async def test_a_store_that_goes_away_is_a_503_until_it_is_back(
    served: Served, client: httpx.AsyncClient, engines: Any, name: str
) -> None:
    made = await scrape(client)
    address = "/api/v1/jobs" if name == "postgres" else made["links"]["records"]
    assert (await client.get(address)).status_code == 200
    await asyncio.to_thread(engines.kill, name)
    try:
        answers = await asyncio.gather(*(client.get(address) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {503}
        assert all("retry-after" in answer.headers for answer in answers)

        async def told() -> bool:  # an answer about health may be a second old
            return bool((await client.get("/health")).json()["dependencies"][name]["status"] == "down")

        await until_true(told)
    finally:
        await asyncio.to_thread(engines.restart, name)

    async def back() -> bool:
        return (await client.get(address)).status_code == 200

    await until_true(back)


async def test_a_token_outlives_the_process_and_the_process_drains(served: Served, client: httpx.AsyncClient) -> None:
    served.stop(kill=True)
    await asyncio.to_thread(served.start)
    assert (await client.get("/api/v1/jobs")).status_code == 200
    headers = {"Authorization": client.headers["Authorization"]}
    async with connect(f"ws://{served.address}/api/v1/stream", additional_headers=headers, open_timeout=60) as socket:
        assert await asyncio.to_thread(served.stop) == 0
        with pytest.raises(ConnectionClosed) as closed:
            while True:  # what was said before the end comes first
                await socket.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
    for line in served.log().splitlines():
        json.loads(line)
    await asyncio.to_thread(served.start)
