"""aiokafka at its edges: begun whole or not at all, ended in whatever state, and seen when its own tasks are over."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from infra.errors import StoreUnavailable

log = structlog.get_logger()

_ENDING_S = 5.0
"""Longer than leaving a group takes. While no broker answers, a good end would not come at all."""


async def begin_consumer(consumer: AIOKafkaConsumer, brokers: str) -> None:
    """Starts a consumer, or leaves nothing of it behind. Raises StoreUnavailable when the broker does not answer."""
    try:
        await consumer.start()
    except (KafkaError, OSError) as problem:
        await end_consumer(consumer)
        raise StoreUnavailable(f"Kafka at {brokers} does not answer: {problem}") from problem
    except BaseException:
        await end_consumer(consumer)
        raise


async def end_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stops a consumer and closes its connections, in seconds, whatever its `stop` comes to.

    During an outage that may wait for ever, or raise a CancelledError that nobody asked for (the fetcher cancels a
    request that pauses before its next try, and awaits it), and then leaves sockets and tasks behind. Who is cancelled
    while waiting here is cancelled.
    """
    try:
        await _finished(consumer.stop())
    finally:
        for task in _tasks(consumer):
            task.cancel()
        await close(consumer._client)


async def close(client: Any) -> None:
    """Closes the connections of an AIOKafkaClient, also when its task for the metadata is over: its own `close` would
    raise what ended that task before it came to them."""
    if client._sync_task is not None and client._sync_task.done():
        client._sync_task = None
    await _finished(client.close())


async def end_producer(producer: AIOKafkaProducer, within_s: float) -> None:
    """Stops a producer that has so long for what it still holds: an idempotent one tries for ever. Nothing of it is
    sent later, and whoever waits for the rest is told that it did not arrive."""
    try:
        await _finished(producer.stop(), within_s)
    finally:
        producer._message_accumulator.fail_all(ProducerClosed())
        sender = producer._sender.sender_task
        if sender is not None:
            sender.cancel()
        await close(producer.client)


def over_producer(producer: AIOKafkaProducer) -> str:
    """The same as `over` of a producer, which sends nothing any more then; also of one that was ended."""
    said = _ended(("metadata", producer.client._sync_task), ("sending", producer._sender.sender_task))
    return said or ("it was ended" if producer._closed else "")


def over(consumer: AIOKafkaConsumer) -> str:
    """Says which of the driver's own tasks has ended, or nothing. They live as long as their consumer; when one has
    ended nobody else says so, and nothing comes any more. May be asked from any thread."""
    return _ended(
        ("metadata", consumer._client._sync_task),
        ("fetching", getattr(consumer._fetcher, "_fetch_task", None)),
        ("the group", getattr(consumer._coordinator, "_coordination_task", None)),
    )


def _ended(*tasks: "tuple[str, asyncio.Task[Any] | None]") -> str:
    for what, task in tasks:
        if task is not None and task.done():
            problem = None if task.cancelled() else task.exception()
            return f"the driver's task for {what} has ended" + (f": {problem!r}" if problem else "")
    return ""


def _tasks(consumer: AIOKafkaConsumer) -> "Iterator[asyncio.Task[Any]]":
    """What a stop that did not come to its end may have left."""
    fetcher, coordinator = consumer._fetcher, consumer._coordinator
    left = [getattr(coordinator, f"_{name}_task", None) for name in ("coordination", "heartbeat", "commit_refresh")]
    if fetcher is not None:
        left += [fetcher._fetch_task, *fetcher._pending_tasks]
    return (task for task in left if task is not None)


async def _finished(work: Coroutine[Any, Any, None], within_s: float | None = None) -> None:
    """Waits for work in a task of its own: how it ends is its own matter, and said in the log."""
    task = asyncio.create_task(work)
    task.add_done_callback(_tell)
    try:
        await asyncio.wait({task}, timeout=_ENDING_S if within_s is None else within_s)
    finally:
        task.cancel()


def _tell(task: "asyncio.Task[None]") -> None:
    problem = asyncio.CancelledError() if task.cancelled() else task.exception()
    if problem is not None:
        log.info("kafka_client_ended_badly", error=repr(problem))
