"""Asking for a crawl: checking, estimating, starting."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired, Writer
from api.shapes.errors import documented
from api.shapes.estimates import EstimateBody, JobChecked, checked, estimated
from api.shapes.jobs import JobAccepted, accepted
from api.shapes.scraped import ScrapeDone, scrape_done
from schemas.job import JobDescription

router = APIRouter(prefix="/api/v1", tags=["scraping"], dependencies=SCHEMES, route_class=StrictRoute)


@router.post("/scrape/validate", summary="Check a job", **documented(400, 413, 422, permission=Permission.READ))
async def validate(
    job: JobDescription,
    caller: Reader,
    gateway: Wired,
    visit: From,
    robots: Annotated[bool, Query(description="Ask the sites' robots.txt, if the caller may start jobs.")] = True,
) -> JobChecked:
    """Nothing is kept. A field of the wrong shape is a 422 that names it, with what is allowed; else the job comes back
    as it would be run, with every default filled in, and `errors` lists what stands against it: addresses that are not
    visited, rules that cannot be used, credentials that are not stored. Where nothing does, the first five urls and
    three sitemaps and feeds are visited once to learn what robots.txt says of them, five seconds at most."""
    found = await gateway.checking.check(caller, job)
    asks = robots and not found.faults and Permission.WRITE in caller.permissions
    return checked(job, found, await gateway.estimates.robots(caller, job, visit) if asks else {})


@router.post("/scrape/estimate", summary="Estimate a job", **documented(400, 413, 422, permission=Permission.WRITE))
async def estimate(job: JobDescription, caller: Writer, gateway: Wired, visit: From) -> EstimateBody:
    """Visits at most ten pages of the job, as politely as the job would, keeps nothing of them, and answers within some
    ten seconds: which seeds can be reached, what robots.txt says, how many pages to expect, and how long they take at
    the allowed rate. Its visits count as visits to the site."""
    return estimated(await gateway.estimates.estimate(caller, job, visit))


@router.post(
    "/scrape/sync",
    summary="Scrape a small site and wait",
    **documented(400, 408, 413, 422, permission=Permission.WRITE),
)
async def sync(job: JobDescription, caller: Writer, gateway: Wired, visit: From, response: Response) -> ScrapeDone:
    """The same as `/scrape`, but for few pages, and the records are in the answer. When it takes longer than may be
    waited for the answer is a 408 whose `details` name the job, which goes on, as it does when you hang up."""
    found, records = await gateway.waiting.scrape(caller, job, visit)
    response.headers["Location"] = f"/api/v1/jobs/{found.id}"
    return scrape_done(found, records)


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
