"""The catalogue of books, read from the records of one run."""

from typing import Any

import orjson

from infra.clickhouse.reading import Reading
from schemas.books import Book, BookFigures, BookFilter

_ANY_PRICE = 1e300


class StoredBooks:
    """The gateway's `Books`: shares the threads, and the bound, of everything else that the gateway asks."""

    def __init__(self, reading: Reading, dataset: str) -> None:
        self._reading = reading
        self._dataset = dataset

    async def page(
        self, run_id: str, wanted: BookFilter, limit: int, offset: int, book_id: int = 0
    ) -> tuple[list[Book], int]:
        """Some books, and how many there are in all (0 beyond the end). `book_id` picks one."""
        values = {
            "run_id": run_id,
            "id": book_id,
            "title": wanted.title or "",
            "category": wanted.category or "",
            "least": -_ANY_PRICE if wanted.least is None else wanted.least,
            "most": _ANY_PRICE if wanted.most is None else wanted.most,
            "rated": -1.0 if wanted.rated is None else wanted.rated,
            "by": wanted.by,
            "sign": -1 if wanted.falling else 1,
            "limit": limit,
            "offset": offset,
        }
        rows = await self._ask("books", values)
        return [_book(row) for row in rows], int(rows[0]["total"]) if rows else 0

    async def sample(self, run_id: str, seed: int, limit: int) -> list[Book]:
        """A choice of books that the seed makes."""
        return [_book(row) for row in await self._ask("sample", {"run_id": run_id, "seed": seed, "limit": limit})]

    async def figures(self, run_id: str, *, grouped: bool) -> list[BookFigures]:
        """Of each category by name, or one entry for everything; none without books."""
        rows = await self._ask("figures", {"run_id": run_id, "grouped": int(grouped)})
        return [
            BookFigures(**row | {"ratings": {int(stars): int(count) for stars, count in dict(row["ratings"]).items()}})
            for row in rows
            if row["books"]
        ]

    async def _ask(self, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        return await self._reading.ask("books", name, {"dataset": self._dataset} | values, lambda row: row)


def _book(row: dict[str, Any]) -> Book:
    return Book(id=row["id"], url=row["url"], data=orjson.loads(row["data"]))
