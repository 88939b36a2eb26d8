"""Asking for a crawl."""

from fastapi import APIRouter, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Wired, Writer
from api.shapes.errors import documented
from api.shapes.jobs import JobAccepted, accepted
from schemas.job import JobDescription

router = APIRouter(prefix="/api/v1", tags=["scraping"], dependencies=SCHEMES, route_class=StrictRoute)


@router.post(
    "/scrape",
    status_code=202,
    summary="Scrape a site",
    **documented(400, 413, 422, permission=Permission.WRITE),
)
async def scrape(job: JobDescription, caller: Writer, gateway: Wired, visit: From, response: Response) -> JobAccepted:
    """Keeps the job and opens its first run, which begins within moments. Follow it by `links.self`, or live by
    `links.stream`."""
    name, run = await gateway.jobs.submit(caller, job, visit)
    answer = accepted(name, run)
    response.headers["Location"] = answer.links["self"]
    return answer
