"""Control over a job while it runs: in effect within a second, and each refusal says what to do instead."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, conflict
from api.ports import Jobs
from api.services.jobs import JobService, run_of
from schemas.accounts import Act
from schemas.ledger import Job, Run
from schemas.priorities import RANKS, Priority

_Change: TypeAlias = Callable[[str, Act], Awaitable[list[str]]]


class Control:
    """Pauses, resumes, stops, and changes open runs of a job. Saying the same twice is no mistake. ApiError 404 for
    what the caller may not see, 409 where the state forbids it."""

    def __init__(self, service: JobService, jobs: Jobs) -> None:
        self._service = service
        self._jobs = jobs

    async def pause(self, caller: Caller, job_id: str, visit: Visit) -> Job:
        """No new visit begins; exchanges under way are finished. `resume` undoes it."""
        return await self._do("pause", self._jobs.pause, caller, job_id, visit, lambda run: run.paused_at is not None)

    async def resume(self, caller: Caller, job_id: str, visit: Visit) -> Job:
        """What was paused goes on."""
        done = _goes_on
        return await self._do("resume", self._jobs.resume, caller, job_id, visit, done)

    async def stop(self, caller: Caller, job_id: str, visit: Visit) -> Job:
        """What is under way is still visited and kept, what waits is dropped, and the run completes."""
        return await self._do("stop", self._jobs.stop, caller, job_id, visit, lambda run: run.stopped_at is not None)

    async def adjust(
        self, caller: Caller, job_id: str, priority: Priority | None, delay: float | None, visit: Visit
    ) -> Job:
        """Another share among the owner's runs, another pace, or both."""
        rank = RANKS[priority] if priority else None

        async def change(found: str, act: Act) -> list[str]:
            return await self._jobs.adjust(found, rank, delay, act)

        return await self._do(
            "adjust", change, caller, job_id, visit, lambda run: False, priority=priority, delay=delay
        )

    async def _do(
        self,
        verb: str,
        change: _Change,
        caller: Caller,
        job_id: str,
        visit: Visit,
        done: Callable[[Run], bool],
        **details: object,
    ) -> Job:
        job = await self._service.job(caller, job_id)
        if job.run is None:
            raise conflict("job_id", f"This job has not run yet; there is nothing to {verb}.")
        act = visit.act(caller.user_id, _ACTIONS[verb], job.id, run_id=job.run.id, **details)
        changed = await change(job.id, act)
        job = await self._service.job(caller, job_id)
        run = run_of(job)
        if not changed and not done(run):
            raise _refusal(verb, run)
        return job


_ACTIONS = {"pause": "job_paused", "resume": "job_resumed", "stop": "job_stopped", "adjust": "job_adjusted"}


def _goes_on(run: Run) -> bool:
    return run.state in ("queued", "running") and not (run.paused_at or run.cancelled_at)


def _refusal(verb: str, run: Run) -> ApiError:
    """Why not, and what to do instead."""
    if not run.open:
        said = f"The run is over ({run.state}); there is nothing to {verb}. Start the job again for another run."
    elif run.cancelled_at:
        said = "The run is being cancelled and ends within moments; start the job again for another run."
    elif run.stopped_at:
        said = f"The run is being stopped, so it is too late to {verb} it; cancel it to drop what is under way as well."
    else:
        said = (
            f"Every page is done and the last records are being stored; wait for the end, there is nothing to {verb}."
        )
    return conflict("job_id", said)
