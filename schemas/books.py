"""The catalogue of books as it passes between the gateway and its stores."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

BookOrder = Literal["id", "title", "price", "rating"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The run whose records are the catalogue; `whole`: it read all of the shop."""

    run_id: str
    at: datetime
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """`id` is the number in the address of the book's page; `data` the clean record."""

    id: int
    url: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFilter:
    """What is wanted of a catalogue, and in which order; None: whatever."""

    title: str | None = None
    category: str | None = None
    least: float | None = None
    most: float | None = None
    rated: float | None = None
    by: BookOrder = "id"
    falling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFigures:
    """Figures of a group of books: all of them, or a category. Prices in the shop's currency, ratings 1 to 5."""

    name: str
    books: int
    in_stock: int
    stock: int
    average_price: float
    median_price: float
    lowest_price: float
    highest_price: float
    average_rating: float
    ratings: dict[int, int] = field(default_factory=dict)


VERSIONS_KEPT = 200
"""Versions of models of one owner, the newest ones, with what they said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A version of a model, ours or somebody's, and how well it did. `scores` are mae, rmse and r2 by name, of so
    many `books`; so many `predictions` of it are kept."""

    name: str
    version: str
    target: str
    origin: Literal["trained", "outside"]
    run_id: str
    scores: dict[str, float]
    books: int
    owner: str = ""
    at: datetime | None = None
    predictions: int = 0
