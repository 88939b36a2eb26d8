"""The catalogue of books, and the models that speak of it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.accounts import Act
from schemas.books import Book, BookFigures, BookFilter, Edition, ModelRow


class Books(Protocol):
    """Books of one run of the ready-made job."""

    async def page(
        self, run_id: str, wanted: BookFilter, limit: int, offset: int, book_id: int = 0
    ) -> tuple[list[Book], int]:
        """Some books, and how many there are in all (0 beyond the end). `book_id` picks one."""
        ...

    async def sample(self, run_id: str, seed: int, limit: int) -> Sequence[Book]:
        """A choice of books that the seed makes."""
        ...

    async def figures(self, run_id: str, *, grouped: bool) -> Sequence[BookFigures]:
        """Of each category by name, or one entry for everything; none without books."""
        ...


class Editions(Protocol):
    """Which run is the catalogue."""

    async def job_of(self, owner: str) -> str | None:
        """The job that the owner's books come from, if it is still there."""
        ...

    async def remember(self, owner: str, job_id: str) -> None:
        """This job is the owner's one from now on."""
        ...

    async def newest(self) -> Edition | None:
        """Of anyone's runs that were opened with the product's description: the newest whole one, else the one that has
        stored most so far. Whole is what completed, was not stopped and did not come to its limit of pages."""
        ...

    async def add_model(self, owner: str, model: ModelRow, said: Mapping[int, float], act: Act) -> bool:
        """Keeps a version with what it said; False, and nothing is written, where the owner has it already."""
        ...

    async def models(self, owners: Sequence[str] | None, limit: int, offset: int) -> tuple[list[ModelRow], int]:
        """Versions of these owners (None: everyone's), the newest first, and how many there are in all."""
        ...
