"""Asking for a crawl: checking, estimating, starting."""

from fastapi import APIRouter, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.shapes.errors import documented
from api.shapes.estimates import EstimateBody, JobChecked, checked, estimated
from api.shapes.jobs import JobAccepted, accepted
from schemas.job import JobDescription

router = APIRouter(prefix="/api/v1", tags=["scraping"], dependencies=SCHEMES, route_class=StrictRoute)


@router.post("/scrape/validate", summary="Check a job", **documented(400, 413, 422, permission=Permission.READ))
async def validate(job: JobDescription, caller: Reader) -> JobChecked:
    """Nothing is kept and nothing is visited: either every wrong field is named, with what is allowed (422), or the job
    comes back as it would be run, with every default filled in."""
    return checked(job)


@router.post("/scrape/estimate", summary="Estimate a job", **documented(400, 413, 422, permission=Permission.WRITE))
async def estimate(job: JobDescription, caller: Writer, gateway: Wired, visit: From) -> EstimateBody:
    """Visits at most ten pages of the job, as politely as the job would, keeps nothing of them, and answers within some
    ten seconds: which seeds can be reached, what robots.txt says, how many pages to expect, and how long they take at
    the allowed rate. Its visits count as visits to the site."""
    return estimated(await gateway.estimates.estimate(caller, job, visit))


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
