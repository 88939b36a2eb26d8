"""What a model may know of a book, as numbers and names."""

from dataclasses import asdict, dataclass
from typing import Literal

from schemas.books import Book

Target = Literal["price", "rating"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """One book. `book_id` is not learnt from. Lengths are characters; what is not known of a book is None."""

    book_id: int | None = None
    category: str = ""
    price: float | None = None
    rating: float | None = None
    stock: float | None = None
    title_length: int = 0
    title_words: int = 0
    description_length: int = 0


def features_of(book: Book) -> Features:
    """The features of a book of the catalogue."""
    data = book.data
    title = str(data.get("title") or "")
    return Features(
        book_id=book.id,
        category=str(data.get("category") or ""),
        price=data.get("price"),
        rating=data.get("rating"),
        stock=data.get("stock"),
        title_length=len(title),
        title_words=len(title.split()),
        description_length=len(str(data.get("description") or "")),
    )


def learnt_from(features: Features, target: Target) -> dict[str, float | str]:
    """What a model of `target` is given: everything but the answer, and nothing for what is not known."""
    left_out = ("book_id", target)
    return {name: value for name, value in asdict(features).items() if name not in left_out and value is not None}


def answer_of(features: Features, target: Target) -> float | None:
    """What a model of `target` should say."""
    return features.price if target == "price" else features.rating
