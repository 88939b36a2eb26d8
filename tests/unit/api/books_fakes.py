"""A catalogue in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

from schemas.accounts import Act
from schemas.books import Book, BookFigures, BookFilter, Edition, ModelRow
from tests.unit.api.fakes import FakeJobs


@dataclass
class FakeBooks:
    """`Books`: the same ones in every run."""

    books: list[Book] = field(default_factory=list)

    async def page(
        self, run_id: str, wanted: BookFilter, limit: int, offset: int, book_id: int = 0
    ) -> tuple[list[Book], int]:
        found = [book for book in self.books if book_id in (0, book.id) and _fits(book, wanted)]
        found.sort(key=lambda book: book.id)
        found.sort(key=lambda book: book.id if wanted.by == "id" else book.data[wanted.by], reverse=wanted.falling)
        piece = found[offset : offset + limit]
        return piece, len(found) if piece else 0

    async def sample(self, run_id: str, seed: int, limit: int) -> list[Book]:
        return sorted(self.books, key=lambda book: hash((seed, book.id)))[:limit]

    async def figures(self, run_id: str, *, grouped: bool) -> list[BookFigures]:
        names = sorted({book.data["category"] for book in self.books}) if grouped else [""]
        groups = {name: [book.data for book in self.books if name in ("", book.data["category"])] for name in names}
        return [_figures(name, books) for name, books in groups.items() if books]


def _fits(book: Book, wanted: BookFilter) -> bool:
    data = book.data
    return (
        (wanted.title or "").lower() in data["title"].lower()
        and (wanted.category or "").lower() in data["category"].lower()
        and (wanted.least is None or data["price"] >= wanted.least)
        and (wanted.most is None or data["price"] <= wanted.most)
        and (wanted.rated is None or data["rating"] >= wanted.rated)
    )


def _figures(name: str, books: list[dict[str, Any]]) -> BookFigures:
    prices = [book["price"] for book in books]
    stars = [int(book["rating"]) for book in books]
    return BookFigures(
        name=name, books=len(books), in_stock=sum(book["stock"] > 0 for book in books),
        stock=int(sum(book["stock"] for book in books)), average_price=mean(prices), median_price=median(prices),
        lowest_price=min(prices), highest_price=max(prices), average_rating=mean(stars),
        ratings={star: stars.count(star) for star in set(stars)},
    )  # fmt: skip


@dataclass
class FakeEditions:
    """`Editions` over the fake jobs: whatever has run is the catalogue."""

    jobs: FakeJobs
    known: dict[str, str] = field(default_factory=dict)
    models: dict[tuple[str, str, str, str], ModelRow] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    edition: Edition | None = None

    async def job_of(self, owner: str) -> str | None:
        job_id = self.known.get(owner)
        return job_id if job_id and await self.jobs.job(job_id) else None

    async def remember(self, owner: str, job_id: str) -> None:
        self.known[owner] = job_id

    async def newest(self) -> Edition | None:
        return self.edition

    async def add_model(self, owner: str, model: ModelRow, said: Mapping[int, float], act: Act) -> bool:
        name = (model.name, model.version, model.target, owner)
        if name in self.models:
            return False
        self.models[name] = model
        self.acts.append(act)
        return True
