"""Starts what is due, and tells of it."""

import structlog
from pydantic import ValidationError

from producers.schedule.ports import DueSchedules
from schemas.job import JobDescription
from schemas.ledger import Opening
from schemas.schedules import Firing, JobToRun

log = structlog.get_logger()


class Scheduler:
    """One of any number: what another one holds is passed over."""

    def __init__(self, schedules: DueSchedules) -> None:
        self._schedules = schedules

    async def turn(self) -> bool:
        """One due schedule and one firing that waited. False: there was neither."""
        done = [*await self._schedules.step(), *await self._schedules.start_waiting()]
        for firing in done:
            _tell(firing)
        return bool(done)


def _tell(firing: Firing) -> None:
    say = log.info if firing.outcome in ("started", "waiting", "skipped") else log.warning
    say(
        f"firing_{firing.outcome}",
        due_at=firing.due_at.isoformat(),
        run_id=firing.run_id or "",
        times=firing.times,
        why=firing.why,
    )


def opening_of(job: JobToRun, run_id: str) -> Opening | str:
    """The run of a job as it is described now; a sentence where it cannot be run as described."""
    try:
        description = JobDescription.model_validate(job.description)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "job"
        return f"The job's description is no longer valid: {where}: {first['msg']}"
    return Opening.of(description, run_id=run_id, job_id=job.job_id, owner=job.owner, name=job.name)
