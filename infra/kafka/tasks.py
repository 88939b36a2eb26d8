"""fetch-tasks for one fetcher: acknowledged on receipt, since the frontier knows every task that is under way."""

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from infra.errors import StoreUnavailable
from infra.kafka.consumed import message_of
from infra.kafka.driver import begin_consumer, end_consumer, over
from infra.kafka.publisher import Publisher
from infra.patience import LIMIT_S
from schemas.codec import decode
from schemas.delivery import Reject
from schemas.errors import CodecError
from schemas.topics import FETCH_TASKS

log = structlog.get_logger()

_PAUSE_S = 0.5


class Taker(Protocol):
    """Whoever visits."""

    @property
    def full(self) -> bool:
        """Nothing more for now."""
        ...

    def take(self, tasks: Iterable[Any]) -> None:
        """Takes them over."""
        ...


class TaskConsumer:
    """One member of the fetchers' group."""

    def __init__(self, brokers: str, letters: Publisher) -> None:
        self._brokers = brokers
        self._letters = letters
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        consumer = AIOKafkaConsumer(
            FETCH_TASKS,
            bootstrap_servers=self._brokers,
            group_id="trawl-fetch",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=8_000,
            heartbeat_interval_ms=2_000,
            fetch_max_wait_ms=100,
        )
        await begin_consumer(consumer, self._brokers)
        self._consumer = consumer
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        consumer, self._consumer = self._consumer, None
        if consumer:
            await end_consumer(consumer)

    async def feed(self, taker: Taker, stopping: asyncio.Event) -> None:
        """Hands tasks over as long as there is room; back-pressure is not polling.

        An outage is waited out. Raises StoreUnavailable when the driver has given up: it would be silent for ever.
        """
        assert self._consumer, "Use `async with` before feeding."
        consumer = self._consumer
        while not stopping.is_set():
            if said := over(consumer):
                raise StoreUnavailable(f"Kafka at {self._brokers} hands out no tasks any more: {said}")
            if taker.full:
                await asyncio.sleep(0.1)
                continue
            found = await _portion(consumer)
            if not found:
                continue
            tasks, rejects = _decoded(record for records in found.values() for record in records)
            taker.take(tasks)  # what is good waits for no letter
            # The position is past them already: the next commit would pass letters that nobody has taken.
            if await self._written(rejects, stopping):
                await _commit(consumer)

    async def _written(self, rejects: Sequence[Reject], stopping: asyncio.Event) -> bool:
        """Whether the letters were taken; until then again and again, unless the process is to end."""
        while rejects and not stopping.is_set():
            try:
                await self._letters.dead_letters("fetch", rejects)
            except StoreUnavailable as problem:
                await _away(problem)
            else:
                return True
        return not rejects


async def _portion(consumer: AIOKafkaConsumer) -> dict[TopicPartition, list[Any]]:
    try:
        async with asyncio.timeout(LIMIT_S):  # while the group is formed anew the driver waits, and it may give up
            found: dict[TopicPartition, list[Any]] = await consumer.getmany(timeout_ms=250, max_records=500)
            return found
    except (KafkaError, OSError) as problem:
        await _away(problem)
        return {}


async def _commit(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(LIMIT_S):  # the driver itself tries for ever
            await consumer.commit()
    except (CommitFailedError, IllegalStateError) as problem:
        log.info("commit_refused", stage="fetch", error=str(problem))
    except (KafkaError, OSError) as problem:
        await _away(problem)


async def _away(problem: Exception) -> None:
    log.warning("kafka_unavailable", error=repr(problem))
    await asyncio.sleep(_PAUSE_S)


def _decoded(records: Iterable[Any]) -> tuple[list[Any], list[Reject]]:
    tasks, rejects = [], []
    for record in records:
        try:
            tasks.append(decode(FETCH_TASKS, record.value))
        except CodecError as problem:
            rejects.append(Reject.of(message_of(record), problem.code, problem.reason))
    return tasks, rejects
