"""What the gateways answered and what the processes said: for those who look after the system."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.auth.callers import Caller
from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, Needs, Wired
from api.routes.v1.jobs import Cursor, Limit
from api.services.process_logs import LogLevel, at_least, moment
from api.shapes.audit import LogPage, RequestPage, log_page, request_page
from api.shapes.errors import documented
from schemas.observed import LineFilter, RequestFilter

router = APIRouter(prefix="/api/v1/system", tags=["system"], dependencies=SCHEMES, route_class=StrictRoute)

Operator = Annotated[Caller, Depends(Needs(Permission.MONITOR))]
Word = Annotated[str | None, Query(max_length=200)]
Since = Annotated[datetime | None, Query(description="From then on; an hour ago by default, UTC without a zone.")]
Until = Annotated[datetime | None, Query(description="Before then.")]


@router.get("/logs", summary="Logs of the processes", **documented(422, permission=Permission.MONITOR))
async def logs(
    caller: Operator,
    gateway: Wired,
    level: Annotated[LogLevel, Query(description="This level and those above it.")] = "info",
    component: Annotated[str | None, Query(max_length=200, description="A process, as `/health` names it.")] = None,
    event: Word = None,
    run_id: Word = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> LogPage:
    """What the processes said, newest first, some seconds after they said it. Secrets are redacted before a line leaves
    its process."""
    now = datetime.now(UTC)
    wanted = LineFilter(levels=at_least(level), since=moment(since, now), until=moment(until, now) if until else None,
                        process=component, event=event, run_id=run_id)  # fmt: skip
    return log_page(await gateway.observed.lines(wanted, cursor, limit))


@router.get("/requests", summary="The request log", **documented(422, permission=Permission.MONITOR))
async def requests(
    caller: Operator,
    gateway: Wired,
    user: Annotated[str | None, Query(max_length=200, description="The caller's id.")] = None,
    method: Word = None,
    path: Annotated[str | None, Query(max_length=2000, description="How the path begins.")] = None,
    status: Annotated[int | None, Query(ge=1, le=599, description="A status, or a class of them as 4 or 5.")] = None,
    request_id: Word = None,
    address: Word = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> RequestPage:
    """Every request that a gateway answered, reads too, newest first, some seconds after it was answered."""
    now = datetime.now(UTC)
    wanted = RequestFilter(since=moment(since, now), until=moment(until, now) if until else None, user=user,
                           method=method, path=path, status=status, request_id=request_id, address=address)  # fmt: skip
    return request_page(await gateway.observed.requests(wanted, cursor, limit))
