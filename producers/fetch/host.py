"""One host: its waiting tasks, its pace, and at most so many visits at once as its jobs allow.

A visit begins only under a lease that the fetcher's own monotonic clock says will outlast the beginning; when the
lease ends without renewal, visits under way are broken off, because an heir may begin.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import structlog

from producers.fetch.answers import answer_of, refusal_of, request_of
from producers.fetch.exchange import Exchange
from producers.fetch.robots import RobotsRules
from producers.politeness.throttle import HostPace, after_visit, delay_of
from schemas.events import FetchResult, FetchTask

log = structlog.get_logger()

Publish: TypeAlias = Callable[[FetchResult], Awaitable[None]]
Clock: TypeAlias = Callable[[], str]


class Host:
    """Owned by the fleet, which keeps the lease and says when it is lost."""

    def __init__(self, name: str, exchange: Exchange, robots: RobotsRules, publish: Publish, clock: Clock) -> None:
        self.name = name
        self.pace = HostPace()
        self.delay = 0.0
        self.lease_until = 0.0
        self.idle_since = time.monotonic()
        self.waiting: OrderedDict[tuple[str, str], FetchTask] = OrderedDict()
        self._exchange = exchange
        self._robots = robots
        self._publish = publish
        self._clock = clock
        self._visits: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Something waits or is under way."""
        return bool(self.waiting or self._visits)

    @property
    def leased(self) -> bool:
        """A visit may begin now."""
        return time.monotonic() < self.lease_until

    def state(self) -> tuple[float, float]:
        """(seconds until the next visit, delay), as the lease keeps them."""
        return max(0.0, self.pace.next_visit - time.time()), max(self.delay, self.pace.backoff)

    def take(self, task: FetchTask) -> None:
        """A later attempt at the same row takes the earlier one's place."""
        self.waiting[task.run_id, task.url_fp] = task
        self._changed.set()

    def granted(self, until: float, wait_s: float | None = None, delay: float = 0.0) -> None:
        """The lease holds until that monotonic time; `wait_s` is what its last owner left behind."""
        self.lease_until = until
        if wait_s is not None:
            self.pace = replace(self.pace, next_visit=max(self.pace.next_visit, time.time() + wait_s))
            self.pace = replace(self.pace, backoff=max(self.pace.backoff, delay if wait_s > 0 else 0.0))
        if self._loop is None:
            self._loop = asyncio.create_task(self._run(), name=f"host {self.name}")
        self._changed.set()

    def lose(self) -> int:
        """The lease is gone: nothing goes on. Returns how many tasks dispatch will have to issue again."""
        lost = len(self.waiting) + len(self._visits)
        self.lease_until = 0.0
        self.waiting.clear()
        for visit in self._visits:
            visit.cancel()
        return lost

    async def close(self) -> None:
        """Finishes the visits under way and ends."""
        self.waiting.clear()
        if self._visits:
            await asyncio.wait(self._visits)
        if self._loop:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            task = await self._next()
            if task is None:
                await self._changed.wait()

    async def _next(self) -> FetchTask | None:
        """Begins the next visit when lease, pace and concurrency allow; None when something must change first."""
        if not self.waiting or not self.leased:
            return None
        key, task = next(iter(self.waiting.items()))
        if len(self._visits) >= max(1, task.politeness.concurrency):
            return None
        pause = self.pace.next_visit - time.time()
        if pause > 0:
            # A change (a lost lease, a dropped run) is looked at when the pause ends at the latest.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(pause, 1.0)):
                    await self._changed.wait()
            return task
        del self.waiting[key]
        allowed = await self._permitted(task)
        if allowed and self.leased:
            self.pace = replace(self.pace, next_visit=time.time() + self.delay)
            visit = asyncio.create_task(self._visit(task))
            self._visits.add(visit)
            visit.add_done_callback(self._done)
        return task

    async def _permitted(self, task: FetchTask) -> bool:
        crawl_delay = None
        if task.politeness.respect_robots:
            verdict = await self._robots.verdict(task.url, task.user_agent)
            crawl_delay = verdict.crawl_delay
            if not verdict.allowed:
                await self._publish(refusal_of(task, "robots_denied", verdict.reason, self._clock()))
                self.idle_since = time.monotonic()
                return False
        self.delay = max(delay_of(task.politeness.delay, crawl_delay), self.pace.backoff)
        return True

    async def _visit(self, task: FetchTask) -> None:
        fetched_at = self._clock()
        result = await self._exchange.fetch(request_of(task))
        answer = answer_of(task, result, fetched_at, time.time())
        self.pace = after_visit(
            self.pace,
            status=answer.status,
            failure=answer.failure,
            delay=self.delay if task.politeness.concurrency == 1 else 0.0,
            retry_after=answer.retry_after,
            now=time.time(),
        )
        await self._publish(answer)

    def _done(self, visit: asyncio.Task[None]) -> None:
        self._visits.discard(visit)
        self.idle_since = time.monotonic()
        self._changed.set()
        if not visit.cancelled() and visit.exception():
            # The result could not be published: the row stays issued, and dispatch issues it again.
            log.error("visit_lost", host=self.name, error=repr(visit.exception()))
