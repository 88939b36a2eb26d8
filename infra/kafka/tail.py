"""Reading topics live, without a group: every reader sees everything, and commits nothing."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from infra.errors import LogMoved, StoreUnavailable
from infra.kafka.consumed import message_of
from infra.kafka.driver import begin_consumer, end_consumer, over
from infra.kafka.topic_ids import topic_ids
from infra.patience import LIMIT_S
from schemas.message import Message

Place = tuple[str, int]
"""A topic and the number of one of its partitions."""


class Tail:
    """A stream of the messages of some topics, beginning `since_seconds` ago; where `first` names offsets, there.

    Promise: within one partition messages come in order and without a gap as long as the topic keeps them, also to an
    iterator that follows one that was left; `positions()` is what has been handed out. An outage is waited out;
    StoreUnavailable when the driver has given up.
    With `until` it ends: it reads these partitions alone, each up to its offset or to what is its end now.
    With `same` it tells of one topic only: every message is of the topic whose id is in `ids`, and LogMoved is raised
    when there is another under its name.
    """

    def __init__(
        self,
        brokers: str,
        topics: Sequence[str],
        *,
        since_seconds: float = 0.0,
        first: Mapping[Place, int] | None = None,
        until: Mapping[Place, int] | None = None,
        same: bool = False,
    ) -> None:
        self._topics = tuple(topics)
        self._since = since_seconds
        self._first = dict(first or {})
        self._until = None if until is None else dict(until)
        self._same = same
        self._brokers = brokers
        self._consumer: AIOKafkaConsumer | None = None
        self._handed_out: dict[Place, int] = {}
        self._fetched: deque[Message] = deque()
        self.ids: dict[str, UUID] = {}
        self.begins: dict[Place, int] = {}

    async def __aenter__(self) -> Self:
        # In portions: a fifth of a second is not seen, and the broker has far fewer requests to answer.
        # Earliest: who was overtaken by retention goes on with the oldest message that is left.
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._brokers,
            enable_auto_commit=False,
            fetch_max_wait_ms=200,
            fetch_min_bytes=200_000 if self._until is None else 1,
            max_partition_fetch_bytes=1_048_576 if self._until is None else 262_144,
            max_poll_records=500,
            auto_offset_reset="earliest",
        )
        await begin_consumer(consumer, self._brokers)
        self._consumer = consumer
        try:
            await self._begin(consumer)
        except (KafkaError, OSError) as problem:
            await end_consumer(consumer)
            raise StoreUnavailable(f"Kafka at {self._brokers} does not answer: {problem}") from problem
        except BaseException:
            await end_consumer(consumer)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        consumer, self._consumer = self._consumer, None
        if consumer:
            await end_consumer(consumer)

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        found = []
        for topic in self._topics:
            partitions = await self._partitions(consumer, topic)
            found += [TopicPartition(topic, number) for number in partitions]
        if self._until is not None:
            found = [place for place in found if (place.topic, place.partition) in self._until]
        if self._same:
            self.ids = await topic_ids(consumer._client, self._topics)
        consumer.assign(found)
        ends = await consumer.end_offsets(found) if found else {}
        starts = await self._starts(consumer, found, ends)
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
            self._handed_out[partition.topic, partition.partition] = offset
        if self._until is not None:
            self._until = {
                (place.topic, place.partition): min(self._until[place.topic, place.partition], ends[place])
                for place in found
            }
        await self._check()

    async def _starts(
        self, consumer: AIOKafkaConsumer, found: list[TopicPartition], ends: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        if self._first:
            begins = await consumer.beginning_offsets(found)
            self.begins = {(place.topic, place.partition): offset for place, offset in begins.items()}
        moment = time.time_ns() // 1_000_000 - int(self._since * 1000)
        stamps = await consumer.offsets_for_times(dict.fromkeys(found, moment)) if self._since and found else {}
        starts = {}
        for place in found:
            named, stamp = self._first.get((place.topic, place.partition)), stamps.get(place)
            if named is not None:
                starts[place] = min(max(named, begins[place]), ends[place])
            else:
                starts[place] = stamp.offset if stamp else ends[place]
        return starts

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
                place = (message.topic, message.partition)
                self._handed_out[place] = message.offset + 1
                if self._until is None or message.offset < self._until[place]:
                    yield message
            if self._over():
                return
            self._check_driver()
            try:
                batches = await self._consumer.getmany(timeout_ms=500, max_records=1000)
            except (KafkaError, OSError):
                await asyncio.sleep(0.5)
                continue
            if batches:
                await self._check_patiently()
            self._fetched.extend(message_of(record) for records in batches.values() for record in records)

    def _over(self) -> bool:
        return self._until is not None and all(self._handed_out[place] >= end for place, end in self._until.items())

    async def _check(self) -> None:
        """What was fetched before the same id was there before and after is of the topic with that id."""
        if self._same and self._consumer:
            found = await topic_ids(self._consumer._client, self._topics)
            moved = sorted(topic for topic in self._topics if found.get(topic) != self.ids.get(topic))
            if moved:
                raise LogMoved(f"{', '.join(moved)}: deleted or made anew while it was read; read it again.")

    async def _check_patiently(self) -> None:
        while True:
            self._check_driver()
            try:
                async with asyncio.timeout(LIMIT_S):
                    return await self._check()
            except (KafkaError, OSError):
                await asyncio.sleep(0.5)

    def _check_driver(self) -> None:
        if self._consumer and (said := over(self._consumer)):
            raise StoreUnavailable(f"Kafka at {self._brokers} is not read any more: {said}")

    def positions(self) -> dict[str, dict[int, int]]:
        """For each topic and partition the offset after the last message that was handed out."""
        found: dict[str, dict[int, int]] = {}
        for (topic, partition), offset in self._handed_out.items():
            found.setdefault(topic, {})[partition] = offset
        return found
