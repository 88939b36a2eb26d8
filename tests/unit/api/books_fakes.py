"""A catalogue in memory. tests/contract/api holds it to the real adapters' promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import mean, median
from typing import Any

from schemas.accounts import Act
from schemas.books import VERSIONS_KEPT, Book, BookFigures, BookFilter, Edition, ModelRow
from schemas.ledger import Run
from tests.unit.api.fakes import FakeJobs


@dataclass
class FakeBooks:
    """`Books` of each run."""

    of_run: dict[str, list[Book]] = field(default_factory=dict)

    async def page(
        self, run_id: str, wanted: BookFilter, limit: int, offset: int, book_id: int = 0
    ) -> tuple[list[Book], int]:
        found = [book for book in self.of_run.get(run_id, []) if book_id in (0, book.id) and _fits(book, wanted)]
        found.sort(key=lambda book: book.id)
        found.sort(key=lambda book: _place(book, wanted), reverse=wanted.falling)
        piece = found[offset : offset + limit]
        return piece, len(found) if piece else 0

    async def sample(self, run_id: str, seed: int, limit: int) -> list[Book]:
        return sorted(self.of_run.get(run_id, []), key=lambda book: hash((seed, book.id)))[:limit]

    async def figures(self, run_id: str, *, grouped: bool) -> list[BookFigures]:
        every = [book.data for book in self.of_run.get(run_id, [])]
        names = sorted({book["category"] for book in every}) if grouped else [""]
        groups = {name: [book for book in every if name in ("", book["category"])] for name in names}
        return [_figures(name, books) for name, books in groups.items() if books]


def _place(book: Book, wanted: BookFilter) -> Any:
    if wanted.by == "id":
        return book.id
    return book.data["title"].lower() if wanted.by == "title" else book.data.get(wanted.by, 0)


def _fits(book: Book, wanted: BookFilter) -> bool:
    data = book.data
    return (
        (wanted.title or "").lower() in data["title"].lower()
        and (wanted.category or "").lower() in data["category"].lower()
        and (wanted.least is None or data["price"] >= wanted.least)
        and (wanted.most is None or data["price"] <= wanted.most)
        and (wanted.rated is None or data.get("rating", 0) >= wanted.rated)
    )


def _figures(name: str, books: list[dict[str, Any]]) -> BookFigures:
    prices = [book["price"] for book in books]
    stars = [int(book["rating"]) for book in books if "rating" in book]
    stock = [book.get("stock", 0) for book in books]
    return BookFigures(
        name=name, books=len(books), in_stock=sum(count > 0 for count in stock), stock=int(sum(stock)),
        average_price=mean(prices), median_price=median(prices), lowest_price=min(prices), highest_price=max(prices),
        average_rating=mean(stars or [0]), ratings={star: stars.count(star) for star in set(stars)},
    )  # fmt: skip


@dataclass
class FakeEditions:
    """`Editions` over the fake jobs."""

    jobs: FakeJobs
    name: str = "books"
    known: dict[str, str] = field(default_factory=dict)
    kept: dict[tuple[str, str, str, str], ModelRow] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)

    async def job_of(self, owner: str) -> str | None:
        job_id = self.known.get(owner)
        return job_id if job_id and await self.jobs.job(job_id) else None

    async def remember(self, owner: str, job_id: str) -> None:
        self.known[owner] = job_id

    async def newest(self) -> Edition | None:
        runs = [
            run
            for run in self.jobs.runs.values()
            if self.jobs.ready_made[run.id] == self.name and run.job_id not in self.jobs.deleted
            and run.kind == "crawl" and run.counts.stored and run.cleanup_at is None
        ]  # fmt: skip
        whole = [run for run in runs if _whole(run)]
        found = whole[-1] if whole else max(runs, key=lambda run: run.counts.stored, default=None)
        if found is None:
            return None
        return Edition(run_id=found.id, at=found.finished_at or found.created_at, whole=found in whole)

    async def add_model(self, owner: str, model: ModelRow, said: Mapping[int, float], act: Act) -> bool:
        name = (model.name, model.version, model.target, owner)
        if name in self.kept:
            return False
        self.kept[name] = replace(model, owner=owner, predictions=len(said), at=datetime.now(UTC))
        for oldest in [kept for kept in self.kept if kept[-1] == owner][:-VERSIONS_KEPT]:
            del self.kept[oldest]
        self.acts.append(act)
        return True

    async def models(self, owners: Sequence[str] | None, limit: int, offset: int) -> tuple[list[ModelRow], int]:
        found = [model for model in self.kept.values() if owners is None or model.owner in owners][::-1]
        return found[offset : offset + limit], len(found)


def _whole(run: Run) -> bool:
    visited = run.counts.fetched + run.counts.failed
    return run.state == "completed" and run.stopped_at is None and visited < run.max_pages
