"""A job's runs: their history, log and progress, and what becomes of their results."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.routes.v1.jobs import Cursor, JobId, Limit, RunId, StatusFilter
from api.services.log_lines import Level
from api.shapes.errors import documented
from api.shapes.runs import (
    CleanupBody,
    CleanupTold,
    JobLogPage,
    ProgressTold,
    RunBody,
    RunPage,
    cleanup_told,
    log_page,
    progress_told,
    run_body,
    run_page,
)
from api.shapes.words import AnyCase

router = APIRouter(prefix="/api/v1/jobs/{job_id}", tags=["jobs"], dependencies=SCHEMES, route_class=StrictRoute)

OneRun = Annotated[
    str, Path(max_length=100, description="A run of this job.", examples=["5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"])
]
LevelFilter = Annotated[Level, AnyCase, Query(description="Lines of this level and above.")]


@router.get("/runs", summary="List a job's runs", **documented(404, 422, permission=Permission.READ))
async def runs(
    job_id: JobId,
    caller: Reader,
    gateway: Wired,
    status: StatusFilter = None,
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=100_000, description="So many of the newest are left out.")] = 0,
) -> RunPage:
    """What became of each run, the newest first: how long it took, what it found, how the sites answered."""
    told, total = await gateway.history.runs(caller, job_id, status, limit, offset)
    return run_page(told, total, limit, offset)


@router.get("/runs/{run_id}", summary="Get a run", **documented(404, permission=Permission.READ))
async def run(job_id: JobId, run_id: OneRun, caller: Reader, gateway: Wired) -> RunBody:
    """One of them."""
    return run_body(await gateway.history.run(caller, job_id, run_id))


@router.get("/progress", summary="Get a job's progress", **documented(404, permission=Permission.READ))
async def progress(job_id: JobId, caller: Reader, gateway: Wired, run_id: RunId = None) -> ProgressTold:
    """How far the newest run is, and how long it will go on: a range, or null with the reason why nobody can say."""
    return progress_told(*await gateway.estimating.of(caller, job_id, run_id, datetime.now(UTC)))


@router.get("/logs", summary="Get a job's log", **documented(404, 422, permission=Permission.READ))
async def logs(
    job_id: JobId,
    caller: Reader,
    gateway: Wired,
    run_id: RunId = None,
    level: LevelFilter = "info",
    since: Annotated[AwareDatetime | None, Query(description="Lines after this moment (RFC 3339).")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JobLogPage:
    """The log of the newest run in the order of time: each visit, each change of its state, what people did with the
    job. What the live stream tells as `log` is here under the same id as soon as it is stored, some seconds later."""
    found = await gateway.logs.lines(caller, job_id, run_id, level=level, since=since, cursor=cursor, limit=limit)
    return log_page(*found)


@router.post(
    "/acknowledge",
    summary="Acknowledge a run's end",
    **documented(404, 409, 422, permission=Permission.WRITE),
)
async def acknowledge(job_id: JobId, caller: Writer, gateway: Wired, visit: From, run_id: RunId = None) -> RunBody:
    """Notes that somebody has seen how the newest run ended. Once is enough; saying it again changes nothing."""
    noted = await gateway.history.acknowledge(caller, job_id, run_id, visit)
    return run_body(await gateway.history.run(caller, job_id, noted.id))


@router.post("/cleanup", summary="Remove a run's records", **documented(404, 409, 422, permission=Permission.WRITE))
async def cleanup(job_id: JobId, body: CleanupBody, caller: Writer, gateway: Wired, visit: From) -> CleanupTold:
    """Removes the records of a run that is over, for good. The first time it removes nothing and says how many there
    are and what `confirm` must be; the second time, with it, they go."""
    return cleanup_told(await gateway.history.clean_up(caller, job_id, body.run_id, body.confirm, visit))
