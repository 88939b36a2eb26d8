"""The story of one run, from its first record to its end, told to one listener without a gap or a repeat."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from api.auth.callers import Caller
from api.config import GatewayConfig
from api.live import frames
from api.live.frames import Frame, Parcel
from api.live.hub import Hub
from api.live.subscription import Subscription
from api.ports import Records
from api.services.jobs import JobService
from schemas.ledger import Run
from schemas.topics import RUN_EVENTS

Send = Callable[[Frame], Awaitable[None]]

_PIECE = 1000
_TOLD_AT_MOST = 200_000
_JUST_OVER = timedelta(seconds=15)
_LATE_END_S = 5.0


class Story:
    """One listener's way through a run.

    It subscribes first, then tells what is stored, then what passed lately, then what comes; each thing has an
    identity and is told once. Before the end it compares what it told with what the run says was stored, and reads
    again what is missing (the feed may have been away for longer than it looks back).
    """

    def __init__(self, hub: Hub, jobs: JobService, records: Records, config: GatewayConfig, send: Send) -> None:
        self._hub = hub
        self._jobs = jobs
        self._records = records
        self._config = config
        self._send = send
        self._told: set[str] = set()
        self._records_told = 0
        self._whole = True

    async def tell(self, caller: Caller, job_id: str, spilled: Callable[[], None]) -> None:
        """Returns after `complete`. Raises ApiError 404 for a job that the caller may not see."""
        run_id = (await self._jobs.job(caller, job_id)).run.id
        with self._hub.listening(spilled, run_id=run_id) as live:
            lately = self._hub.lately(run_id)
            # Read after subscribing: what happens from here on is heard.
            run = await self._jobs.run(caller, job_id, run_id)
            await self._send(frames.progress_frame(run.job_id, run.state, run.counts, run.max_pages))
            paused = run.paused_at is not None
            await self._send(frames.of_state(run.job_id, run.id, run.state, run.counts, run.reason, paused)[0])
            await self._stored(run)
            await self._stored_trends(run)
            for parcel in lately:
                if parcel.topic != RUN_EVENTS:
                    await self._once(parcel)
            await (self._listen(caller, run, live) if run.open else self._told_to_the_end(run, live))

    async def _listen(self, caller: Caller, run: Run, live: Subscription) -> None:
        while True:
            try:
                async with asyncio.timeout(self._config.heartbeat):
                    parcel = await live.next()
            except TimeoutError:
                now = await self._jobs.run(caller, run.job_id, run.id)
                if not now.open:
                    return await self._end(now)
                await self._send(frames.progress_frame(now.job_id, now.state, now.counts, now.max_pages))
                continue
            if parcel.ends:
                await self._complete(run, parcel.stored)
                return await self._all(parcel)
            await self._once(parcel)

    async def _told_to_the_end(self, run: Run, live: Subscription) -> None:
        """Ends the story of a run that was over when it began. If it ended only just now, its last trends may still be
        on their way: they come before its end does, so that is waited for, but not for long."""
        just_now = run.finished_at is not None and datetime.now(UTC) - run.finished_at < _JUST_OVER
        if just_now and not self._hub.has_ended(run.id):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LATE_END_S):
                    while not (parcel := await live.next()).ends:
                        await self._once(parcel)
        await self._end(run)

    async def _end(self, run: Run) -> None:
        await self._complete(run, run.counts.stored)
        for frame in frames.of_state(run.job_id, run.id, run.state, run.counts, run.reason)[1:]:
            await self._send(frame)

    async def _complete(self, run: Run, stored: int) -> None:
        """A completed run's records are all in the store: what was not told yet is told now."""
        if self._whole and self._records_told < stored:
            await self._stored(run)

    async def _stored(self, run: Run) -> None:
        position: tuple[str, str] | None = None
        for _ in range(0, self._config.stored_records, _PIECE):
            found = await self._records.records(run.dataset, run.id, position, _PIECE)
            for record in found:
                await self._one(frames.of_stored(record, run.job_id, run.id, run.dataset))
            if len(found) < _PIECE:
                return
            position = (found[-1].key, found[-1].id)
        self._whole = False
        sentence = f"Only {self._config.stored_records} of the records stored before are shown; read all at /records."
        await self._send(
            frames.frame("log", {"job_id": run.job_id, "run_id": run.id, "level": "warning", "message": sentence})
        )

    async def _stored_trends(self, run: Run) -> None:
        for trend in reversed(await self._records.trends([run.id], limit=_PIECE)):
            await self._one(frames.of_stored_trend(trend))

    async def _all(self, parcel: Parcel) -> None:
        for frame in parcel.frames:
            await self._send(frame)

    async def _once(self, parcel: Parcel) -> None:
        for frame in parcel.frames:
            await self._one(frame)

    async def _one(self, frame: Frame) -> None:
        if frame.identity:
            if frame.identity in self._told:
                return
            if len(self._told) < _TOLD_AT_MOST:
                self._told.add(frame.identity)
            else:
                self._whole = False
            self._records_told += frame.is_record
        await self._send(frame)
