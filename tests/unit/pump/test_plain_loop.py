"""What the plain loop commits, and what it leaves behind when it cannot."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaConnectionError

from infra.errors import StoreUnavailable
from infra.kafka import plain_loop
from infra.kafka.plain_loop import PlainLoop
from infra.kafka.pump import Pump
from schemas.topics import SCRAPE_REQUESTS
from tests.fakes.warehouse import MemorySuspects, NoMeter
from tests.unit.pump.line import Echo, Line, Outlet, request


class Consumer:
    """Of a group whose broker may be away."""

    def __init__(self) -> None:
        self.commits: list[dict[TopicPartition, int]] = []
        self.fails: Exception | None = None
        self.silent = False

    async def commit(self, ends: dict[TopicPartition, int]) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.fails:
            raise self.fails
        self.commits.append(ends)


def plain(pump: Pump) -> Any:
    return PlainLoop(pump, brokers="kafka.test:9092", topics=[SCRAPE_REQUESTS])


def quiet_pump(suspects: MemorySuspects) -> Pump:
    return Pump("echo", Echo(lambda run: None), Outlet(), suspects, NoMeter())


async def test_only_what_has_moved_is_committed() -> None:
    loop, consumer = plain(quiet_pump(MemorySuspects())), Consumer()
    for ends in ((0, 0), (5, 0), (5, 0), (5, 2), (7, 2)):
        await loop._commit(consumer, {(SCRAPE_REQUESTS, number): end for number, end in enumerate(ends)})
    assert [{place.partition: end for place, end in ends.items()} for ends in consumer.commits] == [
        {0: 5}, {1: 2}, {0: 7},
    ]  # fmt: skip


async def test_what_the_group_refused_is_said_again() -> None:
    loop, consumer = plain(quiet_pump(MemorySuspects())), Consumer()
    consumer.fails = CommitFailedError()
    await loop._commit(consumer, {(SCRAPE_REQUESTS, 0): 5})
    consumer.fails = None
    await loop._commit(consumer, {(SCRAPE_REQUESTS, 0): 5})
    assert len(consumer.commits) == 1


async def test_a_broker_that_is_away_makes_nobody_suspect() -> None:
    line = Line([request("a")], lambda: Echo(lambda run: None))
    pump, consumer = quiet_pump(line.suspects), Consumer()
    await pump.step([line.message(0)], 1e12)
    consumer.fails = KafkaConnectionError()
    with pytest.raises(StoreUnavailable):
        await plain(pump)._commit(consumer, {(SCRAPE_REQUESTS, 0): 1})
    assert await line.suspects.begin(SCRAPE_REQUESTS, 0, -1, "batch") == 1, "the mark was taken away"


async def test_a_commit_that_does_not_end_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_loop, "LIMIT_S", 0.05)
    consumer = Consumer()
    consumer.silent = True
    async with asyncio.timeout(60):
        with pytest.raises(StoreUnavailable, match="commit"):
            await plain(quiet_pump(MemorySuspects()))._commit(consumer, {(SCRAPE_REQUESTS, 0): 1})


async def test_a_driver_that_has_given_up_is_complained_of_until_the_loop_ends_it() -> None:
    loop, task = plain(quiet_pump(MemorySuspects())), asyncio.create_task(asyncio.sleep(0))
    assert loop._silent() == ""
    loop._consumer = SimpleNamespace(_client=SimpleNamespace(_sync_task=task), _fetcher=None, _coordinator=None)
    assert loop._silent() == ""
    await task
    assert "metadata" in loop._silent()
