"""Real pages of books.toscrape.com, of which many are missing: each number held against a reading of the files.

What is read here is read by the standard library's parser; nothing is shared with Trawl.
"""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.system import System
from tests.acceptance.walking import accounted, file_of, walk

PAGES, PRODUCTS = 249, 200
FIELDS: dict[str, Any] = {
    "title": {"xpath": ".//h1/text() | ./h3/a/@title"},
    "price": {"xpath": "(.//p[@class='price_color'])[1]/text()", "type": "price", "required": True},
    "stars": {"xpath": "(.//p[contains(@class, 'star-rating')])[1]/@class", "required": True},
    "description": {"xpath": "./div[@id='product_description']/following-sibling::p[1]/text()"},
    "stock": {"xpath": ".//th[.='Availability']/following-sibling::td/text()", "type": "number"},
    "reviews": {"xpath": ".//th[.='Number of reviews']/following-sibling::td/text()", "type": "number"},
    "net": {"xpath": ".//th[.='Price (excl. tax)']/following-sibling::td/text()", "type": "price"},
    "gross": {"xpath": ".//th[.='Price (incl. tax)']/following-sibling::td/text()", "type": "price"},
    "tax": {"xpath": ".//th[.='Tax']/following-sibling::td/text()", "type": "price"},
    "upc": {"xpath": ".//th[.='UPC']/following-sibling::td/text()"},
}
ITEMS = "//article[@class='product_page'] | //section//ol/li/article[@class='product_pod']"


class Book(HTMLParser):
    """One page, read as a stream: the product's own heading, table and description, or the cards of a listing."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.heading, self.description = "", ""
        self.table: dict[str, str] = {}
        self.stars: list[str] = []
        self.prices: list[str] = []
        self.titles: list[str] = []
        self._into, self._cell, self._described = "", "", False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        kind = found.get("class") or ""
        self._described |= found.get("id") == "product_description"
        if tag == "a" and found.get("title"):
            self.titles.append(str(found["title"]))
        if tag == "p" and kind.startswith("star-rating"):
            self.stars.append(kind)
        if tag == "p" and kind == "price_color":
            self.prices.append("")
            self._into = "price"
        elif tag == "p" and self._described and not self.description:
            self._into = "description"
        elif tag in ("h1", "th", "td"):
            self._into = tag

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "h1", "th", "td"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        match self._into:
            case "h1":
                self.heading += data
            case "price":
                self.prices[-1] += data
            case "description":
                self.description += data
            case "th":
                self._cell = data
            case "td":
                self.table[self._cell] = self.table.get(self._cell, "") + data

    def product(self) -> tuple[Any, ...]:
        cell = self.table
        return (
            self.heading, pounds(self.prices[0]), self.stars[0], " ".join(self.description.split()),
            number(cell["Availability"]), number(cell["Number of reviews"]), pounds(cell["Price (excl. tax)"]),
            pounds(cell["Price (incl. tax)"]), pounds(cell["Tax"]), cell["UPC"],
        )  # fmt: skip

    def cards(self) -> list[tuple[Any, ...]]:
        assert len(self.titles) == len(self.prices) == len(self.stars) > 0
        return [
            (" ".join(title.split()), pounds(price), stars, "", *[None] * 5, "")
            for title, price, stars in zip(self.titles, self.prices, self.stars, strict=True)
        ]


def number(text: str) -> float:
    found = re.search(r"\d+", text)
    assert found, text
    return float(found[0])


def pounds(text: str) -> float:
    assert re.fullmatch(r"£\d+\.\d\d", text), text
    return float(text[1:])


def row(data: dict[str, Any]) -> tuple[Any, ...]:
    prices = [name for name in ("price", "net", "gross", "tax") if data.get(name) is not None]
    assert {data[f"{name}_currency"] for name in prices} in ({"£"}, {"GBP"})
    texts = {name: " ".join((data.get(name) or "").split()) for name in ("title", "stars", "description", "upc")}
    return tuple(texts.get(name, data.get(name)) for name in FIELDS)


def test_each_number_of_the_books(system: System, books: Path | None, books_host: str) -> None:
    if books is None:
        pytest.skip("the pages of books.toscrape.com are not here; TRAWL_TEST_BOOKS names their folder")
    start = f"http://{books_host}/index.html"
    real = walk(books, start)
    assert len(real.pages) == PAGES and len(real.missing) > 800
    job_id = system.scrape(
        {
            "url": start,
            "name": "books",
            "options": {"follow": True, "max_pages": 5000, "delay": 0, "concurrency": 8, "adaptive": False},
            "extract": {"items_xpath": ITEMS, "fields": FIELDS},
        }
    )
    job = system.ended(job_id)
    assert job["status"] == "completed", job

    outcomes = accounted(system, job_id)
    assert {url for url, (outcome, _) in outcomes.items() if outcome == "fetched"} == set(real.pages)
    assert {url for url, (outcome, _) in outcomes.items() if outcome == "http_error"} == real.missing
    assert len(outcomes) == job["counts"]["requested"] == PAGES + len(real.missing) + len(real.outside)
    assert job["counts"]["fetched"] == PAGES and job["counts"]["failed"] == len(real.missing)

    expected, products = Counter[tuple[Any, ...]](), 0
    for url in real.pages:
        book = Book(file_of(books, url).read_text("utf-8"))
        products += "UPC" in book.table
        expected.update((url, *found) for found in ([book.product()] if book.table else book.cards()))
    assert products == PRODUCTS
    rows = system.query("select url, data from records where job_id = {job:UUID}", job=job_id)
    stored = Counter((url, *row(orjson.loads(data))) for url, data in rows)
    assert stored == expected, (list((stored - expected).items())[:2], list((expected - stored).items())[:2])
