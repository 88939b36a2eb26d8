"""Replays: changed rules over pages that were fetched before. Nothing is fetched."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, Fault, conflict, not_found
from api.ports import Jobs
from api.services.jobs import JobService
from schemas.job import JobDescription
from schemas.ledger import Job, Opening, PagesWanted, Run


class Replays:
    """Opens replays of a job that the caller may see. ApiError 404 for another job or run, 409 while a replay of the
    job is open, 422 for rules that cannot be used, or do not go with the job."""

    def __init__(self, service: JobService, jobs: Jobs, new_id: Callable[[], UUID] = uuid4) -> None:
        self._service = service
        self._jobs = jobs
        self._new_id = new_id

    async def replay(
        self, caller: Caller, job_id: str, wanted: PagesWanted, changes: dict[str, Any], visit: Visit
    ) -> tuple[str, Run]:
        """Opens the run; returns the job's name with it. `changes` (extract, clean, filters) replace the job's own."""
        job = await self._service.job(caller, job_id)
        if wanted.run_id is not None:
            source = await self._service.run(caller, job_id, wanted.run_id)
            if source.kind != "crawl":
                raise not_found("run_id", "This run fetched nothing; name the crawl whose pages it read.")
            wanted = replace(wanted, run_id=source.id)
        description = described(job, changes)
        await self._service.check(description)
        opening = self._opening(job, description, visit)
        act = visit.act(
            caller.user_id, "job_replayed", job.id, run_id=opening.run_id, source=wanted.run_id, changed=sorted(changes)
        )
        run = await self._jobs.replay(opening, wanted, act)
        if run == "running":
            raise conflict("job_id", "A replay of this job is still open; wait for it, or cancel it.")
        if run == "nothing":
            raise conflict(
                "job_id",
                "No crawl of this job fits: none has completed, or none was under way then; name one by run_id.",
            )
        if run == "gone":
            raise not_found("job_id", "You have no such job.")
        return job.name, run

    def _opening(self, job: Job, description: JobDescription, visit: Visit) -> Opening:
        run_id = visit.new_id("run", self._new_id)
        return Opening.of(
            description,
            run_id=run_id,
            job_id=job.id,
            owner=job.owner,
            name=job.name,
            dataset=job.dataset,
            kind="replay",
        )


def described(job: Job, changes: dict[str, Any]) -> JobDescription:
    """The job with these changes, as a replay pins it: no link is followed, no page remembered, and no series watched,
    since what is read again has happened before. ApiError 422 where the changes do not go with the job."""
    try:
        found = JobDescription.model_validate({**job.description, **changes})
    except ValidationError as problem:
        faults = [
            Fault(".".join(str(part) for part in error["loc"]), error["msg"], "INVALID") for error in problem.errors()
        ]
        raise ApiError(422, "VALIDATION_ERROR", "The rules do not go with this job.", faults) from None
    options = found.options.model_copy(update={"follow": False, "max_depth": 0, "freshness": None})
    trends = found.trends.model_copy(update={"enabled": False})
    return found.model_copy(update={"options": options, "trends": trends})
