"""A producer that cannot go on is exchanged, once, and nothing is sent by two at the same time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from infra.errors import StoreRefused, StoreUnavailable
from infra.kafka import publisher as publishing
from infra.kafka.publisher import Publisher


class Producer:
    """The driver's: does what `Producers` says."""

    def __init__(self, world: "Producers") -> None:
        self._world = world
        self._closed = False
        self._message_accumulator = SimpleNamespace(fail_all=lambda problem: None)
        self._sender = SimpleNamespace(sender_task=None)
        self.client: Any = self
        self._sync_task: asyncio.Task[None] | None = None
        self.sent: list[bytes] = []

    async def start(self) -> None:
        if self._world.away:
            self._world.away -= 1
            raise KafkaConnectionError("the broker is away")
        assert all(other._closed for other in self._world.made if other is not self), "two producers at a time"

    async def stop(self) -> None:
        self._closed = True
        await asyncio.sleep(0)

    async def close(self) -> None: ...

    async def send(self, topic: str, value: bytes, **more: object) -> "asyncio.Future[None]":
        found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        problem = self._world.problem if self is self._world.made[0] else None
        if problem:
            found.set_exception(problem)
        else:
            self.sent.append(value)
            found.set_result(None)
        return found


class Producers:
    """Of these the first one has `problem` with whatever it is given."""

    def __init__(self) -> None:
        self.made: list[Producer] = []
        self.problem: KafkaError | None = None
        self.away = 0

    def make(self, **wishes: object) -> Producer:
        self.made.append(Producer(self))
        return self.made[-1]


@pytest.fixture
def producers(monkeypatch: pytest.MonkeyPatch) -> Producers:
    found = Producers()
    monkeypatch.setattr(publishing, "AIOKafkaProducer", found.make)
    return found


async def send(publisher: Publisher, value: bytes = b"x") -> None:
    await publisher.send_raw("topic", "key", value, [])


async def test_after_a_gap_in_its_numbers_there_is_another_producer(producers: Producers) -> None:
    producers.problem = OutOfOrderSequenceNumber()
    async with Publisher("kafka.test:9092", "test") as publisher:
        with pytest.raises(StoreUnavailable, match="OutOfOrder"):
            await send(publisher)
        await send(publisher, b"again")
    assert [producer.sent for producer in producers.made] == [[], [b"again"]]
    assert all(producer._closed for producer in producers.made)


async def test_however_many_send_it_is_exchanged_once(producers: Producers) -> None:
    producers.problem = OutOfOrderSequenceNumber()
    async with Publisher("kafka.test:9092", "test") as publisher:
        told = await asyncio.gather(*(send(publisher) for _ in range(10)), return_exceptions=True)
        assert {type(problem) for problem in told} == {StoreUnavailable}
        await send(publisher)
    assert len(producers.made) == 2


async def test_a_producer_whose_own_task_is_over_is_exchanged_before_anything_is_sent(producers: Producers) -> None:
    async with Publisher("kafka.test:9092", "test") as publisher:
        producers.made[0]._sync_task = over = asyncio.create_task(asyncio.sleep(0))
        await over
        await send(publisher)
    assert [len(producer.sent) for producer in producers.made] == [0, 1]


async def test_while_there_is_none_to_be_had_whoever_sends_next_tries_again(producers: Producers) -> None:
    producers.problem = OutOfOrderSequenceNumber()
    async with Publisher("kafka.test:9092", "test") as publisher:
        producers.away = 2
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="does not answer"):
                await send(publisher)
        await send(publisher)
    assert [len(producer.sent) for producer in producers.made] == [0, 0, 0, 1]


async def test_what_is_too_large_is_no_reason(producers: Producers) -> None:
    producers.problem = MessageSizeTooLargeError()
    async with Publisher("kafka.test:9092", "test") as publisher:
        with pytest.raises(StoreRefused):
            await send(publisher)
    assert len(producers.made) == 1
