"""Books, categories and their figures, as the books interface tells them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.shapes.pages import PAGE, PaginationBody
from schemas.books import Book, BookFigures

_BOOK: dict[str, Any] = {
    "id": 1000,
    "title": "A Light in the Attic",
    "price": 51.77,
    "currency": "£",
    "rating": 3,
    "availability": "In stock (22 available)",
    "stock": 22,
    "category": "Poetry",
    "image": "https://books.toscrape.com/media/cache/fe/72/fe72f0532301ec28892ae79a629a293c.jpg",
    "url": "https://books.toscrape.com/catalogue/a-light-in-the-attic_1000/index.html",
    "upc": "a897fe39b1053632",
    "description": "It's hard to imagine a world without A Light in the Attic.",
}
_FIGURES: dict[str, Any] = {
    "books": 19,
    "in_stock": 19,
    "stock": 138,
    "average_price": 35.97,
    "median_price": 37.55,
    "lowest_price": 13.86,
    "highest_price": 58.11,
    "average_rating": 3.53,
}

Note = Annotated[str | None, Field(description="What to know of these books; null where the shop was read whole.")]


class BookBody(BaseModel):
    """A book. `id` is the number in the address of its page; prices are in `currency`, ratings 1 to 5."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BOOK]})

    id: int
    title: str
    price: float | None = None
    currency: str | None = None
    rating: int | None = None
    availability: str | None = None
    stock: int | None = None
    category: str | None = None
    image: str | None = None
    url: str
    upc: str | None = None
    description: str | None = None


class BookPage(BaseModel):
    """A page of books."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"books": [_BOOK], "pagination": PAGE, "note": None}]})

    books: list[BookBody]
    pagination: PaginationBody
    note: Note = None


class CategoryBody(BaseModel):
    """A category and how many books it has."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Poetry", "books": 19}]})

    name: str
    books: int


class CategoryList(BaseModel):
    """Every category, by name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"categories": [{"name": "Poetry", "books": 19}], "note": None}]}
    )

    categories: list[CategoryBody]
    note: Note = None


class CategoryFigures(BaseModel):
    """Figures of a category."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"category": "Poetry", **_FIGURES}]})

    category: str
    books: int
    in_stock: int
    stock: int
    average_price: float
    median_price: float
    lowest_price: float
    highest_price: float
    average_rating: float


class CategoryFiguresList(BaseModel):
    """Figures of every category, by name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"categories": [{"category": "Poetry", **_FIGURES}], "note": None}]}
    )

    categories: list[CategoryFigures]
    note: Note = None


class OverviewBody(BaseModel):
    """Figures of all books; `ratings` tells how many books have 1 to 5 stars."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_FIGURES, "categories": 50, "ratings": {"1": 4, "2": 2, "3": 3, "4": 3, "5": 7}, "note": None}
            ]
        }
    )

    books: int = 0
    categories: int = 0
    in_stock: int = 0
    stock: int = 0
    average_price: float = 0.0
    median_price: float = 0.0
    lowest_price: float = 0.0
    highest_price: float = 0.0
    average_rating: float = 0.0
    ratings: dict[str, int] = Field(default_factory=dict)
    note: Note = None


class TriggerBody(BaseModel):
    """How the shop is to be read; without it politely and whole."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"max_pages": 2000}]})

    delay: float | None = Field(None, ge=0, le=60, description="Seconds between two visits; else the usual 1.")
    max_pages: int | None = Field(
        None, ge=1, le=5000, description="Pages at most. A reading that comes to them is a sample."
    )


def book_body(book: Book) -> BookBody:
    """A book of the catalogue."""
    data = book.data
    whole = {name: None if data.get(name) is None else int(data[name]) for name in ("rating", "stock")}
    texts = {name: data.get(name) for name in ("availability", "category", "image", "upc", "description")}
    return BookBody(id=book.id, url=book.url, title=str(data.get("title") or ""), price=data.get("price"),
                    currency=data.get("price_currency"), **whole, **texts)  # fmt: skip


def category_figures(figures: BookFigures) -> CategoryFigures:
    """A category's figures."""
    return CategoryFigures(category=figures.name, **_rounded(figures))


def overview_body(figures: BookFigures | None, categories: int, note: str | None) -> OverviewBody:
    """Everything's figures."""
    if figures is None:
        return OverviewBody(note=note)
    ratings = {str(stars): count for stars, count in sorted(figures.ratings.items())}
    return OverviewBody(categories=categories, ratings=ratings, note=note, **_rounded(figures))


def _rounded(figures: BookFigures) -> dict[str, Any]:
    names = [name for name in CategoryFigures.model_fields if name != "category"]
    values = {name: getattr(figures, name) for name in names}
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in values.items()}
