"""The books interface over a shop that was really read: each number held against a reading of the files."""

import re
import statistics
from pathlib import Path
from typing import Any

from tests.acceptance.system import System
from tests.acceptance.test_books import Book, number, pounds

STARS = {"One": 1, "Two": 2, "Three": 3, "Four": 4, "Five": 5}


def truth(folder: Path) -> dict[int, dict[str, Any]]:
    """By id, what the pages of the shop say."""
    found = {}
    for page in (folder / "catalogue").glob("*_*/index.html"):
        text = page.read_text("utf-8")
        book = Book(text)
        if "UPC" not in book.table:
            continue
        category = re.findall(r"<a href=\"[^\"]*\">([^<]+)</a>", text.split("breadcrumb", 1)[1])[2]
        found[int(page.parent.name.rsplit("_", 1)[1])] = {
            "title": book.heading,
            "price": pounds(book.prices[0]),
            "rating": STARS[book.stars[0].split()[1]],
            "stock": number(book.table["Availability"]),
            "category": category.strip(),
            "upc": book.table["UPC"],
        }
    return found


def test_the_shop_is_read_and_told(system: System, book_shop: tuple[Path, str]) -> None:
    folder, _ = book_shop
    real = truth(folder)
    assert len(real) >= 60
    with system.client() as client:
        made = client.post("/api/v1/books/scraping/trigger", json={"delay": 0})
        assert made.status_code == 202, made.text
        job = system.ended(made.json()["job_id"])
        assert job["status"] == "completed" and job["counts"]["stored"] == len(real), job

        told = client.get("/api/v1/books/", params={"per_page": 1000}).json()
        assert {one["id"]: {name: one[name] for name in real[one["id"]]} for one in told["books"]} == real
        assert told["note"] is None, "it was read whole"
        some = min(real)
        assert client.get(f"/api/v1/books/{some}").json()["upc"] == real[some]["upc"]
        prices = sorted(book["price"] for book in real.values())
        figures = client.get("/api/v1/stats/overview").json()
        assert figures["books"] == len(real) and figures["average_price"] == round(statistics.fmean(prices), 2)
        assert (figures["lowest_price"], figures["highest_price"]) == (prices[0], prices[-1])
        assert figures["categories"] == len({book["category"] for book in real.values()})
        cheap = client.get("/api/v1/books/price-range", params={"max": 20, "per_page": 1000}).json()["books"]
        assert [one["price"] for one in cheap] == [price for price in prices if price <= 20]
        by_title = client.get("/api/v1/books/", params={"sort_by": "title", "per_page": 1000}).json()["books"]
        titles = [one["title"].lower() for one in by_title]
        assert titles == sorted(titles)
        features = client.get("/api/v1/ml/features").json()
        assert features["total"] == len(real) == len(features["features"])
        sample = client.get("/api/v1/ml/training-data").json()["data"]
        assert len({one["book_id"] for one in sample}) == min(100, len(real))
        said = client.post("/api/v1/ml/predictions", json={"target": "rating", "book_ids": [some]}, timeout=120)
        assert said.status_code == 200, said.text
        prediction = said.json()["predictions"][0]
        assert prediction["actual"] == real[some]["rating"] and 0 < prediction["value"] < 6
        outside = {"model": {"name": "mean", "version": "1"}, "target": "price",
                   "predictions": [{"book_id": some, "value": real[some]["price"]}]}  # fmt: skip
        assert client.post("/api/v1/ml/predictions", json=outside).json()["model"]["scores"]["mae"] == 0
        kept = client.get("/api/v1/ml/models").json()["models"]
        assert [(one["name"], one["predictions"]) for one in kept[:2]] == [("mean", 1), ("books-rating", 0)]
        sample = client.post("/api/v1/books/scraping/trigger", json={"delay": 0, "max_pages": 3})
        assert system.ended(sample.json()["job_id"])["status"] == "completed"
        assert client.get("/api/v1/books/").json()["pagination"]["total"] == len(real)
