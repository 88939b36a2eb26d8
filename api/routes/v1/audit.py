"""The audit log: looking things up, taking it away, and how far its sealing is."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, Administrator, From, Wired
from api.routes.v1.jobs import Cursor, Limit
from api.services.audit import MEDIA, ExportKind
from api.shapes.audit import AuditPage, ChainBody, audit_page, chain_body
from api.shapes.errors import documented
from schemas.audit import AuditFilter
from schemas.moments import zoned

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=SCHEMES, route_class=StrictRoute)

Word = Annotated[str | None, Query(max_length=200)]
Actor = Annotated[str | None, Query(max_length=200, description="An account's id or name, or a process.")]
Since = Annotated[datetime | None, Query(alias="from", description="From then on; UTC where it names no zone.")]
Until = Annotated[datetime | None, Query(alias="to", description="Before then.")]

_EXPORTED = documented(422, permission=Permission.ADMIN)
_EXPORTED["responses"][200] = {
    "description": "Lines, oldest first, the last of them this export's own.",
    "content": {
        "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"id":4711,"action":"job_created"}\n'},
        "text/csv": {"schema": {"type": "string"}, "example": "id,at,actor,username,action\r\n"},
    },
}


def _moment(given: datetime | None) -> datetime | None:
    return zoned(given) if given else None


@router.get("", summary="Search the audit log", **documented(422, permission=Permission.ADMIN))
async def search(
    caller: Administrator,
    gateway: Wired,
    actor: Actor = None,
    action: Word = None,
    object: Word = None,
    address: Word = None,
    request_id: Word = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> AuditPage:
    """What was done, newest first: every write, sign-in and export, in the words of `action`."""
    wanted = AuditFilter(actor=actor, action=action, object=object, address=address, request_id=request_id,
                         since=_moment(since), until=_moment(until))  # fmt: skip
    return audit_page(await gateway.audit.page(wanted, cursor, limit))


@router.get("/chain", summary="How far the audit log is sealed", **documented(permission=Permission.ADMIN))
async def chain(caller: Administrator, gateway: Wired) -> ChainBody:
    """The newest seal and what waits for one. Whether every line is as it was sealed says `trawl audit verify`, which
    does not ask the gateway."""
    return chain_body(await gateway.audit.status())


@router.get("/export", summary="Export the audit log", response_class=StreamingResponse, **_EXPORTED)
async def export(
    caller: Administrator,
    gateway: Wired,
    visit: From,
    format: Annotated[ExportKind, Query(description="In CSV no cell is a formula.")] = "ndjson",
    actor: Actor = None,
    action: Word = None,
    object: Word = None,
    address: Word = None,
    request_id: Word = None,
    since: Since = None,
    until: Until = None,
) -> StreamingResponse:
    """All of it, or what fits the filters, oldest first, as it is read. The export is itself a line of the log."""
    wanted = AuditFilter(actor=actor, action=action, object=object, address=address, request_id=request_id,
                         since=_moment(since), until=_moment(until))  # fmt: skip
    pieces = await gateway.audit.export(caller, wanted, format, visit)
    name = {"Content-Disposition": f'attachment; filename="audit.{format}"'}
    return StreamingResponse(pieces, media_type=MEDIA[format], headers=name)
