"""Jobs as they were described: their versions, taking a change back."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.routes.v1.jobs import Cursor, IfMatch, JobId, Limit
from api.services.keeping import etag
from api.shapes.errors import documented
from api.shapes.jobs import JobStatus, whole
from api.shapes.kept import VersionPage, VersionWhole, version_page, version_whole

router = APIRouter(
    prefix="/api/v1/jobs/{job_id}/versions", tags=["jobs"], dependencies=SCHEMES, route_class=StrictRoute
)

Version = Annotated[int, Path(ge=1, le=1_000_000_000, description="A version's number.", examples=[1])]


@router.get("", summary="List a job's versions", **documented(404, 422, permission=Permission.READ))
async def versions(
    job_id: JobId, caller: Reader, gateway: Wired, cursor: Cursor = None, limit: Limit = 50
) -> VersionPage:
    """Every description that the job has had, the newest first. Each change is a version; runs keep the one that they
    were opened with."""
    return version_page(await gateway.keeping.versions(caller, job_id, cursor, limit))


@router.get("/{version}", summary="Get a version of a job", **documented(404, 422, permission=Permission.READ))
async def version(job_id: JobId, version: Version, caller: Reader, gateway: Wired) -> VersionWhole:
    """One of them, with the whole description."""
    return version_whole(await gateway.keeping.version(caller, job_id, version))


@router.post(
    "/{version}/restore",
    summary="Restore a version of a job",
    **documented(404, 409, 412, 422, permission=Permission.WRITE),
)
async def restore(
    job_id: JobId,
    version: Version,
    caller: Writer,
    gateway: Wired,
    visit: From,
    response: Response,
    if_match: IfMatch = None,
) -> JobStatus:
    """Takes changes back: an older description becomes the newest one, as another version."""
    job = await gateway.keeping.restore(caller, job_id, version, if_match, visit)
    response.headers["ETag"] = etag(job)
    return whole(job, described=True)
