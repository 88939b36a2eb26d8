"""The books interface over a small catalogue: what is listed, counted, learnt and scored."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from api.services.books.features import Features
from api.services.books.models import score, trained, version_of
from schemas.books import Book, Edition
from tests.unit.api.conftest import Client


def book(number: int) -> Book:
    dice = random.Random(number)
    category = ("Poetry", "Travel", "Science Fiction")[number % 3]
    price = {"Poetry": 10.0, "Travel": 30.0, "Science Fiction": 50.0}[category] + dice.random()
    data = {"title": f"Book {number:03} of {category}", "price": round(price, 2), "price_currency": "£",
            "rating": float(dice.randint(1, 5)), "stock": float(number % 4), "category": category,
            "upc": f"u{number}"}  # fmt: skip
    return Book(id=number, url=f"http://shop.test/catalogue/b_{number}/index.html", data=data)


@pytest.fixture
def shelf(client: Client) -> list[Book]:
    """Ninety books that somebody has read."""
    books = [book(number) for number in range(1, 91)]
    client.world.books.books = books
    client.world.editions.edition = Edition(run_id=str(uuid4()), at=datetime.now(UTC))
    return books


async def got(client: Client, path: str, **params: Any) -> Any:
    answer = await client.http.get(f"/api/v1{path}", params=params, headers=await client.headers("vera"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_before_anything_was_read_lists_are_empty_and_models_say_what_to_do(client: Client) -> None:
    assert (await got(client, "/books/"))["pagination"]["total"] == 0
    assert await got(client, "/books/top-rated") == []
    assert (await got(client, "/stats/overview"))["books"] == 0
    headers = await client.headers("vera")
    assert (await client.http.get("/api/v1/books/7", headers=headers)).status_code == 404
    answer = await client.http.post("/api/v1/ml/predictions", json={"book_ids": [7]}, headers=headers)
    assert answer.status_code == 409 and "scraping/trigger" in answer.text


@pytest.mark.parametrize("slash", ["", "/"])
async def test_books_are_listed_searched_and_bounded_with_or_without_a_slash(
    client: Client, shelf: list[Book], slash: str
) -> None:
    listed = await got(client, f"/books{slash}", page=2, per_page=40)
    assert [one["id"] for one in listed["books"]] == list(range(41, 81))
    assert listed["pagination"] == {
        "page": 2, "per_page": 40, "total": 90, "total_pages": 3, "has_next": True, "has_previous": True,
    }  # fmt: skip
    beyond = await got(client, f"/books{slash}", page=9, per_page=40)
    assert beyond["books"] == [] and beyond["pagination"]["total"] == 90
    dear = await got(client, f"/books{slash}", sort_by="price", sort_order="desc", per_page=5)
    assert [one["price"] for one in dear["books"]] == sorted((one.data["price"] for one in shelf), reverse=True)[:5]

    found = await got(client, f"/books/search{slash}", title="book 01", category="poetry")
    assert {one["id"] for one in found["books"]} == {12, 15, 18}
    assert (await got(client, f"/books/{shelf[6].id}{slash}"))["title"] == shelf[6].data["title"]
    best = await got(client, f"/books/top-rated{slash}", limit=7)
    assert [one["rating"] for one in best] == sorted((one.data["rating"] for one in shelf), reverse=True)[:7]
    assert best == await got(client, f"/stats/top-rated{slash}", limit=7)
    cheap = await got(client, f"/stats/price-range{slash}", min=10, max=11, per_page=100)
    assert {one["category"] for one in cheap["books"]} == {"Poetry"} and len(cheap["books"]) == 30
    assert [one["name"] for one in (await got(client, f"/categories{slash}"))["categories"]] == [
        "Poetry", "Science Fiction", "Travel",
    ]  # fmt: skip
    figures = await got(client, f"/stats/overview{slash}")
    assert (figures["books"], figures["categories"], sum(figures["ratings"].values())) == (90, 3, 90)


async def test_a_range_the_wrong_way_round_is_refused(client: Client, shelf: list[Book]) -> None:
    answer = await client.http.get(
        "/api/v1/books/price-range", params={"min": 9, "max": 3}, headers=await client.headers("vera")
    )
    assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == "min"


async def test_the_trigger_is_one_job_a_person_and_one_run_at_a_time(client: Client) -> None:
    anna, vera = await client.headers("anna"), await client.headers("vera")
    path = "/api/v1/books/scraping/trigger"
    assert (await client.http.post(path, headers=vera)).status_code == 403
    made = (await client.http.post(path, headers=anna, json={"max_pages": 70})).json()
    kept = client.world.jobs.openings[made["job_id"]].description
    assert (kept["options"]["max_pages"], kept["dataset"]) == (70, "books")
    again = await client.http.post(path, headers=anna)
    assert again.status_code == 409 and made["job_id"] in again.text
    client.world.jobs.change(made["run_id"], state="completed")
    second = (await client.http.post(path, headers=anna)).json()
    assert second["job_id"] == made["job_id"] and second["run_id"] != made["run_id"]
    assert (await client.http.post(path, headers=anna, json={"url": "http://evil.test/"})).status_code == 422


async def test_a_model_learns_what_there_is_to_learn(client: Client, shelf: list[Book]) -> None:
    headers = await client.headers("vera")
    asked = {"target": "price", "book_ids": [1, 2, 3]}
    told = (await client.http.post("/api/v1/ml/predictions", json=asked, headers=headers)).json()
    assert [one["book_id"] for one in told["predictions"]] == [1, 2, 3]
    assert all(abs(one["error"]) < 3 for one in told["predictions"])
    assert (
        told["model"]["scores"]["r2"] > 0.9 > told["model"]["scores"]["mae"] / told["model"]["scores"]["baseline_mae"]
    )
    new = {
        "target": "price",
        "features": [{"category": "Science Fiction", "rating": 3, "stock": 2, "title_length": 27, "title_words": 5}],
    }
    value = (await client.http.post("/api/v1/ml/predictions", json=new, headers=headers)).json()["predictions"][0]
    assert 45 < value["value"] < 56 and value["actual"] is None
    assert [act.action for act in client.world.editions.acts] == ["model_trained"]
    assert (
        await client.http.post("/api/v1/ml/predictions", json={"book_ids": [999]}, headers=headers)
    ).status_code == 422


async def test_an_outside_model_is_scored_and_kept_once(client: Client, shelf: list[Book]) -> None:
    headers = await client.headers("vera")
    said = [{"book_id": one.id, "value": one.data["price"] + 2} for one in shelf[:10]]
    body = {"model": {"name": "mine", "version": "1"}, "predictions": said}
    told = (await client.http.post("/api/v1/ml/predictions", json=body, headers=headers)).json()
    assert (
        told["model"]["origin"] == "outside" and told["model"]["scores"]["mae"] == told["model"]["scores"]["rmse"] == 2
    )
    assert (await client.http.post("/api/v1/ml/predictions", json=body, headers=headers)).status_code == 409
    for wrong in ({"predictions": said}, {}, {"book_ids": [1], **body}, body | {"predictions": [said[0], said[0]]}):
        assert (await client.http.post("/api/v1/ml/predictions", json=wrong, headers=headers)).status_code == 422


async def test_training_data_is_a_choice_that_a_seed_repeats(client: Client, shelf: list[Book]) -> None:
    one = await got(client, "/ml/training-data")
    assert one["total"] == 90 and {row["book_id"] for row in one["data"]} == {book.id for book in shelf}
    assert one["data"] == (await got(client, "/ml/training-data", seed=one["seed"]))["data"]
    assert (await got(client, "/ml/features", limit=2, offset=3))["features"][0]["book_id"] == 4


def test_nothing_is_learnt_from_chance_and_the_scores_say_so() -> None:
    dice = random.Random(5)
    features = [Features(book_id=n, category="a", price=dice.random(), title_length=n % 9) for n in range(120)]
    found = trained(features, "price")
    assert found and found.scores["r2"] < 0.1 and found.scores["mae"] > 0.9 * found.scores["baseline_mae"]
    assert found.version == version_of(features, "price") != version_of(features[:-1], "price")
    assert trained(features[:19], "price") is None and trained(features, "rating") is None


def test_scores_are_what_their_names_say() -> None:
    assert score([1.0, 2.0, 3.0], [1.0, 2.0, 6.0]) == {
        "mae": 1.0, "rmse": 1.7321, "r2": -3.5, "baseline_mae": 0.6667,
    }  # fmt: skip
