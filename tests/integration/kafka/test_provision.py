"""Topics as they are declared: made once, by whoever comes first, and never changed."""

import asyncio

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from infra.errors import LogMoved, StoreUnavailable
from infra.kafka import provision as provisioning
from infra.kafka.provision import provision
from infra.local.ports import free_port
from schemas.topics import Topic, topics
from tests.engines import Engines
from tests.integration.kafka.conftest import declared
from tests.integration.kafka.workers import administrator


def declare(monkeypatch: pytest.MonkeyPatch, *found: Topic) -> None:
    """These are all topics from here on."""
    monkeypatch.setattr(provisioning, "topics", lambda: {topic.name: topic for topic in found})


async def shapes(brokers: str, *names: str) -> dict[str, int]:
    """Partitions by topic."""
    async with administrator(brokers) as admin:
        return {entry["topic"]: len(entry["partitions"]) for entry in await admin.describe_topics(list(names))}


async def configs(brokers: str, name: str) -> dict[str, str]:
    """What a topic was made with."""
    async with administrator(brokers) as admin:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}


async def test_every_declared_topic_is_made(engines: Engines) -> None:
    await provision(engines.kafka)
    wanted = {topic.name: topic.partitions for topic in topics().values()}
    assert await shapes(engines.kafka, *wanted) == wanted
    assert await provision(engines.kafka) == []


async def test_a_topic_is_made_as_it_is_declared(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = declared(partitions=3, retention_hours=5)
    declare(monkeypatch, topic)
    assert await provision(engines.kafka) == [topic.name]
    assert await shapes(engines.kafka, topic.name) == {topic.name: 3}
    found = await configs(engines.kafka, topic.name)
    assert (found["retention.ms"], found["retention.bytes"], found["cleanup.policy"]) == (
        str(5 * 3_600_000), "-1", "delete",
    )  # fmt: skip
    assert await provision(engines.kafka) == []


async def test_several_at_once_make_it_once(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = declared(), declared()
    declare(monkeypatch, first, second)
    await asyncio.gather(*(provision(engines.kafka) for _ in range(4)))
    assert await shapes(engines.kafka, first.name, second.name) == {first.name: 4, second.name: 4}


async def test_another_partition_count_is_refused_and_nothing_is_changed(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = declared(partitions=2)
    declare(monkeypatch, small)
    await provision(engines.kafka)
    declare(monkeypatch, declared(), Topic(**{**vars(small), "partitions": 5}))
    with pytest.raises(LogMoved, match=rf"{small.name} has 2 partitions, 5 are declared"):
        await provision(engines.kafka)
    assert await shapes(engines.kafka, small.name) == {small.name: 2}


async def test_without_a_broker_it_says_so() -> None:
    with pytest.raises(StoreUnavailable, match="could not be prepared"):
        await provision(f"127.0.0.1:{free_port()}")
