"""What every store of books promises, and what says which reading of the shop is the catalogue."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import fmean
from typing import Any
from uuid import uuid4

import pytest

from api.ports import Books, Editions
from api.services.books.features import Features, features_of
from infra.clickhouse.books import StoredBooks
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.reading import Reading
from infra.postgres.books import PostgresEditions
from schemas.books import VERSIONS_KEPT, Book, BookFilter, ModelRow
from schemas.events import RunCounts
from schemas.ledger import Opening, PagesWanted, Run
from tests.contract.api.conftest import Stores
from tests.contract.api.test_jobs import act, opening
from tests.unit.api.books_fakes import FakeBooks, FakeEditions

BEGAN = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)


def book(number: int, title: str, category: str, price: float, **more: Any) -> Book:
    data = {"title": title, "category": category, "price": price, "price_currency": "£", **more}
    return Book(id=number, url=f"http://shop.test/catalogue/a-b_{number}/index.html", data=data)


SHELF = [
    book(7, "A Light in the Attic", "Poetry", 51.77, rating=3.0, stock=22.0, description="It's hard to imagine."),
    book(3, "the Élan of 100% cotton_", "Travel", 10.0, rating=5.0, stock=0.0),
    book(12, "Zero", "Sequential Art", 20.5, rating=5.0, stock=1.0),
    book(1, "O'Brien's \"light\"", "Poetry", 20.5, stock=3.0),
    book(20, "long " * 80 + "tail", "Travel", 33.0, rating=1.0),
]


@dataclass
class Shop:
    """A store of books, and a way to fill it."""

    books: Books
    dataset: str
    client: Any

    async def keep(self, *books: Book) -> str:
        """The id of a run that has read them."""
        run_id = str(uuid4())
        if self.client is None:
            self.books.of_run[run_id] = list(books)  # type: ignore[attr-defined]
            return run_id
        rows = [
            [str(uuid4()), self.dataset, run_id, run_id, run_id, each.data["title"], each.url, json.dumps(each.data),
             {name: value for name, value in each.data.items() if isinstance(value, float)}, BEGAN, BEGAN]
            for each in books
        ]  # fmt: skip
        names = ["id", "dataset", "run_id", "job_id", "batch_id", "key", "url", "data", "numbers", "fetched_at",
                 "ingested_at"]  # fmt: skip
        await asyncio.to_thread(self.client.insert, "records", rows, column_names=names)
        return run_id


@pytest.fixture(params=["fake", "real"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """One kind of store after the other."""
    dataset = f"set-{uuid4()}"
    if request.param == "fake":
        yield Shop(FakeBooks(), dataset, None)
        return
    engines = request.getfixturevalue("engines")
    await asyncio.to_thread(migrate, engines.clickhouse)
    async with Reading(engines.clickhouse) as reading:
        client = await asyncio.to_thread(connect, engines.clickhouse)
        yield Shop(StoredBooks(reading, dataset), dataset, client)
        client.close()


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (BookFilter(), [1, 3, 7, 12, 20]), (BookFilter(falling=True), [20, 12, 7, 3, 1]),
        (BookFilter(title="LIGHT"), [1, 7]), (BookFilter(title="élAN"), [3]), (BookFilter(title="tail"), [20]),
        (BookFilter(title="100%"), [3]), (BookFilter(title="cotton_"), [3]), (BookFilter(title="%"), [3]),
        (BookFilter(title="'"), [1]), (BookFilter(title="nothing of it"), []),
        (BookFilter(category="poet"), [1, 7]), (BookFilter(category="L a"), [12]),
        (BookFilter(category="poetry", title="attic"), [7]), (BookFilter(category="travel", title="attic"), []),
        (BookFilter(least=20.5), [1, 7, 12, 20]), (BookFilter(most=20.5), [1, 3, 12]),
        (BookFilter(least=20.5, most=33.0, by="price"), [1, 12, 20]),
        (BookFilter(by="price"), [3, 1, 12, 20, 7]), (BookFilter(by="price", falling=True), [7, 20, 1, 12, 3]),
        (BookFilter(by="rating"), [1, 20, 7, 3, 12]), (BookFilter(by="rating", falling=True), [3, 12, 7, 20, 1]),
        (BookFilter(rated=1, by="rating", falling=True), [3, 12, 7, 20]), (BookFilter(rated=4), [3, 12]),
        (BookFilter(by="title"), [7, 20, 1, 3, 12]), (BookFilter(by="title", falling=True), [12, 3, 1, 20, 7]),
    ],
    ids=str,
)  # fmt: skip
async def test_books_are_chosen_and_put_in_order_page_by_page(shop: Shop, wanted: BookFilter, ids: list[int]) -> None:
    run_id = await shop.keep(*SHELF)
    await shop.keep(book(99, "A light of another run", "Poetry", 20.5, rating=5.0))
    found, total = await shop.books.page(run_id, wanted, 10, 0)
    assert ([each.id for each in found], total) == (ids, len(ids))
    pieces = [await shop.books.page(run_id, wanted, 2, offset) for offset in range(0, len(ids), 2)]
    assert [each.id for piece, _ in pieces for each in piece] == ids
    assert {total for _, total in pieces} <= {len(ids)}
    assert await shop.books.page(run_id, wanted, 2, len(ids)) == ([], 0)


async def test_one_book_comes_back_as_it_was_stored(shop: Shop) -> None:
    run_id = await shop.keep(*SHELF)
    for each in SHELF:
        assert await shop.books.page(run_id, BookFilter(), 1, 0, each.id) == ([each], 1)
    assert await shop.books.page(run_id, BookFilter(), 1, 0, 2) == ([], 0)


async def test_a_seed_makes_its_choice_again_and_another_makes_another(shop: Shop) -> None:
    run_id = await shop.keep(*(book(number, f"Book {number}", "Poetry", 1.0) for number in range(1, 61)))

    async def chosen(seed: int, limit: int = 20) -> list[int]:
        return [each.id for each in await shop.books.sample(run_id, seed, limit)]

    one, other = await chosen(1), await chosen(2**53)
    assert one == await chosen(1) and set(one) != set(other)
    assert len(set(one)) == len(one) == 20 and set(await chosen(1, 100)) == set(range(1, 61))
    assert await shop.books.sample(str(uuid4()), 1, 10) == []


async def test_figures_of_everything(shop: Shop) -> None:
    run_id = await shop.keep(*SHELF)
    (all_of_it,) = await shop.books.figures(run_id, grouped=False)
    assert (all_of_it.name, all_of_it.books, all_of_it.in_stock, all_of_it.stock) == ("", 5, 3, 26)
    assert (all_of_it.lowest_price, all_of_it.median_price, all_of_it.highest_price) == (10.0, 20.5, 51.77)
    assert all_of_it.average_price == pytest.approx(fmean(each.data["price"] for each in SHELF))
    assert all_of_it.average_rating == 3.5, "of those that are rated"
    assert all_of_it.ratings == {1: 1, 3: 1, 5: 2}
    assert await shop.books.figures(str(uuid4()), grouped=False) == []


async def test_figures_of_each_category_by_name(shop: Shop) -> None:
    run_id = await shop.keep(*SHELF, book(21, "Unrated", "Unrated", 5.0))
    poetry, art, travel, unrated = await shop.books.figures(run_id, grouped=True)
    assert (poetry.name, poetry.books, poetry.in_stock, poetry.stock) == ("Poetry", 2, 2, 25)
    assert (poetry.average_rating, poetry.ratings) == (3.0, {3: 1})
    assert (art.name, art.books, art.median_price, art.average_price) == ("Sequential Art", 1, 20.5, 20.5)
    assert (travel.name, travel.in_stock, travel.stock, travel.average_rating) == ("Travel", 0, 0, 3.0)
    assert (travel.lowest_price, travel.highest_price, travel.ratings) == (10.0, 33.0, {1: 1, 5: 1})
    assert (unrated.name, unrated.average_rating, unrated.ratings) == ("Unrated", 0, {})
    assert await shop.books.figures(str(uuid4()), grouped=True) == []


@pytest.mark.parametrize(
    ("prices", "median"),
    [
        ([3.0], 3.0),
        ([1.0, 2.0], 1.5),
        ([9.0, 1.0, 2.0], 2.0),
        ([10.0, 1.0, 4.0, 3.0], 3.5),
        ([2.0, 2.0, 2.0, 8.0], 2.0),
    ],
)
async def test_a_median_of_an_even_number_lies_between_the_middle_two(
    shop: Shop, prices: list[float], median: float
) -> None:
    run_id = await shop.keep(*(book(number, "B", "C", price) for number, price in enumerate(prices, 1)))
    for grouped in (False, True):
        (found,) = await shop.books.figures(run_id, grouped=grouped)
        assert found.median_price == median


async def test_features_are_those_of_what_is_stored(shop: Shop) -> None:
    run_id = await shop.keep(*SHELF)
    found, _ = await shop.books.page(run_id, BookFilter(), 10, 0)
    by_id = {each.book_id: each for each in map(features_of, found)}
    assert by_id[7] == Features(book_id=7, category="Poetry", price=51.77, rating=3.0, stock=22.0, title_length=20,
                                title_words=5, description_length=21)  # fmt: skip
    assert by_id[1] == Features(book_id=1, category="Poetry", price=20.5, stock=3.0, title_length=17, title_words=2)
    assert (by_id[3].title_length, by_id[3].title_words, by_id[3].category) == (24, 5, "Travel")


@dataclass
class Readings:
    """Jobs of many owners that read the shop, and what makes one of their runs the catalogue."""

    stores: Stores
    editions: Editions
    name: str

    async def begun(self, of: Opening | None = None, **fields: Any) -> Opening:
        """A run that was opened as the product describes it, of a job of its own or of one that is known."""
        asked = opening(**{"ready_made": self.name, "max_pages": 100} | fields)
        if of is None:
            await self.stores.jobs.create(asked, act())
            return asked
        asked = replace(asked, job_id=of.job_id, owner=of.owner)
        assert isinstance(await self.stores.jobs.start(asked, act(), force=True), Run)
        return asked

    async def read(self, of: Opening, stored: int, *, pages: int = 50, state: str = "completed") -> Opening:
        """What the line does to it."""
        if self.stores.database is None:
            counts = RunCounts(requested=pages, fetched=pages, stored=stored)
            self.stores.jobs.change(of.run_id, state=state, counts=counts)  # type: ignore[attr-defined]
        else:
            await self.stores.database.fetch(
                "update runs set state = %s, requested = %s, fetched = %s, visited = %s, stored = %s where id = %s",
                (state, pages, pages, pages, stored, of.run_id),
            )
        return of

    async def shown(self) -> tuple[str, bool] | None:
        """Which run is the catalogue, and whether it is whole."""
        found = await self.editions.newest()
        return (found.run_id, found.whole) if found else None


@pytest.fixture
async def readings(stores: Stores) -> Readings:
    name = f"ready-{uuid4()}"
    if stores.database is None:
        return Readings(stores, FakeEditions(stores.jobs, name), name)  # type: ignore[arg-type]
    return Readings(stores, PostgresEditions(stores.database, name), name)


async def test_an_owner_has_one_ready_made_job_while_it_is_there(readings: Readings) -> None:
    first, second = await readings.begun(), await readings.begun()
    assert await readings.editions.job_of(first.owner) is None
    await readings.editions.remember(first.owner, first.job_id)
    assert await readings.editions.job_of(first.owner) == first.job_id
    assert await readings.editions.job_of(second.owner) is None
    await readings.editions.remember(first.owner, second.job_id)
    assert await readings.editions.job_of(first.owner) == second.job_id
    await readings.read(second, 0)
    assert await readings.stores.jobs.delete(second.job_id, act()) == "deleted"
    assert await readings.editions.job_of(first.owner) is None


async def test_the_newest_whole_reading_is_the_catalogue(readings: Readings) -> None:
    assert await readings.shown() is None
    first = await readings.read(await readings.begun(), 90)
    assert await readings.shown() == (first.run_id, True)
    second = await readings.begun()
    assert await readings.shown() == (first.run_id, True), "what is under way is no catalogue yet"
    await readings.read(second, 300, state="running")
    assert await readings.shown() == (first.run_id, True)
    await readings.read(second, 8)
    assert await readings.shown() == (second.run_id, True), "the newest, not the fullest"
    await readings.read(await readings.begun(first), 0)
    assert await readings.shown() == (second.run_id, True), "nothing was found in it"
    await readings.read(await readings.begun(first), 70, state="failed")
    await readings.read(await readings.begun(first), 70, state="cancelled")
    assert await readings.shown() == (second.run_id, True)
    third = await readings.read(await readings.begun(first), 70)
    assert await readings.shown() == (third.run_id, True)


async def test_a_reading_that_came_to_its_limit_of_pages_is_a_sample(readings: Readings) -> None:
    whole = await readings.read(await readings.begun(), 90)
    await readings.read(await readings.begun(max_pages=3), 200, pages=3)
    await readings.read(await readings.begun(max_pages=99), 200, pages=99)
    assert await readings.shown() == (whole.run_id, True)
    enough = await readings.read(await readings.begun(max_pages=99), 200, pages=98)
    assert await readings.shown() == (enough.run_id, True)


async def test_a_reading_that_was_stopped_is_a_part(readings: Readings) -> None:
    whole = await readings.read(await readings.begun(), 90)
    stopped = await readings.begun()
    assert await readings.stores.jobs.stop(stopped.job_id, act()) == [stopped.run_id]
    await readings.read(stopped, 200)
    assert await readings.shown() == (whole.run_id, True)


async def test_what_was_not_opened_as_the_product_describes_it_is_no_reading(readings: Readings) -> None:
    for other in (None, f"not {readings.name}"):
        await readings.read(await readings.begun(ready_made=other), 90)
    assert await readings.shown() is None
    ours = await readings.read(await readings.begun(), 1)
    await readings.read(await readings.begun(ours, ready_made=None), 90)
    assert await readings.shown() == (ours.run_id, True)
    again = opening(job_id=ours.job_id, owner=ours.owner, ready_made=readings.name, kind="replay")
    replayed = await readings.stores.jobs.replay(again, PagesWanted(run_id=ours.run_id), act())
    assert isinstance(replayed, Run)
    await readings.read(again, 90, pages=1)
    assert await readings.shown() == (ours.run_id, True)


async def test_readings_whose_records_or_jobs_are_gone_are_none(readings: Readings) -> None:
    first = await readings.read(await readings.begun(), 1)
    second = await readings.read(await readings.begun(), 1)
    third = await readings.read(await readings.begun(), 1)
    assert await readings.shown() == (third.run_id, True)
    assert await readings.stores.jobs.delete(third.job_id, act()) == "deleted"
    assert await readings.shown() == (second.run_id, True)
    assert await readings.stores.history.begin_cleanup(second.run_id, act())
    assert await readings.shown() == (first.run_id, True), "from the moment when its records are to go"


async def test_without_a_whole_reading_the_fullest_part_is_shown_as_one(readings: Readings) -> None:
    under_way = await readings.read(await readings.begun(), 5, state="running")
    assert await readings.shown() == (under_way.run_id, False)
    fuller = await readings.read(await readings.begun(max_pages=20), 18, pages=20)
    await readings.read(await readings.begun(max_pages=3), 2, pages=3)
    assert await readings.shown() == (fuller.run_id, False)
    await readings.read(under_way, 90, state="running")
    assert await readings.shown() == (under_way.run_id, False)
    whole = await readings.read(await readings.begun(), 1)
    assert await readings.shown() == (whole.run_id, True)


def model(name: str, version: str, **fields: Any) -> ModelRow:
    values: dict[str, Any] = {"target": "price", "origin": "outside", "scores": {"mae": 2.5, "r2": -0.1}, "books": 2}
    return ModelRow(name=name, version=version, run_id=str(uuid4()), **values | fields)


async def test_the_newest_versions_of_each_owner_are_kept(readings: Readings) -> None:
    anna, otto = f"anna-{uuid4()}", f"otto-{uuid4()}"
    keep = readings.editions.add_model
    assert await keep(otto, model("mine", "0"), {7: 1.5}, act())
    for number in range(VERSIONS_KEPT + 2):
        assert await keep(anna, model("mine", str(number)), {7: 1.5}, act())
    found, total = await readings.editions.models((anna,), VERSIONS_KEPT + 2, 0)
    assert total == len(found) == VERSIONS_KEPT
    assert (found[0].version, found[-1].version) == (str(VERSIONS_KEPT + 1), "2")
    assert (await readings.editions.models((otto,), 10, 0))[1] == 1, "somebody else's stay"


async def test_a_model_s_version_is_kept_once_with_what_it_said(readings: Readings) -> None:
    anna, otto = f"anna-{uuid4()}", f"otto-{uuid4()}"
    keep, done, refused = readings.editions.add_model, act("model_submitted"), act("model_submitted")
    assert await keep(anna, model("mine", "1"), {7: 1.5, 9: -2.0}, done)
    assert not await keep(anna, model("mine", "1"), {7: 3.0}, refused)
    assert await keep(otto, model("mine", "1", target="rating", origin="trained"), {}, act())
    assert await keep(anna, model("mine", "1", target="rating"), {7: 1.0}, act())
    assert await keep(anna, model("mine", "2"), {7: 1.0}, act())
    if readings.stores.database is not None:
        assert await readings.stores.audited(done.request_id) == ["model_submitted"]
        assert await readings.stores.audited(refused.request_id) == []

    found, total = await readings.editions.models((anna,), 10, 0)
    assert [(each.version, each.target, each.predictions) for each in found] == [
        ("2", "price", 1), ("1", "rating", 1), ("1", "price", 2)]  # fmt: skip
    oldest = found[-1]
    assert (total, oldest.owner, oldest.name, oldest.origin, oldest.books) == (3, anna, "mine", "outside", 2)
    assert oldest.scores == {"mae": 2.5, "r2": -0.1} and oldest.at is not None and found[0].at is not None
    assert oldest.at <= found[0].at
    assert await readings.editions.models((anna,), 1, 1) == ([found[1]], 3)
    assert await readings.editions.models((anna,), 5, 3) == ([], 3)
    both, total = await readings.editions.models((otto, anna), 10, 0)
    assert total == 4 and {each.owner for each in both} == {anna, otto}
    everyone, total = await readings.editions.models(None, 1000, 0)
    assert total >= 4 and {anna, otto} <= {each.owner for each in everyone}
