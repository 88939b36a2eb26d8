"""Jobs: how they are, running them again, changing how they go, ending them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BeforeValidator

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.services.progress import Status
from api.shapes.errors import documented
from api.shapes.jobs import (
    JobAccepted,
    JobControlled,
    JobEnded,
    JobPage,
    JobStatus,
    RunChange,
    accepted,
    controlled,
    ended,
    summary,
    whole,
)

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], dependencies=SCHEMES, route_class=StrictRoute)

JobId = Annotated[
    str, Path(max_length=100, description="The job's id.", examples=["0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"])
]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the piece before.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Items at most.")]
RunId = Annotated[str | None, Query(max_length=100, description="A run of this job; the newest one by default.")]
StatusFilter = Annotated[
    Status | None,
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
    Query(description="Only jobs whose newest run is so; case does not matter."),
]


@router.get("", summary="List jobs", **documented(422, permission=Permission.READ))
async def jobs(
    caller: Reader, gateway: Wired, status: StatusFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> JobPage:
    """Your jobs, newest first; everyone's for an administrator."""
    page = await gateway.jobs.page(caller, status, cursor, limit)
    return JobPage(jobs=[summary(job) for job in page.items], next_cursor=page.next_cursor)


@router.get("/{job_id}", summary="Get a job", **documented(404, permission=Permission.READ))
async def job(job_id: JobId, caller: Reader, gateway: Wired, run_id: RunId = None) -> JobStatus:
    """A job and its newest run, or the run that is asked for: status, accounts, progress and times."""
    return whole(*await gateway.jobs.whole(caller, job_id, run_id))


@router.post(
    "/{job_id}/start",
    status_code=202,
    summary="Start a job again",
    **documented(404, 409, 422, permission=Permission.WRITE),
)
async def start(
    job_id: JobId,
    caller: Writer,
    gateway: Wired,
    visit: From,
    response: Response,
    force: Annotated[bool, Query(description="Start although a run is still open.")] = False,
) -> JobAccepted:
    """Opens a new run of the same job."""
    run = await gateway.jobs.again(caller, job_id, visit, action="job_started", force=force)
    response.headers["Location"] = f"/api/v1/jobs/{run.job_id}"
    return accepted((await gateway.jobs.job(caller, job_id)).name, run)


@router.post(
    "/{job_id}/retry", status_code=202, summary="Retry a job", **documented(404, 409, 422, permission=Permission.WRITE)
)
async def retry(job_id: JobId, caller: Writer, gateway: Wired, visit: From, response: Response) -> JobAccepted:
    """Opens a new run of a job that is over, however it ended."""
    run = await gateway.jobs.again(caller, job_id, visit, action="job_retried")
    response.headers["Location"] = f"/api/v1/jobs/{run.job_id}"
    return accepted((await gateway.jobs.job(caller, job_id)).name, run)


@router.post("/{job_id}/pause", summary="Pause a job", **documented(404, 409, permission=Permission.WRITE))
async def pause(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobControlled:
    """Begins no new visit, within a second; what is being fetched at the moment is finished. `resume` undoes it."""
    return controlled(await gateway.control.pause(caller, job_id, visit))


@router.post("/{job_id}/resume", summary="Resume a job", **documented(404, 409, permission=Permission.WRITE))
async def resume(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobControlled:
    """Goes on where the pause began."""
    return controlled(await gateway.control.resume(caller, job_id, visit))


@router.post("/{job_id}/stop", summary="Stop a job", **documented(404, 409, permission=Permission.WRITE))
async def stop(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobControlled:
    """Ends the run early and in good order: what is under way is visited and kept, what waits is dropped with the
    outcome `cancelled` and the reason `stopped`, and the run completes with `stopped: true`."""
    return controlled(await gateway.control.stop(caller, job_id, visit))


@router.patch("/{job_id}/run", summary="Change a running job", **documented(404, 409, 422, permission=Permission.WRITE))
async def change(job_id: JobId, body: RunChange, caller: Writer, gateway: Wired, visit: From) -> JobControlled:
    """Another priority or delay for the open runs of a job, within a second. The job itself keeps its own for later
    runs."""
    return controlled(await gateway.control.adjust(caller, job_id, body.priority, body.delay, visit))


@router.post("/{job_id}/cancel", summary="Cancel a job", **documented(404, 409, permission=Permission.WRITE))
async def cancel(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobEnded:
    """Drops what waits; pages under way are still counted. `phase` is `cancelling` until the accounts are closed."""
    return ended(job_id, await gateway.jobs.cancel(caller, job_id, visit))


@router.delete("/{job_id}", summary="Cancel or delete a job", **documented(404, 409, permission=Permission.WRITE))
async def delete(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobEnded:
    """A job that runs is cancelled; one that is over is deleted (`deleted` says which)."""
    return ended(job_id, await gateway.jobs.remove(caller, job_id, visit))
