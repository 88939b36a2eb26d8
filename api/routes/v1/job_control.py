"""A job's runs under way: begun, held, ended, changed."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Wired, Writer
from api.routes.v1.jobs import JobId
from api.shapes.errors import documented
from api.shapes.jobs import JobAccepted, JobEnded, accepted, ended
from api.shapes.run_control import JobControlled, RunChange, StartBody, controlled

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], dependencies=SCHEMES, route_class=StrictRoute)


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
    body: StartBody | None = None,
    force: Annotated[bool, Query(description="Start although a run is still open.")] = False,
) -> JobAccepted:
    """Opens a new run of the job, as it is described now. `force` may stand in the body or in the address."""
    asked = body or StartBody()
    run = await gateway.jobs.again(
        caller, job_id, visit, action="job_started", force=force or asked.force, priority=asked.priority
    )
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
