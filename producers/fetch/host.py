"""One host: its waiting tasks, its pace, its health, and at most so many visits at once as its jobs allow.

A visit begins only under a lease that the fetcher's own monotonic clock says will outlast the beginning; when the
lease ends without renewal, visits under way are broken off, because an heir may begin.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import structlog
from msgspec import structs

from producers.fetch.answers import refusal_of
from producers.fetch.ports import Visitor
from producers.fetch.robots import RobotsRules
from producers.fetch.unvisited import given_up, last_try, rested, waits_elsewhere
from producers.fetch.waiting import WaitingLine
from producers.politeness.breaker import Health, after_answer, failing
from producers.politeness.memory import left_alone, recalled, recorded
from producers.politeness.throttle import HostPace, after_visit, before_visit, delay_of, rest_of
from schemas.events import FetchResult, FetchTask
from schemas.hosts import origin_of
from schemas.leases import HostRecord, RunState

log = structlog.get_logger()

Publish: TypeAlias = Callable[[FetchResult], Awaitable[None]]
Tell: TypeAlias = Callable[[FetchResult], None]
Clock: TypeAlias = Callable[[], str]

LOOK_S = 1.0
"""However long a host rests, it is looked at again so soon: clocks jump, and patience ends."""


class Host:
    """Owned by the fleet, which keeps the lease and says when it is lost.

    `publish` sends the answer of a visit, awaited, so that visits cannot outrun Kafka; `tell` takes answers that
    needed none. `runs` is the fleet's knowledge of runs: tasks of a run that is not in it wait until it is.
    """

    def __init__(
        self,
        name: str,
        visitor: Visitor,
        robots: RobotsRules,
        publish: Publish,
        tell: Tell,
        clock: Clock,
        runs: Mapping[str, RunState],
    ) -> None:
        self.name = name
        self.pace = HostPace()
        self.health = Health()
        self.waiting = WaitingLine()
        self.lease_until = 0.0
        self.idle_since = time.monotonic()
        self._visitor = visitor
        self._robots = robots
        self._publish = publish
        self._tell = tell
        self._clock = clock
        self._runs = runs
        self._pause = 0.0
        self._delay = 0.0
        self._last: tuple[FetchTask, float | None] | None = None
        self._room = 1
        self._gave_up = False
        self._visits: dict[asyncio.Task[None], str] = {}
        self._readings: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Something waits or is under way."""
        return bool(self.waiting or self._visits or self._readings)

    @property
    def leased(self) -> bool:
        """A visit may begin now."""
        return time.monotonic() < self.lease_until

    def record(self) -> HostRecord:
        """What the lease keeps."""
        pace, health = self.pace, self.health
        if not self.busy:
            pace, health = left_alone(pace, health)
        delay = 0.0 if self._gave_up else max(self._delay, pace.backoff)
        return recorded(pace, health, self._pause, delay, time.time())

    def take(self, task: FetchTask) -> None:
        """Another task, or a later attempt at one that waits."""
        self.waiting.take(task)
        self._changed.set()

    def answered(self, row: tuple[str, str], tries: int) -> None:
        """A whole response to that try is in Kafka: it is not made again, whatever has been issued meanwhile."""
        self.waiting.settle(row, tries)

    def granted(self, until: float, record: HostRecord | None = None) -> None:
        """The lease holds until that monotonic time; `record` is what its last owner left behind."""
        self.lease_until = until
        if record is not None:
            self.pace, self.health = recalled(record, self.pace, time.time())
        if self._loop is None:
            self._loop = asyncio.create_task(self._run(), name=f"host {self.name}")
            self._changed.set()
        elif record is not None:
            self._changed.set()

    def runs_changed(self, gone: set[str]) -> None:
        """Acts at once on what is now known of runs; `gone`: nobody wants their pages any more."""
        if gone:
            self.waiting.drop_runs(gone)
        for reason in self.waiting.reasons:
            state = self._runs.get(reason)
            if state is not None and not state.paused:
                self.waiting.bring_back(reason)
        self._changed.set()

    def lose(self) -> int:
        """The lease is gone: nothing goes on. Returns how many tasks dispatch will have to issue again."""
        lost = len(self.waiting) + len(self._visits)
        self.lease_until = 0.0
        self.waiting.clear()
        for visit in (*self._visits, *self._readings.values()):
            visit.cancel()
        return lost

    async def close(self) -> None:
        """Finishes the visits under way and ends."""
        self.waiting.clear()
        for reading in self._readings.values():
            reading.cancel()
        if self._visits:
            await asyncio.wait(self._visits)
        self.end()

    def end(self) -> None:
        """Nothing begins any more."""
        if self._loop:
            self._loop.cancel()

    def check(self) -> None:
        """Raises what ended the host's loop, which nothing should."""
        if self._loop is not None and self._loop.done() and not self._loop.cancelled():
            self._loop.result()

    def surplus(self, horizon: float) -> None:
        """Answers those tasks that cannot be visited within `horizon` seconds: they wait in the frontier instead."""
        for run in [run for run, state in self._runs.items() if state.paused]:
            for task in self.waiting.leave(run):
                self._tell(waits_elsewhere(task, "", 0.0, self._clock()))
        pause = max(self._pause, self.pace.backoff)
        if pause <= 0.0 and not self.health.open:
            return
        first = max(0.0, self.pace.next_visit(self._pause) - time.time())
        fits = 1 + int(max(0.0, horizon - first) / pause) if pause > 0.0 else 1
        for place, task in enumerate(self.waiting.line[fits:], fits):
            self.waiting.remove(task)
            rest = max(horizon, first + place * pause)
            self._tell(waits_elsewhere(task, self.health.failure, rest, self._clock()))

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            pause = self._step()
            if pause is None:
                await self._changed.wait()
            elif pause > 0.0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(pause, LOOK_S)):
                        await self._changed.wait()

    def _step(self) -> float | None:
        """Begins one visit if one may begin (0); otherwise the seconds until one may, or None: something must change
        first."""
        if len(self._visits) >= self._room or not self.leased:
            return None
        found = self._next()
        if found is None:
            return None
        task, crawl_delay, unread = found
        polite = task.politeness
        wish = self._wish(task, crawl_delay)
        if self._last is not None:  # between the visits of two runs the longer wish counts
            wish = max(wish, self._wish(*self._last))
        self._room = room = 1 if wish > 0.0 or self.health.open else max(1, polite.concurrency)
        if len(self._visits) >= room or (self.health.open and self._readings):
            return None
        self._pause = wish + (rest_of(self.pace.latency, room) if polite.adaptive else 0.0)
        self._delay = self._pause if room == 1 else 0.0
        now = time.time()
        wait = self.pace.next_visit(self._pause) - now
        if wait > 0.0:
            self._give_up(now)
            return wait
        if unread:
            self._readings[unread] = reading = asyncio.create_task(self._read(unread, task))
            reading.add_done_callback(partial(self._has_read, unread))
            return 0.0
        self.waiting.remove(task)
        self._last = task, crawl_delay
        self.pace = before_visit(self.pace, now, room == 1)
        visit = asyncio.create_task(self._visit(task, now, room == 1))
        self._visits[visit] = _row_of(task)
        visit.add_done_callback(self._done)
        return 0.0

    def _next(self) -> tuple[FetchTask, float | None, str] | None:
        """The first task that nothing holds up, its Crawl-delay, the way by which robots.txt must be read before."""
        while (task := self.waiting.head) is not None:
            state = self._runs.get(task.run_id)
            if state is None or state.paused:
                self.waiting.put_aside(task, task.run_id)
                continue
            if (row := _row_of(task)) in self._visits.values():  # issued again while its visit is under way
                self.waiting.put_aside(task, row)
                continue
            if not task.politeness.respect_robots:
                return task, None, ""
            origin, proxy = origin_of(task.url), task.visit.proxy
            file, way = self._robots.known(origin, proxy), f"{origin} {proxy}"
            if file is None and way in self._readings:
                self.waiting.put_aside(task, way)
                continue
            if file is None:
                return task, None, way
            verdict = self._robots.verdict(file, task.url, task.user_agent)
            if verdict.allowed:
                return task, verdict.crawl_delay, ""
            self.waiting.remove(task)
            self.idle_since = time.monotonic()
            self._tell(refusal_of(task, "robots_denied", verdict.reason, self._clock()))
        return None

    def _wish(self, task: FetchTask, crawl_delay: float | None) -> float:
        """The delay that a run wants now, and the site."""
        state = self._runs.get(task.run_id)
        delay = task.politeness.delay if state is None or state.delay is None else state.delay
        return delay_of(delay, crawl_delay)

    def _give_up(self, now: float) -> None:
        """Answers the tasks of those runs whose patience with a failing host has ended."""
        if not self.health.open:
            return
        for task in self.waiting.line:
            if self.health.patience_left(task.politeness.patience, now) <= 0.0:
                self.waiting.remove(task)
                self._gave_up = True
                self._tell(given_up(task, self.health, self._clock()))

    async def _read(self, way: str, task: FetchTask) -> None:
        """robots.txt for the task at the head; where the host itself is in trouble, that is the task's answer."""
        began = time.time()
        file = await self._robots.read(origin_of(task.url), task.visit.proxy)
        if not file.failure:
            return
        answer = refusal_of(task, file.failure, file.why, self._clock(), 1000 * (time.time() - began))
        answer = structs.replace(answer, status=file.status, retry_after=file.retry_after)
        answer = self._noted(task, answer, began, True)
        self.waiting.bring_back(way)
        newest = self.waiting.find(task)
        if newest is not None:
            self.waiting.remove(newest)
            await self._publish(structs.replace(answer, attempt=newest.attempt, tries=newest.tries))

    def _has_read(self, way: str, reading: asyncio.Task[None]) -> None:
        del self._readings[way]
        self.waiting.bring_back(way)
        self._ended(reading)

    async def _visit(self, task: FetchTask, began: float, single: bool) -> None:
        fetched_at = self._clock()
        answer = await self._visitor.visit(task, fetched_at)
        await self._publish(self._noted(task, answer, began, single))

    def _noted(self, task: FetchTask, answer: FetchResult, began: float, single: bool) -> FetchResult:
        """What the answer says about the host, and what the host's health makes of the answer."""
        now, health, status, failure = time.time(), self.health, answer.status, answer.failure
        if task.visit.proxy:  # it may be the proxy's answer, and the proxy is the job's: nobody else waits for it
            self.pace = replace(self.pace, last_visit=now if single else self.pace.last_visit)
            return answer
        ill = failing(status, failure)
        self.health = after_answer(health, page=task.url_fp, status=status, failure=failure, now=now)
        heard = answer.first_byte_ms if answer.first_byte_ms is not None else answer.elapsed_ms
        self.pace = after_visit(
            self.pace,
            status=status,
            failure=failure,
            began=began,
            now=now,
            retry_after=answer.retry_after,
            latency=heard / 1000 if failure is None else None,
            single=single,
            proof=ill and health.proved_by(task.url_fp),
            reopened=health.open and not self.health.open,
        )
        self._gave_up = False
        if not (ill and self.health.open):
            return answer
        left = self.health.patience_left(task.politeness.patience, now)
        if left <= 0.0:
            self._gave_up = True
            return last_try(answer, self.health)
        return rested(answer, max(0.0, min(self.pace.floor - now, left)))

    def _done(self, visit: asyncio.Task[None]) -> None:
        self.waiting.bring_back(self._visits.pop(visit))
        self._ended(visit)

    def _ended(self, visit: asyncio.Task[None]) -> None:
        self.idle_since = time.monotonic()
        self._changed.set()
        if not visit.cancelled() and visit.exception():
            # The row stays issued, and dispatch issues it again; whatever it was, it must not happen at full speed.
            self.pace = replace(self.pace, floor=max(self.pace.floor, time.time() + LOOK_S))
            log.error("visit_lost", host=self.name, error=repr(visit.exception()))


def _row_of(task: FetchTask) -> str:
    return f"{task.run_id} {task.url_fp}"
