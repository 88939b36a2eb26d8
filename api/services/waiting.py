"""Scraping while the client waits: a small job, its records in the answer, or its id when it takes longer."""

import asyncio

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, Fault, invalid, unavailable
from api.services.at_once import AtOnce
from api.services.cursors import Page
from api.services.jobs import JobService
from schemas.job import JobDescription
from schemas.ledger import Job, StoredRecord

AT_ONCE, AT_ONCE_EACH = 32, 8
"""Requests that wait, in all and of one caller."""

MOST_RECORDS = 1000
_LOOK_S = (0.05, 0.5)


class Waiting:
    """At most `pages` pages, at most `wait` seconds. The job is a job like every other: it goes on when the time is
    over and when the client has hung up, and nobody visits anything here."""

    def __init__(self, service: JobService, wait: float, pages: int) -> None:
        self._service = service
        self._wait = wait
        self._pages = pages
        self._at_once = AtOnce(AT_ONCE, AT_ONCE_EACH)

    async def scrape(self, caller: Caller, description: JobDescription, visit: Visit) -> tuple[Job, Page[StoredRecord]]:
        """The job when its run is over, with its first records. ApiError 408 that names the job when it takes longer,
        422 for a larger job than may be waited for, 503 while too many wait."""
        small = self._small(description)
        if not self._at_once.left_for(caller.user_id):
            raise unavailable("Too many requests wait for their records; ask again, or use POST /api/v1/scrape.", 5)
        with self._at_once.holding(caller.user_id):
            _, run = await self._service.submit(caller, small, visit)
            job = await self._ended(caller, run.job_id, run.id)
        assert job.run is not None
        return job, await self._service.records(job.run, None, MOST_RECORDS)

    def _small(self, description: JobDescription) -> JobDescription:
        options = description.options
        if "max_pages" in options.model_fields_set and options.max_pages > self._pages:
            said = f"At most {self._pages} pages can be waited for; use POST /api/v1/scrape for more."
            raise invalid("options.max_pages", said, "TOO_LARGE")
        smaller = options.model_copy(update={"max_pages": min(self._pages, options.max_pages)})
        return description.model_copy(update={"options": smaller})

    async def _ended(self, caller: Caller, job_id: str, run_id: str) -> Job:
        now = asyncio.get_running_loop().time
        deadline, pause = now() + self._wait, _LOOK_S[0]
        while True:
            job, _ = await self._service.whole(caller, job_id, run_id)
            if job.run and not job.run.open:
                return job
            if now() >= deadline:
                raise _longer(job_id, run_id, self._wait)
            await asyncio.sleep(min(pause, max(0.0, deadline - now())))
            pause = min(_LOOK_S[1], pause * 1.3)


def _longer(job_id: str, run_id: str, wait: float) -> ApiError:
    said = f"It takes longer than {wait:g} s. The job goes on; follow it at /api/v1/jobs/{job_id}."
    details = {"job_id": job_id, "run_id": run_id, "links": {"self": f"/api/v1/jobs/{job_id}"}}
    headers = {"Location": f"/api/v1/jobs/{job_id}"}
    return ApiError(408, "REQUEST_TIMEOUT", said, [Fault("", said, "TAKES_LONGER")], headers, details)
