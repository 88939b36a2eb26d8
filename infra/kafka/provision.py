"""Creates the declared topics. An existing topic keeps its partitions: a key must stay where it was."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from infra.errors import LogMoved, StoreUnavailable
from infra.kafka.publisher import MAX_MESSAGE
from schemas.topics import Topic, topics

_VISIBLE_S = 30.0


async def provision(brokers: str, *, replication: int = 1) -> list[str]:
    """Creates what is missing and returns its names.

    Raises LogMoved for a topic whose partition count is not the declared one, StoreUnavailable without a broker.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers, request_timeout_ms=30_000)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        wanted = [topic for topic in topics().values() if topic.name not in present]
        await _create(admin, wanted, replication)
        await _check(admin, list(topics().values()))
        return [topic.name for topic in wanted]
    except (KafkaError, OSError, TimeoutError) as problem:
        raise StoreUnavailable(f"Kafka at {brokers} could not be prepared: {problem!r}") from problem
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, wanted: list[Topic], replication: int) -> None:
    if not wanted:
        return
    answer = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                topic.partitions,
                replication,
                topic_configs={
                    "retention.ms": str(topic.retention_hours * 3_600_000),
                    "retention.bytes": "-1",
                    "cleanup.policy": "delete",
                    "max.message.bytes": str(MAX_MESSAGE + 65_536),
                },
            )
            for topic in wanted
        ]
    )
    for error in answer.topic_errors:
        kind = for_code(error[1])
        if error[1] and kind is not TopicAlreadyExistsError:
            raise kind(f"{error[0]}: {error[2:]}")


async def _check(admin: AIOKafkaAdminClient, declared: list[Topic]) -> None:
    """Returns when every topic is there for everybody: a broker tells of a new one some moments after making it."""
    async with asyncio.timeout(_VISIBLE_S):
        while True:
            names = [topic.name for topic in declared]
            found = {entry["topic"]: len(entry["partitions"]) for entry in await admin.describe_topics(names)}
            for topic in declared:
                if found.get(topic.name) and found[topic.name] != topic.partitions:
                    raise LogMoved(
                        f"Topic {topic.name} has {found[topic.name]} partitions, {topic.partitions} are declared; keys "
                        "would move. Restore the topic, or point TRAWL_KAFKA at a broker of its own."
                    )
            if all(found.get(topic.name) for topic in declared):
                return
            await asyncio.sleep(0.05)
