"""A job's log, read back: visits and changes of state from ClickHouse, what people did from the audit log."""

import asyncio
import heapq
from datetime import UTC, datetime

from api.auth.callers import Caller
from api.ports import RunHistory, Visits
from api.services.cursors import Page, cut, pack, unpack
from api.services.jobs import JobService
from api.services.log_lines import LEVELS, Level, LogLine, act_line, page_line, turn_line
from schemas.ledger import Job, Run

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Logs:
    """The log of the newest run, or of the one asked for, in the order of time. ApiError 404 for what the caller may
    not see. Whatever the live stream tells as `log` is in it, under the same id, as soon as it is stored: some seconds
    later."""

    def __init__(self, service: JobService, history: RunHistory, visits: Visits) -> None:
        self._service = service
        self._history = history
        self._visits = visits

    async def lines(
        self,
        caller: Caller,
        job_id: str,
        run_id: str | None,
        *,
        level: Level = "info",
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int,
    ) -> tuple[Job, Run | None, Page[LogLine]]:
        """Lines of at least this level, from a moment or a position on."""
        job = await self._service.job(caller, job_id)
        run = await self._service.run(caller, job_id, run_id) if run_id or job.run else None
        position = unpack(cursor, (datetime, str))
        after = (position[0], position[1]) if position else (_whole_ms(since) if since else _BEGINNING, "")
        parts = await asyncio.gather(
            self._acts(job, run, level, after, limit + 1),
            self._turns(run, level, after, limit + 1),
            self._pages(run, level, after, limit + 1),
        )
        found = list(heapq.merge(*parts, key=lambda line: (line.at, line.id)))[: limit + 1]
        return job, run, cut(found, limit, lambda line: pack(line.at, line.id))

    async def _acts(
        self, job: Job, run: Run | None, level: Level, after: tuple[datetime, str], limit: int
    ) -> list[LogLine]:
        if level != "info":
            return []
        return [act_line(done) for done in await self._history.acts(job.id, run.id if run else None, after, limit)]

    async def _turns(self, run: Run | None, level: Level, after: tuple[datetime, str], limit: int) -> list[LogLine]:
        if run is None:
            return []
        lines = [turn_line(turn) for turn in await self._visits.turns(run.id, after, limit)]
        return [line for line in lines if LEVELS.index(line.level) >= LEVELS.index(level)]

    async def _pages(self, run: Run | None, level: Level, after: tuple[datetime, str], limit: int) -> list[LogLine]:
        if run is None or level == "error":
            return []
        seen = await self._visits.visits(run.id, after, limit, trouble=level == "warning")
        return [page_line(visit.id, visit.at, visit) for visit in seen]


def _whole_ms(moment: datetime) -> datetime:
    """As exact as the stores are."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
