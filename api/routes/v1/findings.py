"""What a job found: records, URLs with their fate, trends."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.auth.callers import Caller
from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, Gateway, Reader, Wired
from api.routes.v1.jobs import Cursor, JobId, Limit, RunId
from api.services.choosing import conditions, order
from api.shapes.errors import documented
from api.shapes.findings import (
    MarkPage,
    RecordPage,
    TrendPage,
    UrlPage,
    mark_page,
    record_line,
    record_page,
    story_page,
    trend_page,
    url_page,
)
from schemas.choosing import LONGEST_CONDITION, MOST_CONDITIONS, FieldCondition
from schemas.ledger import Run

router = APIRouter(prefix="/api/v1", tags=["results"], dependencies=SCHEMES, route_class=StrictRoute)

Kind = Annotated[Literal["spike", "shift"] | None, Query(description="Only trends of this kind.")]

Where = Annotated[
    list[Annotated[str, Query(max_length=LONGEST_CONDITION)]] | None,
    Query(
        max_length=MOST_CONDITIONS,
        description="Only records of which this is true, each time it is said: a field, one of `= != < <= > >=`, and a "
        "number, a date, `true` or `false`, a short text (of a list: an entry); `price>=10`.",
    ),
]
Sort = Annotated[
    str | None,
    Query(
        max_length=400,
        description="A field of numbers, dates or booleans instead of the key, the least first; with a minus in front "
        "the greatest. Records without it are last. 100 at most unless `limit` says otherwise.",
    ),
]

_RECORDS = documented(404, 422, permission=Permission.READ)
_RECORDS["responses"][200] = {
    "content": {"application/jsonl": {"schema": {"type": "string"}, "example": '{"id":"…"}\n'}}
}


@router.get("/jobs/{job_id}/results", summary="Get a job's results", response_model=RecordPage, **_RECORDS)
@router.get("/jobs/{job_id}/records", summary="Get a job's records", response_model=RecordPage, **_RECORDS)
async def records(
    job_id: JobId,
    caller: Reader,
    gateway: Wired,
    run_id: RunId = None,
    cursor: Cursor = None,
    limit: Annotated[
        int | None, Query(ge=1, le=1000, description="Items at most; 100 by default, all for jsonl.")
    ] = None,
    format: Annotated[Literal["json", "jsonl"], Query(description="One document, or one record a line.")] = "json",
    where: Where = None,
    sort: Sort = None,
) -> Response:
    """Clean records of the newest run, in the order of their key. `format=jsonl` without `limit` streams them all.
    Typed fields are there to choose by, `where=price>=10&where=in_stock=true`, and to sort by, `sort=-added`."""
    chosen, by = conditions(where or ()), order(sort)
    run = await gateway.jobs.run(caller, job_id, run_id)
    if by:
        page = await gateway.jobs.ranked_records(run, by, cursor, limit or 100, chosen)
    else:
        page = await gateway.jobs.records(run, cursor, limit or (1000 if format == "jsonl" else 100), chosen)
    if format == "json":
        return Response(record_page(run, page.items, page.next_cursor), media_type="application/json")
    first = b"".join(map(record_line, page.items))
    whole = not (limit or by)
    rest = page.next_cursor if whole else None
    headers = {"X-Next-Cursor": page.next_cursor} if page.next_cursor and not whole else None
    lines = _lines(gateway, run, first, rest, chosen)
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


async def _lines(
    gateway: Gateway, run: Run, first: bytes, cursor: str | None, where: Sequence[FieldCondition]
) -> AsyncIterator[bytes]:
    yield first
    while cursor:
        page = await gateway.jobs.records(run, cursor, 1000, where)
        yield b"".join(map(record_line, page.items))
        cursor = page.next_cursor


@router.get("/jobs/{job_id}/marks", summary="Get a job's marks", **documented(404, 422, permission=Permission.READ))
async def marks(
    job_id: JobId,
    caller: Reader,
    gateway: Wired,
    run_id: RunId = None,
    state: Annotated[
        Literal["new", "changed", "repeat", "similar", "gone"] | None, Query(description="Only marks of this kind.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> MarkPage:
    """Which records of the newest run are new, changed, gone or repeats, in the order of their key: of jobs whose
    `trends` ask for `memory`. A record that is as it was has no mark."""
    run = await gateway.jobs.run(caller, job_id, run_id)
    page = await gateway.jobs.marks(run, state, cursor, limit)
    return mark_page(page.items, page.next_cursor)


@router.get("/jobs/{job_id}/urls", summary="Get a job's URLs", **documented(404, 422, permission=Permission.READ))
async def urls(
    job_id: JobId,
    caller: Reader,
    gateway: Wired,
    run_id: RunId = None,
    outcome: Annotated[
        str | None, Query(max_length=50, description="An outcome or class, or queued, or issued.")
    ] = None,
    url: Annotated[str | None, Query(max_length=2048, description="Only this URL, with its story.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> UrlPage:
    """Every URL of the newest run with what became of it. With `url`, that one's whole story: where it was found, which
    rule left it out, each visit, what it waits for, how it ended; or why the run has not met it."""
    run = await gateway.jobs.run(caller, job_id, run_id)
    if url is not None:
        return story_page(await gateway.stories.of(await gateway.jobs.job(caller, job_id), run, url))
    page = await gateway.jobs.urls(run, outcome, cursor, limit)
    return url_page(page.items, page.next_cursor)


@router.get("/jobs/{job_id}/trends", summary="Get a job's trends", **documented(404, 422, permission=Permission.READ))
async def job_trends(
    job_id: JobId, caller: Reader, gateway: Wired, kind: Kind = None, cursor: Cursor = None, limit: Limit = 100
) -> TrendPage:
    """What was noticed in the records of all runs of a job, newest first."""
    return await _trends(gateway, caller, job_id, None, kind, cursor, limit)


@router.get("/trends", summary="Get trends", **documented(422, permission=Permission.READ))
async def trends(
    caller: Reader,
    gateway: Wired,
    dataset: Annotated[str | None, Query(max_length=100, description="Only this dataset.")] = None,
    kind: Kind = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> TrendPage:
    """What was noticed in the records of your newest 2,000 runs (everyone's, all of them, for an administrator)."""
    return await _trends(gateway, caller, None, dataset, kind, cursor, limit)


async def _trends(
    gateway: Gateway,
    caller: Caller,
    job_id: str | None,
    dataset: str | None,
    kind: str | None,
    cursor: str | None,
    limit: int,
) -> TrendPage:
    page = await gateway.jobs.trends(caller, job_id=job_id, dataset=dataset, kind=kind, cursor=cursor, limit=limit)
    return trend_page(page.items, page.next_cursor)
