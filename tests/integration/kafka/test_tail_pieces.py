"""A bounded piece of a log, and a topic that is not the one it was."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete

from infra.errors import LogMoved
from infra.kafka.tail import Tail
from tests.engines import Engines
from tests.integration.kafka.workers import administrator


@pytest.fixture
async def producer(engines: Engines, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=engines.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    for name in "abcdef":
        await producer.send_and_wait(topic, name.encode())
    yield producer
    await producer.stop()


async def test_a_piece_is_read_from_its_offset_to_its_end(
    engines: Engines, topic: str, producer: AIOKafkaProducer
) -> None:
    async def piece(first: int, until: int) -> tuple[str, int]:
        places = {(topic, 0): first}, {(topic, 0): until}
        async with asyncio.timeout(120), Tail(engines.kafka, [topic], first=places[0], until=places[1]) as tail:
            return "".join([(message.value or b"").decode() async for message in tail]), tail.begins[topic, 0]

    assert await piece(1, 4) == ("bcd", 0)
    assert await piece(4, 99) == ("ef", 0), "a log that is shorter ends it"
    assert await piece(6, 6) == ("", 0)
    async with administrator(engines.kafka) as admin:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(3)})
    assert await piece(1, 5) == ("de", 3), "what retention took is told by where the log begins"


async def test_a_topic_made_anew_is_another(engines: Engines, topic: str, producer: AIOKafkaProducer) -> None:
    async with Tail(engines.kafka, [topic], same=True) as before:
        first = before.ids[topic]

        async def read() -> None:
            async for _ in before:
                pass

        reading = asyncio.create_task(read())
        async with administrator(engines.kafka) as admin:
            await admin.delete_topics([topic])
            await again(admin, topic)
        for name in "ghijklmnop":
            await producer.send_and_wait(topic, name.encode())
        with pytest.raises(LogMoved, match="made anew"):
            await asyncio.wait_for(reading, 120)
    async with Tail(engines.kafka, [topic], same=True) as after:
        assert after.ids[topic] != first


async def again(admin: object, topic: str) -> None:
    """A broker makes a topic of the same name once it has forgotten the first."""
    async with asyncio.timeout(120):
        while True:
            answer = await admin.create_topics([NewTopic(topic, 1, 1)])  # type: ignore[attr-defined]
            if not answer.topic_errors[0][1]:
                return
            await asyncio.sleep(0.1)
