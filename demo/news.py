"""The shop's news: thirty articles with dates and authors, written from the same words as the shelves."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from demo.catalogue import Product, catalogue, slug
from demo.draw import Draw
from demo.sentences import article
from demo.vocabulary import Category

ARTICLES = 30
PER_PAGE = 10
_NEWEST = date(2025, 11, 14)
_RELATED = 5


@dataclass(frozen=True, slots=True)
class Article:
    """One piece of news; `products` are what it links to, `category` what it is about."""

    title: str
    label: str
    standfirst: str
    author: str
    published: date
    paragraphs: tuple[str, ...]
    category: Category
    products: tuple[Product, ...]

    @property
    def slug(self) -> str:
        """The article's own part of its path."""
        return slug(self.title)

    @property
    def path(self) -> str:
        """Path of the article's page."""
        return f"/news/{self.slug}"

    @property
    def image(self) -> str:
        """Path of the article's picture."""
        return f"/media/news/{self.slug}.svg"


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


@cache
def _forms() -> dict[str, Any]:
    return tomllib.loads(resources.files("demo").joinpath("words", "news.toml").read_text("utf-8"))


def _words(draw: Draw, product: Product) -> dict[str, str]:
    """What a story's blanks are filled with: everything about the one product the author has in mind."""
    category, brand = product.category, product.brand
    thing = draw.pick(category.kinds)
    care = draw.pick(category.care)
    return {
        "thing": thing,
        "one": f"{article(thing)} {thing}",
        "fine_one": f"{article(product.finish)} {product.finish} {thing}",
        "finish": product.finish,
        "use": draw.pick(category.uses),
        "category": category.name[:1].lower() + category.name[1:].replace(" & ", " and ").lower(),
        "category_title": category.name,
        "brand": brand.name,
        "note": brand.note,
        "since": str(brand.since),
        "care": care,
        "care_lower": _lower_first(care),
    }


def _article(seed: int, place: int, published: date, shelf: tuple[Product, ...], forms: dict[str, Any]) -> Article:
    draw = Draw(seed, "news", place)
    story = forms["story"][place % len(forms["story"])]
    chosen = draw.some(shelf, _RELATED)
    words = _words(draw, chosen[0])
    category = chosen[0].category
    details = draw.some(category.details, len(story["paragraphs"]))
    paragraphs = [
        draw.pick(variants).format(**words, detail=detail)
        for variants, detail in zip(story["paragraphs"], details, strict=False)
    ]
    return Article(
        title=story["title"].format(**words),
        label=story["label"],
        standfirst=story["standfirst"].format(**words),
        author=draw.pick(forms["authors"]),
        published=published,
        paragraphs=tuple(paragraphs),
        category=category,
        products=tuple(chosen),
    )


def _unused(seed: int, place: int, published: date, shelves: list[tuple[Product, ...]], titles: set[str]) -> Article:
    """An article about the first of `shelves` that gives a new title; that shelf is taken out."""
    forms = _forms()
    for number, shelf in enumerate(shelves):
        found = _article(seed, place, published, shelf, forms)
        if found.title not in titles:
            del shelves[number]
            titles.add(found.title)
            return found
    raise ValueError(f"Seed {seed} leaves nothing to write about at article {place}; choose another seed.")


@lru_cache(maxsize=4)
def articles(seed: int) -> tuple[Article, ...]:
    """The thirty articles of a seed, newest first, each about a category of its own and no title twice."""
    draw = Draw(seed, "newsroom")
    # The stories speak of "a kettle", so categories of things that come as "seeds" stay out of them.
    singular = [shelf for shelf in catalogue(seed).shelves.values() if not shelf[0].category.plural]
    shelves = draw.some(singular, len(singular))
    titles: set[str] = set()
    written: list[Article] = []
    published = _NEWEST
    for place in range(ARTICLES):
        written.append(_unused(seed, place, published, shelves, titles))
        published -= timedelta(days=draw.whole(2, 9))
    return tuple(written)
