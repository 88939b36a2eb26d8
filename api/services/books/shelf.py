"""The books of one edition, as one request sees them from its beginning to its end."""

from dataclasses import replace

from api.errors import conflict, not_found
from api.ports import Books
from schemas.books import Book, BookFigures, BookFilter, Edition

MOST_BOOKS = 5000
NO_BOOKS = "There are no books yet; read them with POST /api/v1/books/scraping/trigger."
NOT_WHOLE = (
    "The shop has not been read whole yet: these are the books of a reading that is under way, was ended early or came "
    "to its limit of pages. Read all of it with POST /api/v1/books/scraping/trigger, without max_pages."
)


class Shelf:
    """Without an edition it is empty."""

    def __init__(self, edition: Edition | None, books: Books) -> None:
        self._edition = edition
        self._books = books

    @property
    def note(self) -> str | None:
        """What is to be known of these books, and what to do about it; None for those of a whole reading."""
        if self._edition is None:
            return NO_BOOKS
        return None if self._edition.whole else NOT_WHOLE

    async def page(self, wanted: BookFilter, limit: int, offset: int = 0) -> tuple[list[Book], int]:
        """Some books, and how many there are in all, also beyond the end."""
        if self._edition is None:
            return [], 0
        found, total = await self._books.page(self._edition.run_id, wanted, limit, offset)
        if not found and offset:
            _, total = await self._books.page(self._edition.run_id, wanted, 1, 0)
        return found, total

    async def book(self, book_id: int) -> Book:
        """One book. ApiError 404."""
        found: list[Book] = []
        if self._edition:
            found, _ = await self._books.page(self._edition.run_id, BookFilter(), 1, 0, book_id)
        if not found:
            raise not_found("id", " ".join(filter(None, ["There is no such book.", self.note])))
        return found[0]

    async def all(self) -> tuple[Edition, list[Book]]:
        """Every book, by its number. ApiError 409 before anything was read."""
        books, _ = await self.page(BookFilter(), MOST_BOOKS)
        if self._edition is None or not books:
            raise conflict("", NO_BOOKS)
        return self._edition, books

    async def sample(self, seed: int, limit: int) -> list[Book]:
        """A choice of books that the seed makes."""
        return list(await self._books.sample(self._edition.run_id, seed, limit)) if self._edition else []

    async def categories(self) -> list[BookFigures]:
        """Figures of each category, by name."""
        return list(await self._books.figures(self._edition.run_id, grouped=True)) if self._edition else []

    async def overview(self) -> BookFigures | None:
        """Figures of all books; None before anything was read."""
        found = await self._books.figures(self._edition.run_id, grouped=False) if self._edition else []
        return found[0] if found else None


def best_first(wanted: BookFilter) -> BookFilter:
    """The same, the best rated first."""
    return replace(wanted, by="rating", falling=True)
