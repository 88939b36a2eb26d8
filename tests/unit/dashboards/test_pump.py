"""The reader: it begins far enough back, waits out outages, lets sockets breathe."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from dashboards.feed.feed import READ_BACK_S, Feed
from dashboards.feed.pump import Pump
from schemas import codec
from schemas.events import RunEvent, Trend
from schemas.message import Message
from schemas.topics import PAGE_OUTCOMES
from tests.unit.dashboards.events import NOW, outcome, run_event, trend
from tests.unit.dashboards.serving import EmptyStores


def message(number: int) -> Message:
    return Message(PAGE_OUTCOMES, 0, number, None, codec.encode(outcome(number)), (), int(NOW * 1000))


class Broker:
    """Hands out what it is told to, and breaks when it is told to."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Message | BaseException] = asyncio.Queue()
        self.opened: list[float] = []
        self.away = 0

    @asynccontextmanager
    async def live(self, since_seconds: float) -> AsyncIterator[AsyncIterator[Message]]:
        if self.away:
            self.away -= 1
            raise ConnectionError("the broker is away")
        self.opened.append(since_seconds)
        yield self._messages()

    async def _messages(self) -> AsyncIterator[Message]:
        while True:
            found = await self.queue.get()
            if isinstance(found, BaseException):
                raise found
            yield found

    async def lag(self) -> list[tuple[str, str, int]]:
        if self.away:
            raise ConnectionError("the broker is away")
        return [("trawl-cleaning", "raw-records", 5)]


class Stores(EmptyStores):
    """Stores that know a run and a trend, after having been away once."""

    def __init__(self) -> None:
        self.refusals = 1

    async def recent(self, limit: int) -> list[RunEvent]:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("PostgreSQL is away")
        return [run_event("completed", NOW - 500, run="old")]

    async def trends(self, limit: int) -> list[Trend]:
        return [trend(1, NOW - 500)]


@asynccontextmanager
async def pumping(broker: Broker, stores: Any = None) -> AsyncIterator[Feed]:
    feed, stores = Feed(NOW), stores or EmptyStores()
    pump = Pump(feed, live=broker.live, lag=broker, runs=stores, charts=stores, clock=lambda: NOW)
    task = asyncio.create_task(pump.run())
    try:
        yield feed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  (there is no event to wait for: what is asked is what pages would see)
            await asyncio.sleep(0.01)


async def test_events_lag_and_history_reach_the_feed() -> None:
    broker = Broker()
    broker.queue.put_nowait(message(1))
    async with pumping(broker, Stores()) as feed:
        await until(lambda: feed.pages.window(int(NOW), 1).sum() == 1)
        await until(lambda: feed.stages.total_waiting == 5)
        await until(lambda: feed.runs.get("old") is not None and len(feed.trends) == 1)
    assert broker.opened == [READ_BACK_S]


async def test_a_broker_that_is_away_is_waited_for() -> None:
    broker = Broker()
    broker.away = 1
    async with pumping(broker) as feed:
        broker.queue.put_nowait(message(1))
        await until(lambda: feed.pages.window(int(NOW), 1).sum() == 1)


async def test_a_reader_that_breaks_begins_anew_and_counts_nothing_twice() -> None:
    broker = Broker()
    for step in (message(1), message(2), ConnectionError("broken"), message(1), message(2), message(3)):
        broker.queue.put_nowait(step)
    async with pumping(broker) as feed:
        await until(lambda: feed.pages.window(int(NOW), 1).sum() == 3)
        await asyncio.sleep(0)
        assert feed.pages.window(int(NOW), 1).sum() == 3
    assert len(broker.opened) == 2
    assert broker.opened[1] < READ_BACK_S


async def test_a_reader_that_its_driver_cancels_begins_anew() -> None:
    broker = Broker()
    for step in (message(1), asyncio.CancelledError(), message(2)):
        broker.queue.put_nowait(step)
    async with pumping(broker) as feed:
        await until(lambda: feed.pages.window(int(NOW), 1).sum() == 2)


async def test_a_flood_lets_others_run() -> None:
    broker, turns = Broker(), 0
    for number in range(3000):
        broker.queue.put_nowait(message(number))
    async with pumping(broker) as feed:
        while feed.pages.window(int(NOW), 1).sum() < 3000:
            await asyncio.sleep(0)
            turns += 1
    assert turns > 3
