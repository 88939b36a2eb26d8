"""Asking how far groups are behind: who loses patience leaves nothing half open."""

import asyncio
from typing import Any

import pytest

from infra.errors import StoreUnavailable
from infra.kafka import lag as asking
from infra.kafka.lag import KafkaLag


class Slow:
    """The driver's client for groups, connecting for as long as it is told; there are no groups."""

    held: asyncio.Event | None = None
    open = 0

    def __init__(self, **wishes: object) -> None:
        self._client: Any = self
        self._sync_task = None
        self._fetcher = self._coordinator = None

    async def start(self) -> None:
        type(self).open += 1
        if Slow.held:
            await Slow.held.wait()

    async def close(self) -> None:
        type(self).open -= 1

    async def list_consumer_groups(self) -> list[object]:
        return []


class Consumer(Slow):
    """The one for the topics' ends."""

    open = 0

    async def stop(self) -> None: ...


@pytest.mark.parametrize("slow", ["admin", "consumer"])
async def test_who_is_cancelled_while_it_connects_leaves_nothing(slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Admin(Slow):
        open = 0

        async def start(self) -> None:
            if slow == "admin":
                return await super().start()
            Admin.open += 1

    monkeypatch.setattr(asking, "AIOKafkaAdminClient", Admin)
    monkeypatch.setattr(asking, "AIOKafkaConsumer", Consumer)
    monkeypatch.setattr(Slow, "held", asyncio.Event())
    monkeypatch.setattr(Consumer, "open", 0)
    async with KafkaLag("kafka.test:9092") as lag:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await lag.lag()
        assert lag._admin is None and lag._consumer is None and Admin.open == 0
        monkeypatch.setattr(Slow, "held", None)
        assert await lag.lag() == [], "the next one connects anew"


async def test_a_broker_that_is_away_is_said_to_be() -> None:
    async with KafkaLag("127.0.0.1:1") as lag:
        with pytest.raises(StoreUnavailable):
            await lag.lag()
