"""Schedules: when jobs run by themselves, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.routes.v1.jobs import Cursor, IfMatch, JobId, Limit
from api.services.keeping import etag
from api.services.schedules import Scheduled
from api.shapes.accounts import MessageBody
from api.shapes.errors import documented
from api.shapes.schedules import (
    FiringPage,
    PreviewAsked,
    ScheduleBody,
    SchedulePage,
    TimesBody,
    firing_body,
    schedule_body,
    times_body,
)
from schemas.job.schedule import Schedule
from schemas.schedules import FiringOutcome

router = APIRouter(prefix="/api/v1", tags=["schedules"], dependencies=SCHEMES, route_class=StrictRoute)

Count = Annotated[int, Query(ge=1, le=100, description="So many of them.")]


@router.get("/schedules", summary="List schedules", **documented(422, permission=Permission.READ))
async def schedules(caller: Reader, gateway: Wired, cursor: Cursor = None, limit: Limit = 50) -> SchedulePage:
    """Of your jobs, the next one to fire first; everyone's for an administrator."""
    page = await gateway.schedules.page(caller, cursor, limit)
    return SchedulePage(schedules=[schedule_body(one) for one in page.items], next_cursor=page.next_cursor)


@router.post("/schedules/preview", summary="Try a schedule", **documented(400, 413, 422, permission=Permission.READ))
async def preview(body: PreviewAsked, caller: Reader, gateway: Wired) -> TimesBody:
    """The next times of a schedule that is not kept: right over both changes of the clocks, without jitter."""
    return times_body(body.schedule.timezone, gateway.schedules.times(body.schedule, body.count))


@router.get("/jobs/{job_id}/schedule", summary="Get a job's schedule", **documented(404, permission=Permission.READ))
async def schedule(job_id: JobId, caller: Reader, gateway: Wired, response: Response) -> ScheduleBody:
    """When a job runs by itself, and when it does so next. The ETag is the job's: a change of either is its next
    version."""
    return _tagged(response, await gateway.schedules.of_job(caller, job_id))


@router.put(
    "/jobs/{job_id}/schedule",
    summary="Schedule a job",
    **documented(400, 404, 412, 413, 422, permission=Permission.WRITE),
)
async def put(
    job_id: JobId,
    body: Schedule,
    caller: Writer,
    gateway: Wired,
    visit: From,
    response: Response,
    if_match: IfMatch = None,
) -> ScheduleBody:
    """In the place of the schedule that it has; the job's description says the same from now on: it is the job's next
    version."""
    return _tagged(response, await gateway.schedules.put(caller, job_id, body, if_match, visit))


@router.delete(
    "/jobs/{job_id}/schedule", summary="Remove a schedule", **documented(404, 412, 422, permission=Permission.WRITE)
)
async def remove(job_id: JobId, caller: Writer, gateway: Wired, visit: From, if_match: IfMatch = None) -> MessageBody:
    """The job runs by itself no more; runs that are open go on."""
    await gateway.schedules.remove(caller, job_id, if_match, visit)
    return MessageBody(message="The schedule is removed")


@router.post(
    "/jobs/{job_id}/schedule/pause", summary="Pause a schedule", **documented(404, permission=Permission.WRITE)
)
async def pause(job_id: JobId, caller: Writer, gateway: Wired, visit: From, response: Response) -> ScheduleBody:
    """Nothing is started until it is resumed. A run that is open goes on."""
    return _tagged(response, await gateway.schedules.pause(caller, job_id, visit))


@router.post(
    "/jobs/{job_id}/schedule/resume", summary="Resume a schedule", **documented(404, permission=Permission.WRITE)
)
async def resume(job_id: JobId, caller: Writer, gateway: Wired, visit: From, response: Response) -> ScheduleBody:
    """It goes on with the next time; what passed meanwhile is not made up for."""
    return _tagged(response, await gateway.schedules.resume(caller, job_id, visit))


@router.get(
    "/jobs/{job_id}/schedule/next", summary="Next times of a job", **documented(404, 422, permission=Permission.READ)
)
async def next_times(job_id: JobId, caller: Reader, gateway: Wired, count: Count = 10) -> TimesBody:
    """When the job's schedule comes next, without jitter."""
    _, known = await gateway.schedules.of_job(caller, job_id)
    return times_body(known.recurrence.zone, gateway.schedules.next_of(known, count))


@router.get(
    "/jobs/{job_id}/schedule/firings",
    summary="What became of a job's times",
    **documented(404, 422, permission=Permission.READ),
)
async def firings(
    job_id: JobId,
    caller: Reader,
    gateway: Wired,
    outcome: Annotated[FiringOutcome | None, Query(description="Only those that ended so.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> FiringPage:
    """The newest first: started, waiting, skipped, missed, or failed, and why."""
    page = await gateway.schedules.firings(caller, job_id, outcome, cursor, limit)
    return FiringPage(firings=[firing_body(one) for one in page.items], next_cursor=page.next_cursor)


def _tagged(response: Response, found: Scheduled) -> ScheduleBody:
    response.headers["ETag"] = etag(found.job)
    return schedule_body(found.schedule)
