"""Where partitions begin and end, and which cluster this is."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra.errors import LogMoved, StoreUnavailable
from infra.kafka.driver import begin_consumer, end_consumer
from infra.patience import patiently
from schemas.topics import topics


class Offsets:
    """Asks the broker about logs, without reading them. Outages are waited out."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._brokers, enable_auto_commit=False)
        await begin_consumer(consumer, self._brokers)
        self._consumer = consumer
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        consumer, self._consumer = self._consumer, None
        if consumer:
            await end_consumer(consumer)

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset that is still there, and the one after the last."""
        place = TopicPartition(topic, partition)

        async def ask() -> tuple[int, int]:
            consumer = self._ready()
            try:
                begin = await consumer.beginning_offsets([place])
                end = await consumer.end_offsets([place])
            except (KafkaError, OSError) as problem:
                raise StoreUnavailable(f"Kafka does not say where {topic} ends: {problem!r}") from problem
            return begin[place], end[place]

        return await patiently(ask, "ask for offsets")

    async def end_offsets(self, names: Sequence[str]) -> dict[str, dict[str, int]]:
        """topic → partition (as JSON has it: a string) → the offset after its last message."""
        places = [TopicPartition(name, number) for name in names for number in range(topics()[name].partitions)]

        async def ask() -> dict[str, dict[str, int]]:
            try:
                ends = await self._ready().end_offsets(places)
            except (KafkaError, OSError) as problem:
                raise StoreUnavailable(f"Kafka does not say where its topics end: {problem!r}") from problem
            found: dict[str, dict[str, int]] = {name: {} for name in names}
            for place, end in ends.items():
                found[place.topic][str(place.partition)] = end
            return found

        return await patiently(ask, "ask for offsets")

    def _ready(self) -> AIOKafkaConsumer:
        assert self._consumer, "Use `async with` before asking."
        return self._consumer


async def check_commits(brokers: str, group: str, names: Sequence[str], offsets: Offsets) -> None:
    """Raises LogMoved when a group has acknowledged what its topic does not hold: the topic was recreated (stored
    offset beyond the end), or trimmed before it was read (before the start). Kafka would begin anew in silence."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    try:
        await admin.start()
        committed = await admin.list_consumer_group_offsets(group)
    except (KafkaError, OSError) as problem:
        raise StoreUnavailable(f"Kafka at {brokers} does not say how far {group} is: {problem!r}") from problem
    finally:
        await admin.close()
    for place, stored in committed.items():
        if place.topic not in names or stored.offset < 0:
            continue
        begin, end = await offsets.bounds(place.topic, place.partition)
        if not begin <= stored.offset <= end:
            raise LogMoved(
                f"{group} has acknowledged {place.topic}[{place.partition}] up to {stored.offset}, but the topic holds "
                f"{begin} to {end}: it was recreated, or trimmed before it was read. Restore the topic, or delete the "
                "group's offsets to begin again where it begins."
            )


async def cluster_id(brokers: str) -> str:
    """The id that the cluster was formatted with: a broker that was set up anew has another one."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    except (KafkaError, OSError) as problem:
        raise StoreUnavailable(f"Kafka at {brokers} does not answer: {problem}") from problem
    finally:
        await admin.close()
