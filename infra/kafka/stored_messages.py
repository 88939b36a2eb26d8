"""Reading what a topic has kept, from somewhere to somewhere: once, without a group, and gently."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from infra.errors import StoreUnavailable
from infra.kafka.consumed import message_of
from infra.kafka.driver import begin_consumer, end_consumer
from schemas.message import Message
from schemas.topics import topics

PORTION = 32
"""Messages handed out at once."""

_FETCH_BYTES = 2_000_000
"""Bytes asked of one partition at once; with what the driver fetches ahead some 30 MB are held at most."""

_SILENCE_S = 45.0

_GENTLY_MS = 200
_AT_ONCE_MS = 5
"""How long the broker waits for more where a partition ends. Its next answer on that connection waits as long."""


class Archive:
    """The messages of one topic by key, for whoever looks for a single one: its consumer is kept between two looks.

    Raises StoreUnavailable when the broker does not answer. One look at a time.
    """

    def __init__(self, brokers: str, topic: str) -> None:
        self._brokers = brokers
        self._topic = topic
        self._partitions = topics()[topic].partitions
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await end_consumer(consumer)

    async def under(self, key: str, since: float, until: float) -> AsyncGenerator[Message]:
        """The messages under a key that were written between two moments (epoch seconds), oldest first. Whoever leaves
        early closes it: what is assigned is fetched for ever."""
        place = TopicPartition(self._topic, _partition_of(key, self._partitions))
        try:
            consumer = await self._connected()
            starts = await consumer.offsets_for_times({place: int(since * 1000)})
            if starts.get(place) is None:
                return
            end = (await consumer.end_offsets([place]))[place]
            consumer.assign([place])
            try:
                consumer.seek(place, starts[place].offset)
                while await consumer.position(place) < end:
                    for record in (await consumer.getmany(place, timeout_ms=100, max_records=PORTION)).get(place, ()):
                        if record.timestamp > until * 1000:
                            return
                        if record.key == key.encode():
                            yield message_of(record)
            finally:
                consumer.unsubscribe()
        except (KafkaError, OSError) as problem:
            raise _away(self._brokers, self._topic, problem) from problem

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = _consumer_of(self._brokers, wait_ms=_AT_ONCE_MS)
            await begin_consumer(consumer, self._brokers)
            self._consumer = consumer
        return self._consumer


def _partition_of(key: str, partitions: int) -> int:
    """Where a producer puts it: Kafka's default, murmur2."""
    places = list(range(partitions))
    found: int = DefaultPartitioner()(key.encode(), places, places)
    return found


class StoredMessages:
    """The messages of one topic that are still there. Raises StoreUnavailable when the broker does not answer."""

    def __init__(self, brokers: str, topic: str) -> None:
        self._brokers = brokers
        self._topic = topic
        self._places = [TopicPartition(topic, number) for number in range(topics()[topic].partitions)]

    async def span(self, since: float, until: float | None) -> tuple[dict[int, int], dict[int, int]]:
        """Where the messages of a span of time begin and end; epoch seconds, None: where the topic ends now."""
        async with self._consumer() as consumer:
            try:
                ends = await consumer.end_offsets(self._places)
                first = await consumer.offsets_for_times(dict.fromkeys(self._places, int(since * 1000)))
                after = (
                    await consumer.offsets_for_times(dict.fromkeys(self._places, int(until * 1000))) if until else {}
                )
            except (KafkaError, OSError) as problem:
                raise _away(self._brokers, self._topic, problem) from problem
        begin = {place.partition: first[place].offset if first.get(place) else ends[place] for place in self._places}
        end = {place.partition: after[place].offset if after.get(place) else ends[place] for place in self._places}
        return begin, end

    @asynccontextmanager
    async def read(
        self, begins: Mapping[int, int], ends: Mapping[int, int]
    ) -> AsyncIterator[AsyncIterator[tuple[list[Message], dict[int, int]]]]:
        """Portions of messages, and the positions after each, until every partition is at its end."""
        async with self._consumer() as consumer:
            yield self._portions(consumer, begins, ends)

    async def _portions(
        self, consumer: AIOKafkaConsumer, begins: Mapping[int, int], ends: Mapping[int, int]
    ) -> AsyncIterator[tuple[list[Message], dict[int, int]]]:
        try:
            kept = await consumer.beginning_offsets(self._places)
            positions = {place.partition: max(begins.get(place.partition, 0), kept[place]) for place in self._places}
            while waiting := [place for place in self._places if positions[place.partition] < ends[place.partition]]:
                if set(waiting) != consumer.assignment():
                    consumer.assign(waiting)
                    for place in waiting:
                        consumer.seek(place, positions[place.partition])
                messages: list[Message] = []
                async with asyncio.timeout(_SILENCE_S):
                    while not messages and not await self._passed(consumer, waiting, positions, ends):
                        found = await consumer.getmany(timeout_ms=500, max_records=PORTION)
                        messages = [
                            message_of(record)
                            for place, records in found.items()
                            for record in records
                            if record.offset < ends[place.partition]
                        ]
                for place in waiting:
                    positions[place.partition] = await consumer.position(place)
                yield messages, dict(positions)
        except (KafkaError, OSError, TimeoutError) as problem:
            raise _away(self._brokers, self._topic, problem) from problem

    @staticmethod
    async def _passed(
        consumer: AIOKafkaConsumer,
        waiting: list[TopicPartition],
        positions: Mapping[int, int],
        ends: Mapping[int, int],
    ) -> bool:
        """Whether a partition has come to its end without a message: what was there has expired meanwhile."""
        for place in waiting:
            at = await consumer.position(place)
            if at >= ends[place.partition] and at != positions[place.partition]:
                return True
        return False

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = _consumer_of(self._brokers)
        await begin_consumer(consumer, self._brokers)
        try:
            yield consumer
        finally:
            await end_consumer(consumer)


def _consumer_of(brokers: str, wait_ms: int = _GENTLY_MS) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=brokers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        max_poll_records=PORTION,
        fetch_max_wait_ms=wait_ms,
    )


def _away(brokers: str, topic: str, problem: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"Kafka at {brokers} does not hand out {topic}: {problem!r}")
