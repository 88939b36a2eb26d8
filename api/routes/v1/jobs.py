"""Jobs: kept, listed, changed, copied, set aside, removed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import Field

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.errors import invalid
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.services.job_lists import Direction, SortBy, Wished
from api.services.keeping import etag, merged, newest_form, patched
from api.services.progress import StatusAsked
from api.shapes.errors import documented
from api.shapes.jobs import JobEnded, JobPage, JobStatus, ended, job_page, numbered_page, whole
from api.shapes.kept import JobChange
from api.shapes.words import AnyCase, OrAll
from schemas.job import JobDescription
from schemas.ledger import Job

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], dependencies=SCHEMES, route_class=StrictRoute)

JobId = Annotated[
    str, Path(max_length=100, description="The job's id.", examples=["0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"])
]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the piece before.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Items at most.")]
RunId = Annotated[str | None, Query(max_length=100, description="A run of this job; the newest one by default.")]
StatusFilter = Annotated[
    StatusAsked | None,
    OrAll,
    AnyCase,
    Query(description="Only those that are so; case does not matter. `created`: never run; `all`: any."),
]
TypeFilter = Annotated[
    Annotated[str, Field(max_length=50)] | None,
    OrAll,
    Query(description="Only jobs of this type; case does not matter. `all`: any."),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag of the job that is to be changed; 412 if it has changed.",
    ),
]


async def wished(
    status: StatusFilter = None,
    type: TypeFilter = None,
    name: Annotated[str | None, Query(max_length=200, description="Only jobs whose name has this in it.")] = None,
    dataset: Annotated[
        str | None, Query(max_length=100, description="Only jobs that write there; case does not matter.")
    ] = None,
    enabled: Annotated[bool | None, Query(description="Only jobs whose schedule is on, or off.")] = None,
    archived: Annotated[bool, Query(description="Only archived jobs, instead of all others.")] = False,
    sort_by: Annotated[SortBy, Query(description="What the list is in the order of.")] = "created_at",
    order: Annotated[
        Direction | None, Query(description="`asc` or `desc`; by default times begin with the newest, words with a.")
    ] = None,
) -> Wished:
    """What a list is to hold, as the query says it."""
    return Wished(
        status=status,
        type=type,
        text=name,
        dataset=dataset,
        enabled=enabled,
        archived=archived,
        sort_by=sort_by,
        direction=order,
    )


@router.get("", summary="List jobs", **documented(422, permission=Permission.READ))
async def jobs(
    caller: Reader,
    gateway: Wired,
    wanted: Annotated[Wished, Depends(wished)],
    cursor: Cursor = None,
    limit: Limit = 50,
    page: Annotated[
        int | None, Query(ge=1, le=100_000, description="A page by its number, instead of `cursor`.")
    ] = None,
    per_page: Annotated[int, Query(ge=1, le=1000, description="Items of such a page.")] = 20,
) -> JobPage:
    """Your jobs, newest first unless `sort_by` says otherwise; everyone's for an administrator. By `cursor` nothing is
    missed or told twice; by `page` the answer says how many there are."""
    if page is not None and cursor is not None:
        raise invalid("page", "Give either cursor or page.")
    if page is not None:
        return numbered_page(await gateway.job_lists.numbered(caller, wanted, page, per_page))
    return job_page(await gateway.job_lists.piece(caller, wanted, cursor, limit))


@router.post("", status_code=201, summary="Create a job", **documented(400, 413, 422, permission=Permission.WRITE))
async def create(job: JobDescription, caller: Writer, gateway: Wired, visit: From, response: Response) -> JobStatus:
    """Keeps a job without running it: its phase is `created` until `POST /api/v1/jobs/{id}/start`. `POST
    /api/v1/scrape` keeps and starts at once."""
    return _kept(await gateway.keeping.keep(caller, job, visit), response, new=True)


@router.get("/{job_id}", summary="Get a job", **documented(404, permission=Permission.READ))
async def job(
    job_id: JobId,
    caller: Reader,
    gateway: Wired,
    response: Response,
    run_id: RunId = None,
    description: Annotated[bool, Query(description="With the whole description, as `job`.")] = False,
) -> JobStatus:
    """A job and its newest run, or the run that is asked for: status, accounts, progress, times and exports. The ETag
    names the version of its description."""
    found, waits = await gateway.jobs.whole(caller, job_id, run_id)
    response.headers["ETag"] = etag(found)
    return whole(found, waits, await gateway.exports.of_run(found), described=description)


@router.put(
    "/{job_id}", summary="Change a job", **documented(400, 404, 409, 412, 413, 422, permission=Permission.WRITE)
)
async def put(
    job_id: JobId,
    change: JobChange,
    caller: Writer,
    gateway: Wired,
    visit: From,
    response: Response,
    if_match: IfMatch = None,
) -> JobStatus:
    """Fields that are absent stay as they are; `options` are changed one by one, every other field is replaced whole.
    The result is the job's next version, which later runs use; open runs keep theirs."""
    found = await gateway.keeping.change(caller, job_id, lambda kept: merged(kept, change.root), if_match, visit)
    return _kept(found, response)


@router.patch(
    "/{job_id}", summary="Patch a job", **documented(400, 404, 409, 412, 413, 422, permission=Permission.WRITE)
)
async def patch(
    job_id: JobId,
    change: JobChange,
    caller: Writer,
    gateway: Wired,
    visit: From,
    response: Response,
    if_match: IfMatch = None,
) -> JobStatus:
    """JSON Merge Patch (RFC 7396): objects are merged all the way down, null takes a field back to its default."""
    changes = newest_form(change.root)
    found = await gateway.keeping.change(caller, job_id, lambda kept: patched(kept, changes), if_match, visit)
    return _kept(found, response)


@router.post(
    "/{job_id}/clone",
    status_code=201,
    summary="Copy a job",
    **documented(400, 404, 413, 422, permission=Permission.WRITE),
)
async def clone(
    job_id: JobId,
    caller: Writer,
    gateway: Wired,
    visit: From,
    response: Response,
    change: JobChange | None = None,
) -> JobStatus:
    """A new job with the same description, and with the changes in the body if there are any. It does not run before it
    is started."""
    found = await gateway.keeping.clone(caller, job_id, change.root if change else {}, visit)
    return _kept(found, response, new=True)


@router.post("/{job_id}/archive", summary="Archive a job", **documented(404, 409, permission=Permission.WRITE))
async def archive(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobStatus:
    """Takes a job out of the lists (`archived=true` shows it); it is kept whole, and not started before `unarchive`."""
    return whole(await gateway.keeping.archive(caller, job_id, visit, archived=True))


@router.post("/{job_id}/unarchive", summary="Unarchive a job", **documented(404, 409, permission=Permission.WRITE))
async def unarchive(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobStatus:
    """Puts it back into the lists."""
    return whole(await gateway.keeping.archive(caller, job_id, visit, archived=False))


@router.delete("/{job_id}", summary="Cancel or delete a job", **documented(404, 409, permission=Permission.WRITE))
async def delete(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> JobEnded:
    """A job that runs is cancelled; one that is over, or has never run, is deleted (`deleted` says which)."""
    return ended(job_id, await gateway.jobs.remove(caller, job_id, visit))


def _kept(found: Job, response: Response, *, new: bool = False) -> JobStatus:
    """A job as it was just made or changed."""
    response.headers["ETag"] = etag(found)
    if new:
        response.headers["Location"] = f"/api/v1/jobs/{found.id}"
    return whole(found, described=True)
