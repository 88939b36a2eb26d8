"""Live reading: everything from a moment on, by everybody, in order, and across an outage."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.records_to_delete import RecordsToDelete

from infra.errors import StoreUnavailable
from infra.kafka.tail import Tail
from infra.local.ports import free_port
from tests.engines import Engines
from tests.integration.kafka.workers import administrator, until


@pytest.fixture
async def producer(engines: Engines, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=engines.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    yield producer
    await producer.stop()


async def send(producer: AIOKafkaProducer, topic: str, names: Iterable[str]) -> None:
    for name in names:
        await producer.send_and_wait(topic, name.encode())


async def read(tail: Tail, count: int) -> list[str]:
    """The next so many values."""
    found: list[str] = []
    async with asyncio.timeout(120):
        async for message in tail:
            found.append((message.value or b"").decode())
            if len(found) == count:
                return found
    raise AssertionError("a tail has no end")


async def test_it_begins_now_and_everybody_sees_everything(
    engines: Engines, topic: str, producer: AIOKafkaProducer
) -> None:
    await send(producer, topic, "ab")
    async with Tail(engines.kafka, [topic]) as one, Tail(engines.kafka, [topic]) as other:
        assert one.positions() == {topic: {0: 2}}
        await send(producer, topic, "cdef")
        assert await read(one, 4) == list("cdef") and await read(other, 4) == list("cdef")
        assert one.positions() == {topic: {0: 6}}


async def test_it_begins_some_time_ago(engines: Engines, topic: str, producer: AIOKafkaProducer) -> None:
    await send(producer, topic, "abc")
    async with Tail(engines.kafka, [topic], since_seconds=3600) as tail:
        assert await read(tail, 3) == list("abc")
        assert tail.positions() == {topic: {0: 3}}


async def test_a_moment_after_the_last_message_is_now(engines: Engines, topic: str, producer: AIOKafkaProducer) -> None:
    await producer.send_and_wait(topic, b"old", timestamp_ms=1_000_000)
    async with Tail(engines.kafka, [topic], since_seconds=60) as tail:
        await send(producer, topic, "n")
        assert await read(tail, 1) == ["n"]


async def test_what_was_handed_out_is_what_positions_tell(
    engines: Engines, topic: str, producer: AIOKafkaProducer
) -> None:
    async with Tail(engines.kafka, [topic]) as tail:
        await send(producer, topic, "abcde")
        await read(tail, 2)
        assert tail.positions() == {topic: {0: 2}}, "not what was fetched"


async def test_what_was_trimmed_is_all_that_is_missing(
    engines: Engines, topic: str, producer: AIOKafkaProducer
) -> None:
    """Retention overtook a slow reader: it goes on with the oldest that is left, not with the newest.

    The messages are so large that not all of them can have been fetched before.
    """
    async with Tail(engines.kafka, [topic], since_seconds=3600) as tail:
        await send(producer, topic, (letter * 400_000 for letter in "abcdefgh"))
        async with administrator(engines.kafka) as admin:
            await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(5)})
        found = ""
        while not found.endswith("h"):
            found += (await read(tail, 1))[0][0]
        assert found.endswith("fgh") and "abcde".startswith(found[:-3])


async def test_an_outage_leaves_no_gap(engines: Engines, topic: str, producer: AIOKafkaProducer) -> None:
    async with Tail(engines.kafka, [topic]) as tail:
        await send(producer, topic, "a")
        assert await read(tail, 1) == ["a"]
        await asyncio.to_thread(engines.restart, "kafka")
        await send(producer, topic, "bc")
        assert await read(tail, 2) == list("bc")


async def test_without_a_broker_it_does_not_start() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        async with Tail(f"127.0.0.1:{free_port()}", ["any"]):
            raise AssertionError("there is no broker")


async def test_it_is_left_during_an_outage_without_a_trace(
    engines: Engines, topic: str, producer: AIOKafkaProducer
) -> None:
    """Where the driver's own stop may cancel whoever calls it, and leave its connections behind."""
    before = asyncio.all_tasks()
    begun, ended = asyncio.Barrier(9), asyncio.Event()

    async def reading() -> None:
        async with Tail(engines.kafka, [topic], since_seconds=3600) as tail:
            await read(tail, 1)
            await begun.wait()
            await ended.wait()

    await send(producer, topic, "a")
    readers = [asyncio.create_task(reading()) for _ in range(8)]
    await begun.wait()
    engines.kill("kafka")
    try:
        await asyncio.sleep(1)
        ended.set()
        async with asyncio.timeout(120):
            assert await asyncio.gather(*readers, return_exceptions=True) == [None] * len(readers)

        def left() -> list[str]:
            names = [repr(task.get_coro()) for task in asyncio.all_tasks() - before]
            return [name for name in names if "Fetcher." in name or "_md_synchronizer" in name]

        await until(lambda: not left())
    finally:
        await asyncio.to_thread(engines.restart, "kafka")
