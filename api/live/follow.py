"""The story of one run, from its first record to its end, told to one listener without a gap or a repeat."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from api.auth.callers import Caller
from api.config import GatewayConfig
from api.errors import unavailable
from api.live import frames
from api.live.cursors import Positions
from api.live.follower import Follower, Live, Outlet
from api.live.frames import Frame, Parcel
from api.live.streams import Stream, of_run
from api.services.jobs import JobService
from schemas.ledger import Run
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, TRENDS

_JUST_OVER = timedelta(seconds=15)
_LATE_END_S = 5.0


class Story:
    """One listener's way through a run: how it stands, then everything of it in the order of its topics. It begins
    with the first record and trend, and with the log lines that passed lately; with a cursor where that was."""

    def __init__(
        self, live: Live, jobs: JobService, config: GatewayConfig, outlet: Outlet,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._live = live
        self._jobs = jobs
        self._config = config
        self._outlet = outlet
        self._clock = clock
        self._progress_at = -1e9
        self._waiting: Frame | None = None

    async def tell(self, caller: Caller, job_id: str, run_id: str | None, cursor: str | None) -> None:
        """Returns after `complete`. Raises ApiError 404 for a job that the caller may not see, 422 for a cursor that is
        not of this run."""
        run = await self._jobs.run(caller, job_id, run_id)
        stream = of_run(run.id, run.dataset)
        at = self._live.cursors.unpack(stream.name, stream.topics, cursor) if cursor else await self._beginning(stream)
        # Read after the position is fixed: what happens from here on is heard.
        run = await self._jobs.run(caller, run.job_id, run.id)
        follower = Follower(self._live, stream, at, self._outlet)
        await self._standing(run, follower.cursor())
        if run.open or self._may_come(run):
            self._follower, self._caller, self._run = follower, caller, run
            await follower.run(self._parcel, idle=self._idle, patience=self._patience)
        else:
            if not self._live.hub.connected.is_set():
                raise unavailable("Live data is not to be had just now; try again shortly.")
            await follower.run(self._parcel_of_the_past, to_now=True)
            await self._end(run, follower.cursor())

    async def _beginning(self, stream: Stream) -> Positions:
        await self._live.catching_up.ready()
        at = self._live.hub.position(stream)
        for topic in (CLEAN_RECORDS, TRENDS):
            for partition in range(len(at.offsets[topic])):
                at.move((topic, partition), -1)
        self._live.hub.beginning(PAGE_OUTCOMES, at)
        return at

    def _may_come(self, run: Run) -> bool:
        """Whether a run that is over ended only just now: its last trends may still be on their way, and come before
        its end does."""
        over = run.finished_at is not None and datetime.now(UTC) - run.finished_at < _JUST_OVER
        return over and not self._live.hub.has_ended(run.id)

    async def _standing(self, run: Run, cursor: str) -> None:
        paused = run.paused_at is not None
        await self._send_progress(frames.progress_frame(run.job_id, run.state, run.counts, run.max_pages).text(cursor))
        status = frames.of_state(run.job_id, run.id, run.state, run.counts, run.reason, paused)[0]
        await self._outlet.send(status.text(cursor))

    async def _parcel(self, parcel: Parcel, told: tuple[tuple[Frame, str], ...]) -> bool:
        for frame, text in told:
            if frame.kind == "progress":
                due = self._progress_at + self._config.progress_every - self._clock()
                if due <= 0 or parcel.ends:
                    await asyncio.sleep(max(0.0, due))
                    await self._send_progress(text)
                else:
                    self._waiting = frame
            else:
                await self._outlet.send(text)
        await self._progress_if_due()
        return not parcel.ends

    async def _parcel_of_the_past(self, parcel: Parcel, told: tuple[tuple[Frame, str], ...]) -> bool:
        """Of a run that is over: how it stood meanwhile is told as it ends."""
        for frame, text in told:
            if frame.kind not in ("progress", "complete"):
                await self._outlet.send(text)
        return True

    async def _progress_if_due(self) -> None:
        if self._waiting and self._clock() - self._progress_at >= self._config.progress_every:
            # Without a cursor: what came since may have been told before it.
            await self._send_progress(self._waiting.text())

    async def _send_progress(self, text: str) -> None:
        self._waiting, self._progress_at = None, self._clock()
        await self._outlet.send(text)

    def _patience(self) -> float:
        """Until progress is due: what waits after a second, else what everybody is told now and then."""
        if not self._run.open:
            return _LATE_END_S
        every = self._config.progress_every if self._waiting else self._config.heartbeat
        return max(0.001, self._progress_at + every - self._clock())

    async def _idle(self) -> bool:
        if self._waiting:
            await self._progress_if_due()
            return True
        run = await self._jobs.run(self._caller, self._run.job_id, self._run.id)
        if not run.open:
            await self._end(run, self._follower.cursor())
            return False
        cursor = self._follower.cursor()
        text = frames.progress_frame(run.job_id, run.state, run.counts, run.max_pages).text(cursor)
        await self._send_progress(text)
        return True

    async def _end(self, run: Run, cursor: str) -> None:
        for frame in frames.of_state(run.job_id, run.id, run.state, run.counts, run.reason)[1:]:
            await self._outlet.send(frame.text(cursor))
