"""Streams on the real engines: cut off, killed, trimmed, and at another replica."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from websockets.asyncio.client import ClientConnection, connect

from infra.clickhouse.client import connect as connect_clickhouse
from infra.local.ports import free_port
from infra.postgres.pool import Database
from schemas import codec
from schemas.delivery import Delivery
from schemas.events import Event
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS, topic_of
from streams.warehouse.arriving import decode
from streams.warehouse.rows import shape_of
from tests.integration.api.conftest import Served
from tests.integration.kafka.workers import administrator
from tests.unit.api.happenings import batch, outcome, records
from tests.unit.api.test_streams import keys, until


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        answer = await http.post("/api/v1/auth/login", json={"username": "admin", "password": served.password})
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http


@pytest.fixture(scope="module")
def other(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A second replica."""
    port, metrics_port = free_port(), free_port()
    environ = served.environ | {"TRAWL_PORT": str(port), "TRAWL_METRICS_PORT": str(metrics_port)}
    folder: Path = tmp_path_factory.mktemp("other")
    found = replace(served, environ=environ, port=port, metrics_port=metrics_port, folder=folder, process=None)
    found.start()
    try:
        yield found
    finally:
        if found.process and found.process.poll() is None:
            found.stop()


@pytest.fixture
async def producer(engines: Any) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=engines.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    yield producer
    await producer.stop()


async def publish(producer: AIOKafkaProducer, *events: Event) -> list[Message]:
    found = []
    for event in events:
        topic, value = topic_of(type(event)), codec.encode(event)
        sent = await producer.send_and_wait(topic, value, key=event.partition_key().encode())
        found.append(Message(topic, sent.partition, sent.offset, None, value))
    return found


def at(served: Served, path: str, client: httpx.AsyncClient, cursor: str = "") -> connect:
    query = f"?cursor={cursor}" if cursor else ""
    headers = {"Authorization": client.headers["Authorization"]}
    return connect(f"ws://{served.address}{path}{query}", additional_headers=headers, max_size=None, open_timeout=60)


async def read(socket: ClientConnection, count: int) -> tuple[list[str], str]:
    """The keys of the next so many records, and the cursor of the last one."""
    frames = await until(socket, "record", count)
    assert all("id" in frame for frame in frames if frame["type"] in ("record", "log"))
    return keys(frames), frames[-1]["cursor"]


async def test_a_stream_goes_on_after_a_kill_and_at_another_replica(
    served: Served, other: Served, client: httpx.AsyncClient, producer: AIOKafkaProducer
) -> None:
    made = (await client.post("/api/v1/scrape", json={"url": "http://shop.test/", "name": "live"})).json()
    run_id, job_id, path = made["run_id"], made["job_id"], made["links"]["stream"]
    names = iter(f"k{number:03}" for number in range(100))

    def some(count: int) -> Any:
        return batch(run_id, job_id, records(*(next(names) for _ in range(count))), "live")

    told: list[str] = []
    async with at(served, path, client) as socket:
        await until(socket, "status")
        await publish(producer, some(5), outcome(run_id, job_id), some(5))
        found, cursor = await read(socket, 3)  # cut off in the midst of a message
        told += found
    await publish(producer, some(5))
    async with at(other, path, client, cursor) as socket:
        found, cursor = await read(socket, 6)
        told += found
    await asyncio.to_thread(served.stop, kill=True)
    await publish(producer, some(5))
    await asyncio.to_thread(served.start)
    async with at(served, path, client, cursor) as socket:
        await publish(producer, some(5))
        found, cursor = await read(socket, 16)
        told += found
    assert told == [f"k{number:03}" for number in range(25)]
    async with at(served, "/api/v1/stream", client, cursor) as socket:
        frame = json.loads(await socket.recv())
        assert frame["type"] == "error" and "cursor" in frame["data"]["message"], "a cursor is of one stream"


async def test_what_kafka_dropped_comes_from_the_warehouse_and_what_nobody_keeps_is_a_gap(
    served: Served, client: httpx.AsyncClient, producer: AIOKafkaProducer, engines: Any
) -> None:
    made = (await client.post("/api/v1/scrape", json={"url": "http://shop.test/", "name": "kept"})).json()
    run_id, job_id, path = made["run_id"], made["job_id"], made["links"]["stream"]
    batches = [batch(run_id, job_id, records(f"{letter}1", f"{letter}2"), "kept") for letter in "abcd"]
    async with at(served, path, client) as socket:
        await until(socket, "status")
        sent = await publish(producer, batches[0])
        told, cursor = await read(socket, 1)
    sent += await publish(producer, *batches[1:])
    await store(engines, sent[:3])
    place = TopicPartition(CLEAN_RECORDS, sent[0].partition)
    async with administrator(engines.kafka) as admin:
        await admin.delete_records({place: RecordsToDelete(sent[3].offset + 1)})
    await asyncio.to_thread(served.stop, kill=True)
    await asyncio.to_thread(served.start)  # its ring is empty
    sent += await publish(producer, batch(run_id, job_id, records("e1"), "kept"))
    async with at(served, path, client, cursor) as socket:
        frames = await until(socket, "record", 6)
    assert told + keys(frames) == ["a1", "a2", "b1", "b2", "c1", "c2", "e1"]
    gaps = [frame["data"] for frame in frames if frame["type"] == "gap"]
    assert [(gap["from"], gap["to"], gap["reason"]) for gap in gaps] == [
        ({str(place.partition): sent[3].offset}, {str(place.partition): sent[4].offset}, "retention")
    ]


async def store(engines: Any, sent: list[Message]) -> None:
    """What the warehouse does, with its own rows."""
    moment = "2026-01-05T10:30:00.000Z"
    deliveries = [Delivery(message, decode(message.topic, message.value)) for message in sent]
    client = connect_clickhouse(engines.clickhouse)
    try:
        for rows in shape_of(CLEAN_RECORDS).rows(deliveries, moment):
            settings = {"date_time_input_format": "best_effort"}
            client.raw_insert(rows.table, insert_block=rows.body, fmt=rows.format, settings=settings)
    finally:
        client.close()
    async with Database(engines.postgres) as database:
        await database.fetch(
            b"insert into intents (cluster_id, topic, partition, first_offset, last_offset, skipped, ingested_at,"
            b" epoch, confirmed_at) values (%s, %s, %s, %s, %s, '{}', %s, 1, now())",
            (secrets.token_hex(4), sent[0].topic, sent[0].partition, sent[0].offset, sent[-1].offset, moment),
        )
    assert orjson.loads(sent[0].value or b"")["records"]
