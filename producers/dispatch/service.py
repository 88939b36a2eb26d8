"""PostgreSQL → fetch-tasks, run-events: one round after another, each leaving everything consistent.

A round may end anywhere: what was issued and not marked published goes out again with the same attempt, what was
decided and not published waits in the outbox. One dispatch works at a time; others stand by.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import structlog

from producers.dispatch.brake import Brake
from producers.dispatch.closing import Closer, too_many_rejects
from producers.dispatch.credit import MAX_CREDIT, Shares, Waiting, host_credit
from producers.dispatch.ports import Frontier, Publisher
from producers.dispatch.progress import Progress
from producers.dispatch.rates import Rates
from producers.dispatch.tasks import task_of
from schemas.codec import decode, headers
from schemas.frontier import Issued
from schemas.job import JobDescription
from schemas.open_runs import OpenRun

log = structlog.get_logger()

Clock: TypeAlias = Callable[[], str]

MIN_ROUND_S = 0.05
"""A round asks PostgreSQL a dozen times however little there is to do; what comes meanwhile waits for the next."""
MAX_ROUND_S = 1.0
CHECK_LOST_EVERY_S = 1.0
MAX_PACES = 100_000
_WEIGHTS = {-1: 1, 0: 4, 1: 16}


class Dispatch:
    """The crawl's conductor. `wake` is set by whoever knows that there is something to do."""

    def __init__(self, frontier: Frontier, publisher: Publisher, closer: Closer, clock: Clock, brake: Brake) -> None:
        self._frontier = frontier
        self._brake = brake
        self._braked = ""
        self._publisher = publisher
        self._closer = closer
        self._clock = clock
        self._shares = Shares()
        self._rates = Rates()
        self._progress = Progress(publisher, clock)
        self._jobs: dict[str, JobDescription] = {}
        self._delays: dict[str, float | None] = {}
        self._paces: dict[str, tuple[float, int]] = {}
        self._paused: set[str] = set()
        self._checked_lost = 0.0
        self.wake = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Rounds until `stopping`; the one at hand is finished."""
        await self._publish(await self._frontier.unpublished(0.0))
        while not stopping.is_set():
            self.wake.clear()
            started = time.monotonic()
            pause = await self.round()
            pause = max(pause, MIN_ROUND_S - (time.monotonic() - started), 0.0)
            await _first_of(self.wake, stopping, pause)
            rest = MIN_ROUND_S - (time.monotonic() - started)
            if rest > 0:
                await asyncio.sleep(rest)

    async def round(self) -> float:
        """One look at everything; returns after how many seconds there is something to do at the latest."""
        await self._relay()
        runs = await self._frontier.open_runs()
        self._note(runs)
        for run in runs:
            if run.unwanted:
                await self._frontier.cancel(run.id)
            elif run.stopped and run.counts.queued:
                await self._frontier.drop_queued(run.id)
        active = [run for run in runs if run.going and not too_many_rejects(run.counts)]
        if not await self._brakes():
            await self._reserve(active)
        await self._closer.look([run for run in runs if not run.unwanted])
        await self._progress.tell(runs)
        if time.monotonic() - self._checked_lost >= CHECK_LOST_EVERY_S:
            self._checked_lost = time.monotonic()
            lost = await self._frontier.reissue_overdue()
            if lost:
                log.info("reissued", tasks=len(lost))
            await self._publish([*lost, *await self._frontier.unpublished(5.0)])
        await self._relay()
        soon = await self._frontier.next_ready([run.id for run in active])
        return min(MAX_ROUND_S, max(soon, 0.0) if soon is not None else MAX_ROUND_S)

    async def _brakes(self) -> bool:
        reason = self._brake.reason()
        if reason != self._braked:
            self._braked = reason
            if reason:
                log.error("brake", reason=reason)
                await self._frontier.alert("system", "brake", reason)
            else:
                await self._frontier.close_alerts("system")
        return bool(reason)

    async def _reserve(self, active: Sequence[OpenRun]) -> None:
        if not active:
            return
        under_way = await self._frontier.under_way()
        self._rates.note({host: issued for host, (issued, _) in under_way.items()}, time.monotonic())
        full = [host for host in under_way if self._room(host, under_way) <= 0]
        ready = await self._frontier.ready([run.id for run in active], full)
        if not ready:
            return
        by_id = {run.id: run for run in active}
        paces: dict[str, tuple[float, int]] = {}
        for run_id, host, _ in ready:
            options = (await self._job(run_id)).options
            delay, concurrency = paces.get(host, (0.0, options.concurrency))
            paces[host] = max(delay, options.delay), min(concurrency, options.concurrency)
        self._paces.update(paces)
        credit = {host: self._room(host, under_way) for host in paces}
        waiting = [
            Waiting(run, host, queued, _WEIGHTS.get(by_id[run].priority, 4), by_id[run].owner)
            for run, host, queued in ready
        ]
        for run_id, quotas in self._shares.share(waiting, credit).items():
            daily = (await self._job(run_id)).options.daily_pages
            rows = await self._frontier.reserve(run_id, quotas, daily)
            for row in rows:
                self._rates.gave(row.host, 1)
            await self._publish(rows)

    def _room(self, host: str, under_way: Mapping[str, tuple[int, float]]) -> int:
        """How many more tasks a host may have, at the slowest pace of the runs that were last seen waiting there."""
        issued, kept = under_way.get(host, (0, 0.0))
        asked, concurrency = self._paces.get(host, (0.0, MAX_CREDIT))
        delay = max(kept, asked)
        return host_credit(delay, concurrency if delay == 0 else 1, self._rates.per_s(host)) - issued

    async def _publish(self, rows: Sequence[Issued]) -> None:
        if not rows:
            return
        now = self._clock()
        jobs = {row.run_id: await self._job(row.run_id) for row in rows}
        fresh = [row for row in rows if jobs[row.run_id].options.freshness]
        known = await self._frontier.seen(fresh) if fresh else {}
        await self._publisher.send_all(
            [task_of(row, jobs[row.run_id], now, known.get((row.run_id, row.url_fp))) for row in rows]
        )
        await self._frontier.mark_published(rows)

    async def _relay(self) -> None:
        while said := await self._frontier.outbox():
            for entry in said:
                event = decode(entry.topic, entry.value)
                await self._publisher.send_raw(
                    entry.topic, entry.key, entry.value, headers(event, "outbox", self._clock())
                )
            await self._frontier.delivered(said)

    async def _job(self, run_id: str) -> JobDescription:
        """The run's pinned job, with the delay that it was given since."""
        if run_id not in self._jobs:
            job, delay = await self._frontier.description(run_id), self._delays.get(run_id)
            if delay is not None:
                job = job.model_copy(update={"options": job.options.model_copy(update={"delay": delay})})
            self._jobs[run_id] = job
        return self._jobs[run_id]

    def _note(self, runs: Sequence[OpenRun]) -> None:
        """What has changed since the last round: runs that are over are forgotten, new delays taken, and what a run
        that goes on after a pause had under way is lost."""
        delays = {run.id: run.delay for run in runs}
        for run_id in [run_id for run_id in self._jobs if self._delays.get(run_id) != delays.get(run_id, -1.0)]:
            del self._jobs[run_id]
            self._paces.clear()
        self._delays = delays
        paused = {run.id for run in runs if run.paused}
        if self._paused - paused:
            self._checked_lost = float("-inf")
        self._paused = paused
        if len(self._paces) > MAX_PACES:
            self._paces.clear()


async def _first_of(wake: asyncio.Event, stopping: asyncio.Event, seconds: float) -> None:
    """Returns at the first of: something to do, the end, so many seconds."""
    waits = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stopping.wait())]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
