"""The books interface over a small catalogue: what is listed, counted, learnt and scored."""

import random
from typing import Any

import pytest

from api.services.books.features import Features
from api.services.books.models import score, trained, version_of
from schemas.books import Book
from schemas.events import RunCounts
from tests.unit.api.conftest import Client


def book(number: int) -> Book:
    dice = random.Random(number)
    category = ("Poetry", "Travel", "Science Fiction")[number % 3]
    price = {"Poetry": 10.0, "Travel": 30.0, "Science Fiction": 50.0}[category] + dice.random()
    data = {"title": f"Book {number:03} of {category}", "price": round(price, 2), "price_currency": "£",
            "rating": float(dice.randint(1, 5)), "stock": float(number % 4), "category": category,
            "upc": f"u{number}"}  # fmt: skip
    return Book(id=number, url=f"http://shop.test/catalogue/b_{number}/index.html", data=data)


TRIGGER = "/api/v1/books/scraping/trigger"


async def begun(client: Client, username: str = "anna", **options: Any) -> dict[str, Any]:
    """The job with the run that this account's trigger has opened."""
    answer = await client.http.post(TRIGGER, headers=await client.headers(username), json=options)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(client: Client, run_id: str, books: list[Book], *, pages: int = 200, state: str = "completed") -> None:
    """The line has read these books on so many pages, and the run is over."""
    client.world.books.of_run[run_id] = books
    counts = RunCounts(requested=pages, fetched=pages, extracted=len(books), stored=len(books))
    client.world.jobs.change(run_id, state=state, counts=counts)


async def titles(client: Client) -> list[str]:
    return [one["title"] for one in (await got(client, "/books/"))["books"]]


@pytest.fixture
async def shelf(client: Client) -> list[Book]:
    """Ninety books that somebody has read."""
    books = [book(number) for number in range(1, 91)]
    ended(client, (await begun(client))["run_id"], books)
    return books


NOTED = ("/books/", "/books/search", "/books/price-range", "/categories", "/stats/overview", "/stats/categories",
         "/ml/features", "/ml/training-data")  # fmt: skip
"""What says of which kind of reading it is."""


async def got(client: Client, path: str, **params: Any) -> Any:
    answer = await client.http.get(f"/api/v1{path}", params=params, headers=await client.headers("vera"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_before_anything_was_read_lists_are_empty_and_models_say_what_to_do(client: Client) -> None:
    assert (await got(client, "/books/"))["pagination"]["total"] == 0
    assert await got(client, "/books/top-rated") == []
    for path in NOTED:
        told = await got(client, path)
        assert "scraping/trigger" in told["note"] and not told.get("books"), path
    headers = await client.headers("vera")
    answer = await client.http.get("/api/v1/books/7", headers=headers)
    assert answer.status_code == 404 and "scraping/trigger" in answer.text
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
    assert (kept["options"]["max_pages"], kept["options"]["delay"], kept["dataset"]) == (70, 1.0, "books")
    again = await client.http.post(path, headers=anna)
    assert again.status_code == 409 and made["job_id"] in again.text
    client.world.jobs.change(made["run_id"], state="completed")
    second = (await client.http.post(path, headers=anna)).json()
    assert second["job_id"] == made["job_id"] and second["run_id"] != made["run_id"]
    assert (await client.http.post(path, headers=anna, json={"url": "http://evil.test/"})).status_code == 422


async def test_a_sample_takes_nobody_s_catalogue(client: Client, shelf: list[Book]) -> None:
    sample = await begun(client, "otto", max_pages=3)
    ended(client, sample["run_id"], [book(500)], pages=3)
    assert (await got(client, "/books/"))["pagination"]["total"] == 90
    whole = await begun(client, "otto", max_pages=2000)
    ended(client, whole["run_id"], [book(501)])
    assert (await got(client, "/books/"))["pagination"]["total"] == 1, "a limit that it did not come to"


async def test_a_reading_that_was_stopped_takes_nobody_s_catalogue(client: Client, shelf: list[Book]) -> None:
    made = await begun(client, "otto")
    client.world.jobs.change(made["run_id"], state="running")
    headers = await client.headers("otto")
    stopped = await client.http.post(f"/api/v1/jobs/{made['job_id']}/stop", headers=headers)
    assert stopped.status_code == 200, stopped.text
    ended(client, made["run_id"], [book(500)])
    assert (await got(client, "/books/"))["pagination"]["total"] == 90


@pytest.mark.parametrize("changed", [True, False])
async def test_a_job_that_is_begun_by_another_door_takes_nobody_s_catalogue(
    client: Client, shelf: list[Book], changed: bool
) -> None:
    made = await begun(client, "otto")
    ended(client, made["run_id"], shelf, state="failed")
    headers, path = await client.headers("otto"), f"/api/v1/jobs/{made['job_id']}"
    if changed:
        put = await client.http.put(path, headers=headers, json={"urls": ["http://other.test/"]})
        assert put.status_code == 200 and put.json()["dataset"] == "books", put.text
    started = await client.http.post(f"{path}/start", headers=headers)
    assert started.status_code == 202, started.text
    ended(client, started.json()["run_id"], [book(500)])
    assert (await got(client, "/books/"))["pagination"]["total"] == 90
    again = await begun(client, "otto")
    assert again["job_id"] == made["job_id"]
    ended(client, again["run_id"], [book(501)])
    assert (await got(client, "/books/"))["pagination"]["total"] == 1, "the trigger reads what the product describes"


async def test_until_the_shop_was_read_whole_its_fullest_reading_is_shown_and_said_to_be_a_part(client: Client) -> None:
    fuller = await begun(client, "anna", max_pages=40)
    ended(client, fuller["run_id"], [book(1), book(2)], pages=40)
    ended(client, (await begun(client, "otto", max_pages=3))["run_id"], [book(3)], pages=3)
    assert await titles(client) == [book(1).data["title"], book(2).data["title"]]
    for path in NOTED:
        note = (await got(client, path))["note"]
        assert "not been read whole" in note and "scraping/trigger" in note, path
    answer = await client.http.get("/api/v1/books/3", headers=await client.headers("vera"))
    assert answer.status_code == 404 and "not been read whole" in answer.text
    ended(client, (await begun(client, "otto"))["run_id"], [book(4)])
    assert await titles(client) == [book(4).data["title"]]
    for path in NOTED:
        assert (await got(client, path))["note"] is None, path


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
    beyond = await got(client, "/ml/features", offset=500)
    assert (beyond["features"], beyond["total"]) == ([], 90)


async def test_models_can_be_read_again_by_those_whose_they_are(client: Client, shelf: list[Book]) -> None:
    said = [{"book_id": one.id, "value": one.data["price"] + 2} for one in shelf[:10]]
    for username, version in (("anna", "1"), ("anna", "2"), ("otto", "1")):
        body = {"model": {"name": "mine", "version": version}, "predictions": said}
        headers = await client.headers(username)
        assert (await client.http.post("/api/v1/ml/predictions", json=body, headers=headers)).status_code == 200
    asked = {"target": "price", "book_ids": [1]}
    trained = (await client.http.post("/api/v1/ml/predictions", json=asked, headers=headers)).json()["model"]

    async def listed(username: str, **params: Any) -> Any:
        headers = await client.headers(username)
        answer = await client.http.get("/api/v1/ml/models", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    ours, second, first = (await listed("anna"))["models"]
    assert (ours["origin"], ours["owner"], ours["predictions"]) == ("trained", None, 0)
    assert {name: ours[name] for name in ("name", "version", "scores", "books")} == {
        name: trained[name] for name in ("name", "version", "scores", "books")
    }
    assert (first["version"], second["version"], second["owner"]) == ("1", "2", client.world.ids["anna"])
    assert (second["origin"], second["target"], second["books"], second["predictions"]) == ("outside", "price", 10, 10)
    assert second["scores"]["mae"] == 2 and second["created_at"] >= first["created_at"]
    assert [one["origin"] for one in (await listed("vera"))["models"]] == ["trained"]
    assert (await listed("root"))["total"] == 4
    page = await listed("anna", limit=1, offset=1)
    assert (page["models"], page["total"]) == ([second], 3)
    assert (await listed("anna", offset=9)) == {"models": [], "total": 3}
    assert (await got(client, "/ml/models/"))["total"] == 1


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
