"""How far each consumer group is behind, as the broker tells it."""

import asyncio
import time
from collections import defaultdict
from types import TracebackType
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra.errors import StoreUnavailable
from infra.kafka.driver import close, end_consumer

_GROUPS_EVERY_S = 15.0


class Position(NamedTuple):
    """Where one group stands in one partition."""

    group: str
    topic: str
    partition: int
    acknowledged: int
    end: int


class KafkaLag:
    """Reads the groups' acknowledged offsets and the topics' ends. Connects when it is first asked, so that a process
    can start although the broker is away; after an error it connects anew.

    Groups come and go seldom: they are listed again every 15 s only, and so are their coordinators.
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._coordinators: dict[str, int] = {}
        self._listed_at = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        await self._disconnect()

    async def lag(self) -> list[tuple[str, str, int]]:
        """(group, topic, messages not yet acknowledged) for each topic that a group has acknowledged something of.

        Raises StoreUnavailable when the broker does not answer.
        """
        waiting: dict[tuple[str, str], int] = defaultdict(int)
        for found in await self.positions():
            waiting[found.group, found.topic] += max(0, found.end - found.acknowledged)
        return [(group, topic, messages) for (group, topic), messages in waiting.items()]

    async def positions(self) -> list[Position]:
        """Every group's place in each partition that it has acknowledged something of; StoreUnavailable as above."""
        async with self._one_at_a_time:
            return await self._ask()

    async def _ask(self) -> list[Position]:
        try:
            admin, consumer = await self._connected()
            await self._list_groups(admin)
            groups = list(self._coordinators)
            committed = await asyncio.gather(
                *[admin.list_consumer_group_offsets(group, self._coordinators[group]) for group in groups]
            )
            partitions = {partition for offsets in committed for partition in offsets}
            ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions)) if partitions else {}
        except (KafkaError, OSError) as problem:
            await self._disconnect()
            raise StoreUnavailable(
                f"Kafka at {self._brokers} does not say how far its groups are: {problem}"
            ) from problem
        return [
            Position(group, place.topic, place.partition, acknowledged.offset, ends[place])
            for group, offsets in zip(groups, committed, strict=True)
            for place, acknowledged in offsets.items()
            if acknowledged.offset >= 0 and place in ends
        ]

    async def _connected(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None or self._consumer is None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._brokers, request_timeout_ms=5_000)
            consumer = AIOKafkaConsumer(bootstrap_servers=self._brokers, enable_auto_commit=False,
                                        request_timeout_ms=5_000)  # fmt: skip
            try:
                await admin.start()
                await consumer.start()
            except BaseException:  # who asked may have lost patience: nothing half open is for the next one
                await _end(admin, consumer)
                raise
            self._admin, self._consumer = admin, consumer
        return self._admin, self._consumer

    async def _list_groups(self, admin: AIOKafkaAdminClient) -> None:
        if time.monotonic() - self._listed_at < _GROUPS_EVERY_S and self._coordinators:
            return
        names = sorted(str(entry[0]) for entry in await admin.list_consumer_groups())
        found = await asyncio.gather(*[admin.find_coordinator(name) for name in names])
        self._coordinators = dict(zip(names, found, strict=True))
        self._listed_at = time.monotonic()

    async def _disconnect(self) -> None:
        admin, consumer = self._admin, self._consumer
        self._admin = self._consumer = None
        self._coordinators, self._listed_at = {}, 0.0
        if admin is not None and consumer is not None:
            await _end(admin, consumer)


async def _end(admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> None:
    try:
        await close(admin._client)
    finally:
        await end_consumer(consumer)
