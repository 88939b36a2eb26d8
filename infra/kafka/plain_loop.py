"""The same lossless loop over a plain consumer, for topics that are too quiet for a Faust app of their own."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from infra.errors import StoreUnavailable
from infra.kafka.consumed import message_of
from infra.kafka.driver import begin_consumer, end_consumer, over
from infra.kafka.pump import Pump
from infra.kafka.watch import stuck, watch
from infra.patience import LIMIT_S
from schemas.delivery import Settled

log = structlog.get_logger()


class _Watch(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver has no types
    """Notes that the assignment changed; the loop acts on it between two batches."""

    def __init__(self) -> None:
        self.changed = False

    async def on_partitions_revoked(self, revoked: Any) -> None:
        self.changed = True

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self.changed = True


class PlainLoop:
    """Feeds one pump from several topics, in one group. At most a round every `every` seconds: what is quiet comes
    in portions that are worth an insert."""

    def __init__(
        self, pump: Pump, *, brokers: str, topics: Sequence[str], batch: int = 2000, every: float = 0.5
    ) -> None:
        self._pump = pump
        self._brokers = brokers
        self._topics = list(topics)
        self._batch = batch
        self._every = every
        self._committed: dict[tuple[str, int], int] = {}
        self._consumer: AIOKafkaConsumer | None = None

    async def run(self, stopping: asyncio.Event, started: asyncio.Event) -> None:
        """Consumes until `stopping` is set; raises what must end the process."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._brokers,
            group_id=f"trawl-{self._pump.name}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=120_000,
            # As seldom as a round: what is quiet is asked about twice a second, what is busy comes in one piece.
            fetch_min_bytes=100_000,
            fetch_max_wait_ms=max(50, int(1000 * self._every)),
        )
        changes = _Watch()
        consumer.subscribe(topics=self._topics, listener=changes)
        await begin_consumer(consumer, self._brokers)
        self._consumer = consumer
        watch(self._pump.name, stopping, stuck(self._pump.stuck_s), self._silent)
        try:
            started.set()
            while not stopping.is_set():
                began = time.monotonic()
                await self._round(consumer, changes)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, began + self._every - time.monotonic())):
                        await stopping.wait()
            await self._pump.released()
        finally:
            self._consumer = None
            await end_consumer(consumer)

    def _silent(self) -> str:
        """What the driver would never say; nothing while the consumer is being ended."""
        consumer = self._consumer
        return over(consumer) if consumer else ""

    async def _round(self, consumer: AIOKafkaConsumer, changes: _Watch) -> None:
        polled_at = time.monotonic()
        found = await consumer.getmany(timeout_ms=250, max_records=self._batch)
        if changes.changed:
            changes.changed = False
            self._committed.clear()
            for topic in self._topics:
                own = {place.partition for place in consumer.assignment() if place.topic == topic}
                await self._pump.assigned(topic, own)
        own_places = consumer.assignment()
        messages = [message_of(record) for place, records in found.items() if place in own_places for record in records]
        settled = await self._pump.step(messages, polled_at)
        await self._commit(consumer, settled)

    async def _commit(self, consumer: AIOKafkaConsumer, settled: Settled) -> None:
        """What has moved since the last time: a quiet topic has nothing to say."""
        moved = {place: end for place, end in settled.items() if end > self._committed.get(place, 0)}
        if not moved:
            return
        try:
            async with asyncio.timeout(LIMIT_S):  # the driver itself tries for ever
                await consumer.commit({TopicPartition(*place): end for place, end in moved.items()})
        except (CommitFailedError, IllegalStateError) as problem:
            # The group moved on meanwhile: the new owner finds our work done and passes over it.
            log.info("commit_refused", stage=self._pump.name, error=str(problem))
        except (KafkaError, TimeoutError) as problem:
            await self._pump.released()  # no message is to blame
            raise StoreUnavailable(f"Kafka did not take a commit: {problem!r}") from problem
        else:
            self._committed |= moved
