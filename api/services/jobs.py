"""Jobs as their owners see them: a job that is not yours is a job that is not there."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from pydantic import ValidationError

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, Fault, conflict, not_found
from api.ports import Jobs, Records
from api.services.cursors import Page, cut, pack, unpack
from api.services.references import References
from schemas.choosing import FieldCondition, FieldOrder
from schemas.job import JobDescription
from schemas.ledger import Job, Opening, Run, StoredMark, StoredRecord, StoredTrend, UrlFate
from schemas.priorities import RANKS, Priority
from schemas.rule_checks import RuleCheck

_RUNS_LOOKED_AT = 2000
"""Of so many newest runs trends are shown to whoever does not see everything."""


class JobService:
    """Everything that can be asked about jobs. Each method raises ApiError 404 for what the caller may not see."""

    def __init__(
        self,
        jobs: Jobs,
        records: Records,
        credentials: References,
        check_rules: RuleCheck,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._jobs = jobs
        self._records = records
        self._credentials = credentials
        self._check_rules = check_rules
        self._new_id = new_id

    async def submit(self, caller: Caller, description: JobDescription, visit: Visit) -> tuple[str, Run]:
        """Keeps a new job and opens its first run; returns the job's name with the run. 422 where it names stored
        credentials that the caller has not, or has rules that cannot be used."""
        await self.check(description)
        await self._credentials.check(caller.user_id, description)
        opening = self.opening(visit, visit.new_id("job", self._new_id), caller.user_id, description)
        act = visit.act(
            caller.user_id, "job_created", opening.job_id, run_id=opening.run_id, urls=len(description.sources)
        )
        return opening.name, await self._jobs.create(opening, act)

    async def check(self, description: JobDescription) -> None:
        """422 that names every rule of `extract` which cannot be used, and where in it the trouble is."""
        problems = await asyncio.to_thread(self._check_rules, description.extract)
        if problems:
            faults = [Fault(f"extract.{problem.place}", problem.reason, "INVALID") for problem in problems]
            raise ApiError(422, "VALIDATION_ERROR", "The request is not valid.", faults)

    async def again(
        self,
        caller: Caller,
        job_id: str,
        visit: Visit,
        *,
        action: str,
        force: bool = False,
        priority: Priority | None = None,
    ) -> Run:
        """Opens another run of a job, as it is described now. 409 while one is open, unless `force`, and for a job that
        is archived; 422 where its stored credentials were removed meanwhile. `priority` is for this run alone."""
        job = await self.job(caller, job_id)
        if job.archived_at is not None:
            raise conflict("job_id", "This job is archived; put it back with POST …/unarchive first.")
        description = described(job.description)
        await self._credentials.check_to_run(job.owner, description)
        opening = self.opening(visit, job.id, job.owner, description, name=job.name, dataset=job.dataset)
        if priority:
            opening = replace(opening, priority=RANKS[priority])
        act = visit.act(caller.user_id, action, job.id, run_id=opening.run_id, force=force)
        run = await self._jobs.start(opening, act, force=force)
        if run == "running":
            raise conflict(
                "job_id", "A run of this job is still open; wait for it, cancel it, or start with force=true."
            )
        if run == "gone":
            raise no_such_job()
        return run

    def opening(
        self,
        visit: Visit,
        job_id: str,
        owner: str,
        description: JobDescription,
        *,
        name: str | None = None,
        dataset: str | None = None,
    ) -> Opening:
        """A run that is to be opened; name and dataset are the description's, unless they are given."""
        return Opening.of(
            description,
            run_id=visit.new_id("run", self._new_id),
            job_id=job_id,
            owner=owner,
            name=name or description.name or urlsplit(description.sources[0]).hostname or "job",
            dataset=dataset or "",
        )

    async def job(self, caller: Caller, job_id: str) -> Job:
        """A job with its newest run."""
        job = await self._jobs.job(_uuid(job_id))
        if job is None or not (caller.sees_all or job.owner == caller.user_id):
            raise no_such_job()
        return job

    async def run(self, caller: Caller, job_id: str, run_id: str | None) -> Run:
        """A run of a job: the newest one, or the one asked for."""
        job = await self.job(caller, job_id)
        if run_id is None:
            return run_of(job)
        run = await self._jobs.run(_uuid(run_id, "run_id"))
        if run is None or run.job_id != job.id:
            raise not_found("run_id", "This job has no such run.")
        return run

    async def whole(self, caller: Caller, job_id: str, run_id: str | None) -> tuple[Job, list[str]]:
        """A job with one of its runs (the newest by default), and what that run waits for beside its turn."""
        job = await self.job(caller, job_id)
        if run_id is not None:
            job = replace(job, run=await self.run(caller, job_id, run_id))
        daily = (job.description.get("options") or {}).get("daily_pages")
        spent = await self._jobs.spent_hosts(job.run.id, daily) if daily and job.run and job.run.open else 0
        had = "1 host has had its" if spent == 1 else f"{spent} hosts have had their"
        return job, [f"{had} {daily} visits of today; they go on at 00:00 UTC."] if spent else []

    async def cancel(self, caller: Caller, job_id: str, visit: Visit) -> Job:
        """Drops what waits of every open run. Cancelling twice is no mistake; 409 when nothing is open any more."""
        job = await self.job(caller, job_id)
        if job.run is None:
            raise conflict("job_id", "This job has not run yet; there is nothing to cancel.")
        asked = await self._jobs.cancel(job.id, visit.act(caller.user_id, "job_cancelled", job.id))
        job = await self.job(caller, job_id)
        run = run_of(job)
        if not asked and not (run.open or run.state == "cancelled"):
            raise conflict("job_id", f"The job is over ({run.state}); there is nothing to cancel.")
        return job

    async def remove(self, caller: Caller, job_id: str, visit: Visit) -> Job | None:
        """Cancels a job that runs (the job comes back), deletes one that does not (None)."""
        job = await self.job(caller, job_id)
        answer = await self._jobs.delete(job.id, visit.act(caller.user_id, "job_deleted", job.id))
        if answer == "gone":
            raise no_such_job()
        return await self.cancel(caller, job_id, visit) if answer == "running" else None

    async def records(
        self, run: Run, cursor: str | None, limit: int, where: Sequence[FieldCondition] = ()
    ) -> Page[StoredRecord]:
        """Clean records of a run that the caller may see, in the order of their key."""
        position = unpack(cursor, (str, UUID))
        found = await self._records.records(
            run.dataset, run.id, (position[0], position[1]) if position else None, limit + 1, where
        )
        return cut(found, limit, lambda record: pack(record.key, record.id))

    async def ranked_records(
        self, run: Run, order: FieldOrder, cursor: str | None, limit: int, where: Sequence[FieldCondition] = ()
    ) -> Page[StoredRecord]:
        """The same in the order of one of their fields."""
        position = unpack(cursor, (float, str, UUID))
        after = (position[0], position[1], position[2]) if position else None
        found = await self._records.ranked(run.dataset, run.id, order, after, limit + 1, where)
        page = cut(found, limit, lambda one: pack(one.rank.hex(), one.record.key, one.record.id))
        return Page([one.record for one in page.items], page.next_cursor)

    async def marks(self, run: Run, state: str | None, cursor: str | None, limit: int) -> Page[StoredMark]:
        """What trends said of the records of a run that the caller may see, in the order of their key."""
        position = unpack(cursor, (str, UUID, str))
        after = (position[0], position[1], position[2]) if position else None
        found = await self._records.marks(run.dataset, run.id, state, after, limit + 1)
        return cut(found, limit, lambda mark: pack(mark.key, mark.record_id, mark.state))

    async def urls(self, run: Run, outcome: str | None, cursor: str | None, limit: int) -> Page[UrlFate]:
        """URLs of a run that the caller may see, each with its fate."""
        position = unpack(cursor, (UUID,))
        found = await self._jobs.urls(
            run.id,
            outcome=outcome,
            after=position[0] if position else None,
            limit=limit + 1,
        )
        return cut(found, limit, lambda fate: pack(fate.url_fp))

    async def trends(
        self,
        caller: Caller,
        *,
        job_id: str | None = None,
        dataset: str | None = None,
        kind: str | None = None,
        cursor: str | None,
        limit: int,
    ) -> Page[StoredTrend]:
        """Trends of a job's runs, or of everything that the caller may see, newest first."""
        position = unpack(cursor, (datetime, UUID))
        runs: list[str] | None = None
        if job_id is not None:
            job = await self.job(caller, job_id)
            runs = await self._jobs.newest_runs(job_id=job.id, limit=_RUNS_LOOKED_AT)
        elif not caller.sees_all:
            runs = await self._jobs.newest_runs(owner=caller.user_id, limit=_RUNS_LOOKED_AT)
        if runs == []:
            return Page([], None)
        found = await self._records.trends(
            runs, dataset=dataset, kind=kind, limit=limit + 1, before=(position[0], position[1]) if position else None
        )
        return cut(found, limit, lambda trend: pack(trend.at, trend.id))


def _uuid(value: str, field: str = "job_id") -> str:
    """An id as the stores spell it; what is no id at all belongs to nothing."""
    try:
        return str(UUID(value.removeprefix("job_").removeprefix("run_")))
    except ValueError:
        raise no_such_job() if field == "job_id" else not_found(field, "There is no such run.") from None


def run_of(job: Job) -> Run:
    """The run that stands for a job. ApiError 404 for a job that has never run."""
    if job.run is None:
        raise not_found("run_id", f"This job has not run yet; start it with POST /api/v1/jobs/{job.id}/start.")
    return job.run


def described(description: dict[str, Any]) -> JobDescription:
    """A description that was kept. ApiError 409 for one that is no longer valid."""
    try:
        return JobDescription.model_validate(description)
    except ValidationError:
        raise conflict("job_id", "This job's description is no longer valid; change it, or make a new job.") from None


def no_such_job() -> ApiError:
    """404, for a job that is not there and for somebody else's."""
    return not_found("job_id", "You have no such job.")
