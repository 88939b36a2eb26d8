"""fetch-tasks for one fetcher: acknowledged on receipt, since the frontier knows every task that is under way."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Protocol, Self

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from infra.errors import StoreUnavailable
from infra.kafka.consumed import message_of
from infra.kafka.publisher import Publisher
from schemas.codec import decode
from schemas.delivery import Reject
from schemas.errors import CodecError
from schemas.topics import FETCH_TASKS

log = structlog.get_logger()


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
        try:
            await consumer.start()
        except (KafkaError, OSError) as problem:
            await consumer.stop()
            raise StoreUnavailable(f"Kafka at {self._brokers} does not answer: {problem}") from problem
        self._consumer = consumer
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        if self._consumer:
            await self._consumer.stop()

    async def feed(self, taker: Taker, stopping: asyncio.Event) -> None:
        """Hands tasks over as long as there is room; back-pressure is not polling."""
        assert self._consumer, "Use `async with` before feeding."
        while not stopping.is_set():
            if taker.full:
                await asyncio.sleep(0.1)
                continue
            try:
                found = await self._consumer.getmany(timeout_ms=250, max_records=500)
                tasks = [task for records in found.values() for task in await self._decoded(records)]
                if found:
                    taker.take(tasks)
                    await self._consumer.commit()
            except (CommitFailedError, IllegalStateError) as problem:
                log.info("commit_refused", stage="fetch", error=str(problem))
            except (KafkaError, OSError, StoreUnavailable) as problem:
                log.warning("kafka_unavailable", error=repr(problem))
                await asyncio.sleep(0.5)

    async def _decoded(self, records: Iterable[Any]) -> list[Any]:
        tasks, rejects = [], []
        for record in records:
            try:
                tasks.append(decode(FETCH_TASKS, record.value))
            except CodecError as problem:
                rejects.append(Reject.of(message_of(record), problem.code, problem.reason))
        if rejects:
            await self._letters.dead_letters("fetch", rejects)
        return tasks
