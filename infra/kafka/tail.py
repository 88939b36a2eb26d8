"""Reading topics live, without a group: every reader sees everything, and commits nothing."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from infra.errors import StoreUnavailable
from infra.kafka.consumed import message_of
from schemas.message import Message


class Tail:
    """An endless stream of the messages of some topics, beginning `since_seconds` ago.

    Promise: within one partition messages come in order and without a gap as long as the topic keeps them, also to an
    iterator that follows one that was left; `positions()` is what has been handed out. An outage is waited out.
    """

    def __init__(self, brokers: str, topics: Sequence[str], *, since_seconds: float = 0.0) -> None:
        self._topics = tuple(topics)
        self._since = since_seconds
        self._brokers = brokers
        self._consumer: AIOKafkaConsumer | None = None
        self._handed_out: dict[tuple[str, int], int] = {}
        self._fetched: deque[Message] = deque()

    async def __aenter__(self) -> Self:
        # In portions: a fifth of a second is not seen, and the broker has far fewer requests to answer.
        # Earliest: who was overtaken by retention goes on with the oldest message that is left.
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._brokers,
            enable_auto_commit=False,
            fetch_max_wait_ms=200,
            fetch_min_bytes=200_000,
            max_poll_records=500,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            self._consumer = consumer
            await self._begin(consumer)
        except (KafkaError, OSError) as problem:
            await consumer.stop()
            raise StoreUnavailable(f"Kafka at {self._brokers} does not answer: {problem}") from problem
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        if self._consumer:
            await self._consumer.stop()
            self._consumer = None

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        found = []
        for topic in self._topics:
            partitions = await self._partitions(consumer, topic)
            found += [TopicPartition(topic, number) for number in partitions]
        consumer.assign(found)
        ends = await consumer.end_offsets(found)
        moment = time.time_ns() // 1_000_000 - int(self._since * 1000)
        starts = await consumer.offsets_for_times(dict.fromkeys(found, moment)) if self._since else {}
        for partition in found:
            stamp = starts.get(partition)
            offset = stamp.offset if stamp else ends[partition]
            consumer.seek(partition, offset)
            self._handed_out[partition.topic, partition.partition] = offset

    @staticmethod
    async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
        # The first metadata answer may not know the topic yet.
        while True:
            found = consumer.partitions_for_topic(topic)
            if found:
                return sorted(found)
            await consumer._client.force_metadata_update()
            await consumer.topics()
            await asyncio.sleep(0.05)

    async def __aiter__(self) -> AsyncIterator[Message]:
        assert self._consumer, "Use `async with` before reading."
        while True:
            while self._fetched:
                message = self._fetched.popleft()
                self._handed_out[message.topic, message.partition] = message.offset + 1
                yield message
            try:
                batches = await self._consumer.getmany(timeout_ms=500, max_records=1000)
            except (KafkaError, OSError):
                await asyncio.sleep(0.5)
                continue
            self._fetched.extend(message_of(record) for records in batches.values() for record in records)

    def positions(self) -> dict[str, dict[int, int]]:
        """For each topic and partition the offset after the last message that was handed out."""
        found: dict[str, dict[int, int]] = {}
        for (topic, partition), offset in self._handed_out.items():
            found.setdefault(topic, {})[partition] = offset
        return found
