"""The catalogue of books: one job reads it, everybody who may read sees it."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import conflict, not_found
from api.ports import Books, Editions, Jobs
from api.services.books.ready_made import DATASET, NAME, description
from api.services.jobs import JobService
from schemas.books import Book, BookFigures, BookFilter, Edition
from schemas.job import JobDescription
from schemas.ledger import Run

MOST_BOOKS = 5000
NO_BOOKS = "There are no books yet; read them with POST /api/v1/books/scraping/trigger."


class Catalogue:
    """The books of the newest complete reading, whoever asked for it: what is read of a public shop is for everyone
    here who may read data."""

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
            opening = self._jobs.opening(visit, known, caller.user_id, job, name=NAME, dataset=DATASET)
            act = visit.act(caller.user_id, "job_started", known, run_id=opening.run_id, ready_made=NAME)
            run = await self._runs.start(opening, act, force=False)
            if run == "running":
                raise conflict("job_id", f"The books are being read just now; GET /api/v1/jobs/{known} tells how far.")
            if run != "gone":
                return run
        opening = self._jobs.opening(visit, visit.new_id("job", uuid4), caller.user_id, job, name=NAME, dataset=DATASET)
        # Remembered first: a job that was made and forgotten would be read by nobody.
        await self._editions.remember(caller.user_id, opening.job_id)
        act = visit.act(caller.user_id, "job_created", opening.job_id, run_id=opening.run_id, ready_made=NAME)
        return await self._runs.create(opening, act)

    async def edition(self) -> Edition | None:
        """The run that is the catalogue; None before anything was read."""
        return await self._editions.newest()

    async def page(self, wanted: BookFilter, limit: int, offset: int = 0) -> tuple[list[Book], int]:
        """Some books, and how many there are in all."""
        edition = await self.edition()
        return await self._books.page(edition.run_id, wanted, limit, offset) if edition else ([], 0)

    async def book(self, book_id: int) -> Book:
        """One book. ApiError 404."""
        edition = await self.edition()
        found, _ = await self._books.page(edition.run_id, BookFilter(), 1, 0, book_id) if edition else ([], 0)
        if not found:
            raise not_found("id", "There is no such book.")
        return found[0]

    async def all(self) -> tuple[Edition, list[Book]]:
        """Every book, by its number. ApiError 409 before anything was read."""
        edition = await self.edition()
        books, _ = await self._books.page(edition.run_id, BookFilter(), MOST_BOOKS, 0) if edition else ([], 0)
        if edition is None or not books:
            raise conflict("", NO_BOOKS)
        return edition, books

    async def sample(self, seed: int, limit: int) -> list[Book]:
        """A choice of books that the seed makes."""
        edition = await self.edition()
        return list(await self._books.sample(edition.run_id, seed, limit)) if edition else []

    async def categories(self) -> list[BookFigures]:
        """Figures of each category, by name."""
        edition = await self.edition()
        return list(await self._books.figures(edition.run_id, grouped=True)) if edition else []

    async def overview(self) -> BookFigures | None:
        """Figures of all books; None before anything was read."""
        edition = await self.edition()
        found = await self._books.figures(edition.run_id, grouped=False) if edition else []
        return found[0] if found else None


def _with(job: JobDescription, options: dict[str, Any]) -> JobDescription:
    described = job.model_dump(mode="json")
    return JobDescription.model_validate(described | {"options": described["options"] | options})


def best_first(wanted: BookFilter) -> BookFilter:
    """The same, the best rated first."""
    return replace(wanted, by="rating", falling=True)
