"""Changed rules over pages that were fetched before: over many, or tried on one."""

from fastapi import APIRouter, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.routes.v1.jobs import JobId
from api.shapes.errors import documented
from api.shapes.previews import PreviewBody, PreviewShown, shown
from api.shapes.replays import ReplayAccepted, ReplayBody, replayed

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], dependencies=SCHEMES, route_class=StrictRoute)


@router.post(
    "/{job_id}/replay",
    status_code=202,
    summary="Replay a job",
    **documented(400, 404, 409, 413, 422, permission=Permission.WRITE),
)
async def replay(
    job_id: JobId, caller: Writer, gateway: Wired, visit: From, response: Response, body: ReplayBody | None = None
) -> ReplayAccepted:
    """Reads pages that were fetched before once more, by other rules, into a new revision of the dataset; the records
    that there are stay. Nothing is fetched. Pages are kept for as long as the topic raw-pages keeps them; those that it
    does not any more are counted, with the outcome `not_kept`. Follow it as any run, by `links.self`."""
    body = body or ReplayBody()
    name, run = await gateway.replays.replay(caller, job_id, body.wanted, body.changes, visit)
    response.headers["Location"] = f"/api/v1/jobs/{run.job_id}"
    return replayed(name, run)


@router.post(
    "/{job_id}/preview", summary="Try rules on a page", **documented(400, 404, 413, 422, permission=Permission.READ)
)
async def preview(job_id: JobId, body: PreviewBody, caller: Reader, gateway: Wired) -> PreviewShown:
    """What rules make of the newest stored copy of one page that the job has fetched: for people who write them.
    Nothing is fetched, nothing is kept. Records are as extraction finds them, before cleaning; a rule that takes longer
    than two seconds on the page is cut off, with a reason."""
    return shown(await gateway.previews.preview(caller, job_id, body.url, body.changes))
