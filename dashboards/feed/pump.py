"""Keeps the feed fed: reads the topics, asks for the lag, ticks."""

import asyncio
import time
from collections.abc import Callable

from dashboards.feed.feed import READ_BACK_S, Feed
from dashboards.ports import ChartHistory, LagReader, LiveEvents, RunHistory
from dashboards.stubborn import again_and_again, until_done

TICK_S = 0.25
LAG_EVERY_S = 1.0
_SLICE_S = 0.01
_RUNS = 100
_TRENDS = 200


class Pump:
    """The one reader of the process. A source that fails is asked again, with growing pauses; pages go stale
    meanwhile and say so."""

    def __init__(self, feed: Feed, *, live: LiveEvents, lag: LagReader, runs: RunHistory, charts: ChartHistory,
                 clock: Callable[[], float] = time.time) -> None:  # fmt: skip
        self._feed = feed
        self._live = live
        self._lag = lag
        self._runs = runs
        self._charts = charts
        self._clock = clock

    async def run(self) -> None:
        """Runs until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(again_and_again("events", self._read))
            tasks.create_task(again_and_again("lag", self._ask_lag))
            tasks.create_task(until_done("runs", self._prime_runs))
            tasks.create_task(until_done("trends", self._prime_trends))
            tasks.create_task(self._tick())

    async def _read(self) -> None:
        heard = self._feed.heard_at
        back = READ_BACK_S if not heard else min(READ_BACK_S, self._clock() - heard + 30)
        async with self._live(back) as messages:
            sliced = time.monotonic()
            async for message in messages:
                self._feed.take(message, self._clock())
                # A burst must not hold up the sockets: the reader hands out what it has without pausing.
                if time.monotonic() - sliced > _SLICE_S:
                    await asyncio.sleep(0)
                    sliced = time.monotonic()

    async def _ask_lag(self) -> None:
        while True:
            self._feed.waits(await self._lag.lag(), self._clock())
            await asyncio.sleep(LAG_EVERY_S)

    async def _prime_runs(self) -> None:
        now = self._clock()
        for event in await self._runs.recent(_RUNS):
            self._feed.fold(event, now, now)

    async def _prime_trends(self) -> None:
        now = self._clock()
        for trend in await self._charts.trends(_TRENDS):
            self._feed.fold(trend, now, now)

    async def _tick(self) -> None:
        while True:
            now = self._clock()
            self._feed.tick(now)
            await asyncio.sleep(TICK_S - now % TICK_S)
