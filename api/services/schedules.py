"""Schedules as their jobs' owners see them."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, invalid, not_found
from api.ports.schedules import Schedules
from api.services.cursors import Page, cut, pack, unpack
from api.services.jobs import JobService
from api.services.keeping import check_match
from schemas.accounts import Act
from schemas.job.schedule import Schedule
from schemas.ledger import Job
from schemas.recurrence import Recurrence
from schemas.schedules import Firing, FiringOutcome, JobSchedule

_NEVER = "-"


class Scheduled(NamedTuple):
    """A job's schedule, and the job as it was just before: its version is what changes of the schedule are held
    against, and one that is older than the schedule beside it refuses where a newer one would overwrite."""

    job: Job
    schedule: JobSchedule


class ScheduleService:
    """Each method raises ApiError 404 for a job that the caller may not see, or that has no schedule."""

    def __init__(
        self, service: JobService, store: Schedules, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._service = service
        self._store = store
        self._clock = clock

    async def put(
        self, caller: Caller, job_id: str, schedule: Schedule, if_match: str | None, visit: Visit
    ) -> Scheduled:
        """422 for one that would never fire; 412 where the caller expects another version of the job."""
        job = await self._service.job(caller, job_id)
        self.times(schedule, 1)
        said = schedule.model_dump(mode="json")
        act = visit.act(caller.user_id, "schedule_changed", job.id, schedule=said)
        await self._write(caller, job, said, if_match, act)
        return await self.of_job(caller, job_id)

    async def remove(self, caller: Caller, job_id: str, if_match: str | None, visit: Visit) -> None:
        """The job runs by itself no more. 412 where the caller expects another version of the job."""
        job, _ = await self.of_job(caller, job_id)
        await self._write(caller, job, None, if_match, visit.act(caller.user_id, "schedule_removed", job.id))

    async def _write(
        self, caller: Caller, job: Job, schedule: dict[str, Any] | None, if_match: str | None, act: Act
    ) -> None:
        """Looks again where the job changes between the look and the writing."""
        check_match(if_match, job)
        while await self._store.put(job.id, schedule, act, job.version if if_match is not None else None) == "stale":
            job = await self._service.job(caller, job.id)
            check_match(if_match, job)

    async def pause(self, caller: Caller, job_id: str, visit: Visit) -> Scheduled:
        """Pausing twice is no mistake."""
        _, known = await self.of_job(caller, job_id)
        await self._store.pause(known.job_id, visit.act(caller.user_id, "schedule_paused", known.job_id))
        return await self.of_job(caller, job_id)

    async def resume(self, caller: Caller, job_id: str, visit: Visit) -> Scheduled:
        """Neither is resuming twice."""
        _, known = await self.of_job(caller, job_id)
        await self._store.resume(known.job_id, visit.act(caller.user_id, "schedule_resumed", known.job_id))
        return await self.of_job(caller, job_id)

    async def of_job(self, caller: Caller, job_id: str) -> Scheduled:
        """A job's schedule."""
        job = await self._service.job(caller, job_id)
        found = await self._store.schedule(job.id)
        if found is None:
            raise _no_schedule()
        return Scheduled(job, found)

    async def page(self, caller: Caller, cursor: str | None, limit: int) -> Page[JobSchedule]:
        """The caller's, or everyone's for an administrator, the next one to fire first."""
        found = await self._store.schedules(caller.owner_filter, _place(cursor), limit + 1)
        return cut(found, limit, lambda one: pack(one.next_at or _NEVER, one.job_id))

    async def firings(
        self, caller: Caller, job_id: str, outcome: FiringOutcome | None, cursor: str | None, limit: int
    ) -> Page[Firing]:
        """What became of a job's times, also where it has no schedule any more."""
        job = await self._service.job(caller, job_id)
        position = unpack(cursor, (datetime,))
        before = position[0] if position else None
        found = await self._store.firings(job.id, outcome=outcome, before=before, limit=limit + 1)
        return cut(found, limit, lambda one: pack(one.due_at))

    def next_of(self, known: JobSchedule, count: int) -> list[datetime]:
        """The next times of a schedule, without jitter; none of one that is paused or whose job is disabled."""
        if known.paused_at is not None or not known.enabled or known.due_at is None:
            return []
        return [known.due_at, *_some(known.recurrence, known.due_at, count - 1)]

    def times(self, schedule: Schedule, count: int) -> list[datetime]:
        """The next times of what is not kept yet. 422 where there is none."""
        now = self._clock()
        found = _some(schedule.recurrence(now), now, count)
        if not found:
            raise invalid("at", "This moment has passed; give one that is still to come.", "PASSED")
        return found


def _some(recurrence: Recurrence, after: datetime, count: int) -> list[datetime]:
    return list(islice(recurrence.times(after), count))


def _place(cursor: str | None) -> tuple[datetime | None, str] | None:
    if not cursor:
        return None
    never = unpack(cursor, (str, UUID))
    if never and never[0] == _NEVER:
        return None, never[1]
    found = unpack(cursor, (datetime, UUID))
    return (found[0], found[1]) if found else None


def _no_schedule() -> ApiError:
    return not_found("job_id", "This job has no schedule; give it one with PUT.")
