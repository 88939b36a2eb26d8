"""The catalogue of books: one job reads it, everybody who may read sees it."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import conflict
from api.ports import Books, Editions, Jobs
from api.services.books.ready_made import DATASET, NAME, description
from api.services.books.shelf import Shelf
from api.services.jobs import JobService
from schemas.job import JobDescription
from schemas.ledger import Opening, Run


class Catalogue:
    """The books of the newest whole reading, whoever asked for it: what is read of a public shop is for everyone here
    who may read data. What everybody sees may come of the product's own description alone, so a run is marked when it
    is opened here; a job that was changed, or is begun in another way, gives its owner records and nobody books."""

    def __init__(self, editions: Editions, books: Books, jobs: JobService, runs: Jobs, url: str) -> None:
        self._editions = editions
        self._books = books
        self._jobs = jobs
        self._runs = runs
        self._url = url

    async def trigger(self, caller: Caller, visit: Visit, options: dict[str, Any]) -> Run:
        """Opens a run of the caller's ready-made job, which is made where there is none. ApiError 409 while one is
        open. `options` are those of a job that may differ (delay, max_pages)."""
        job = _with(description(self._url), options)
        known = await self._editions.job_of(caller.user_id)
        if known:
            opening = self._opening(caller, visit, known, job)
            act = visit.act(caller.user_id, "job_started", known, run_id=opening.run_id, ready_made=NAME)
            run = await self._runs.start(opening, act, force=False)
            if run == "running":
                raise conflict("job_id", f"The books are being read just now; GET /api/v1/jobs/{known} tells how far.")
            if run != "gone":
                return run
        opening = self._opening(caller, visit, visit.new_id("job", uuid4), job)
        # Remembered first: a job that was made and forgotten would be read by nobody.
        await self._editions.remember(caller.user_id, opening.job_id)
        act = visit.act(caller.user_id, "job_created", opening.job_id, run_id=opening.run_id, ready_made=NAME)
        return await self._runs.create(opening, act)

    async def shelf(self) -> Shelf:
        """The books as they are now."""
        return Shelf(await self._editions.newest(), self._books)

    def _opening(self, caller: Caller, visit: Visit, job_id: str, job: JobDescription) -> Opening:
        opening = self._jobs.opening(visit, job_id, caller.user_id, job, name=NAME, dataset=DATASET)
        return replace(opening, ready_made=NAME)


def _with(job: JobDescription, options: dict[str, Any]) -> JobDescription:
    described = job.model_dump(mode="json")
    return JobDescription.model_validate(described | {"options": described["options"] | options})
