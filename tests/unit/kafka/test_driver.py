"""aiokafka's consumers end whatever state they are in, and are seen when their own tasks are over."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaConnectionError

from infra.errors import StoreUnavailable
from infra.kafka import driver
from infra.kafka.driver import begin_consumer, close, end_consumer, over

PLACE = TopicPartition("topic", 0)


class Client:
    """Of a broker that has just gone: it is known, and no request arrives."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._metadata_max_age_ms = 300_000
        self._sync_task: asyncio.Task[None] | None = None
        self.cluster = SimpleNamespace(leader_for_partition=lambda place: 0)
        self.asked = asyncio.Event()
        self.closed = 0

    async def send(self, *request: object) -> None:
        self.asked.set()
        raise KafkaConnectionError("the broker is away")

    def set_topics(self, topics: object) -> None: ...

    async def close(self) -> None:
        if self._sync_task:
            await self._sync_task
        self.closed += 1


async def pausing(client: Any) -> AIOKafkaConsumer:
    """A consumer whose fetcher pauses before it asks again."""
    consumer = AIOKafkaConsumer(group_id=None)
    consumer._client = client
    consumer.assign([PLACE])
    consumer._subscription.subscription.assignment.state_value(PLACE).seek(0)
    consumer._fetcher = Fetcher(client, consumer._subscription, retry_backoff_ms=60_000)
    await client.asked.wait()
    return consumer


async def over_soon(work: Any) -> "asyncio.Task[Any]":
    task = asyncio.create_task(work)
    await asyncio.wait({task})
    return task


async def failing() -> None:
    raise RuntimeError("out of its reach")


async def test_the_driver_cancels_whoever_stops_it_during_an_outage() -> None:
    """Why there is `end_consumer`: when this fails the driver has been mended."""
    consumer = await pausing(Client())
    task = await over_soon(consumer.stop())
    assert task.cancelled() and consumer._client.closed == 0
    await end_consumer(consumer)


async def test_who_ends_it_is_not_cancelled_and_nothing_is_left() -> None:
    consumer = await pausing(Client())
    task = await over_soon(end_consumer(consumer))
    assert not task.cancelled() and task.exception() is None
    assert consumer._client.closed == 1 and consumer._fetcher._fetch_task.done()


async def test_an_end_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_ENDING_S", 0.05)
    consumer = await pausing(Client())
    waiting = asyncio.create_task(asyncio.Event().wait())
    consumer._coordinator = SimpleNamespace(close=asyncio.Event().wait, _coordination_task=waiting)
    async with asyncio.timeout(60):
        await end_consumer(consumer)
    await asyncio.wait({waiting, consumer._fetcher._fetch_task}, timeout=60)
    assert consumer._client.closed == 1 and waiting.cancelled() and consumer._fetcher._fetch_task.done()


async def test_who_is_cancelled_meanwhile_is_cancelled_and_the_connections_are_closed() -> None:
    consumer = await pausing(Client())
    closing = asyncio.Event()

    async def close_never() -> None:
        closing.set()
        await asyncio.Event().wait()

    consumer._coordinator = SimpleNamespace(close=close_never)
    ending = asyncio.create_task(end_consumer(consumer))
    await closing.wait()
    ending.cancel()
    await asyncio.wait({ending})
    assert ending.cancelled() and consumer._client.closed == 1


async def test_a_client_whose_task_for_the_metadata_failed_is_closed_all_the_same() -> None:
    client = Client()
    client._sync_task = await over_soon(failing())
    client._sync_task.exception()
    await close(client)
    assert client.closed == 1


async def test_what_does_not_begin_leaves_nothing() -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1 does not answer"):
        await begin_consumer(consumer, "127.0.0.1:1")
    assert consumer._closed


async def test_each_of_its_own_tasks_is_missed() -> None:
    consumer = await pausing(Client())
    assert over(consumer) == ""
    consumer._client._sync_task = await over_soon(failing())
    assert "metadata has ended: RuntimeError('out of its reach')" in over(consumer)
    consumer._client._sync_task = None
    consumer._coordinator = SimpleNamespace(_coordination_task=await over_soon(failing()), close=failing)
    assert "the group" in over(consumer)
    consumer._coordinator = None
    consumer._fetcher._fetch_task.cancel()
    await asyncio.wait({consumer._fetcher._fetch_task})
    assert over(consumer) == "the driver's task for fetching has ended"
    await end_consumer(consumer)
