"""Records of listing pages, found by what repeats."""

import os
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from demo.catalogue import catalogue
from demo.pages import deals_page, render
from schemas.job import JobDescription
from streams.cleaning.cleaner import clean
from streams.extraction.batches import batches_of, clean_rules
from streams.extraction.document import read
from streams.extraction.listing import listed
from streams.extraction.rules import Rules
from tests.unit.extraction.pages import ADDRESS, fetched, page

SEED, SITE = 7, "http://shop.example"
BOOKS = Path(os.environ.get("TRAWL_TEST_BOOKS", "no such folder"))


def found(body: bytes | str, url: str = ADDRESS) -> list[dict[str, Any]]:
    job = JobDescription.model_validate({"url": url, "extract": {"auto": "list"}})
    visit = fetched(body, url=url)
    raw = Rules(job.extract).extract(read(visit))
    batches = batches_of(visit, raw, clean_rules(job), "job", "data").batches
    return [record.data for batch in batches for record in clean(batch).batch.records]


def test_every_shelf_of_the_shop_gives_its_products_and_no_other_thing() -> None:
    products = {product.path: product for product in catalogue(SEED).products}
    shelves = 0
    for path, shown in list(render(SEED).items())[:400]:
        if not path.startswith("/category/"):
            continue
        cards = re.findall(r'<li class="card".*?<a href="([^"]+)"', shown.body.decode(), re.DOTALL)
        if len(cards) < 5:
            continue
        shelves += 1
        records = found(shown.body, SITE + path)
        assert [record["link"] for record in records] == [SITE + card for card in cards]
        for record, card in zip(records, cards, strict=True):
            product = products[card]
            assert (record["title"], record["price"], record["price_currency"]) == (
                product.name,
                float(product.price),
                "£",
            )
            assert record["image"] == SITE + product.image
    assert shelves > 10


def test_a_hundred_offers_with_old_prices_beside_the_new() -> None:
    records = found(deals_page(SEED, 3).body)
    assert len(records) == 100
    assert all(record["price"] < 2000 and record["price_currency"] == "£" for record in records)


@pytest.mark.skipif(
    not BOOKS.is_dir(), reason="the pages of books.toscrape.com are not here; TRAWL_TEST_BOOKS names their folder"
)
def test_the_twenty_books_of_each_page() -> None:
    listings = [BOOKS / "index.html", *sorted(BOOKS.glob("catalogue/page-*.html"))]
    for path in listings[::7]:
        body = path.read_bytes()
        expected = re.findall(rb'<h3>\s*<a href="([^"]+)" title="', body)
        records = listed(page(body))
        assert [record["link"].encode() for record in records] == expected
        assert len(records) == 20
        assert all(record["price"].startswith("£") and record["image"] for record in records)
        titles = re.findall(rb'<h3>\s*<a href="[^"]+" title="([^"]+)"', body)
        assert [record["title"] for record in records] == [unescape(title.decode()) for title in titles]


MENU = "<div id=menu><ul>" + "".join(f"<li><a href=/c/{n}>Category {n}</a>" for n in range(40)) + "</ul></div>"


def cards(count: int, rows: int = 100) -> str:
    card = "<div class='card c{n}'><a href=/p/{n}><h3>Thing {n}</h3></a><p>A thing that is good for all.</p></div>"
    made = [card.format(n=n) for n in range(count)]
    return "".join(f"<div class=row>{''.join(made[at : at + rows])}</div>" for at in range(0, count, rows))


def test_a_long_menu_is_not_the_list() -> None:
    assert [record["link"] for record in listed(page(MENU + cards(6)))] == [f"/p/{n}" for n in range(6)]


def test_what_has_prices_is_the_list_before_what_has_more_entries() -> None:
    offers = "".join(f"<p class=o><a href=/o/{n}>Offer {n}</a> £{n}.50</p>" for n in range(6))
    records = listed(page(MENU.replace("Category", "A category of many words in this shop") + offers))
    assert [record["price"] for record in records] == [f"£{n}.50" for n in range(6)]


def test_items_in_rows_are_one_list() -> None:
    assert len(listed(page(cards(12, rows=3)))) == 12


@pytest.mark.parametrize(
    "body",
    [
        "",
        cards(4),
        "<p>word</p>" * 50,
        "<nav>" + MENU + cards(9) + "</nav>",
        "<ul>" + "<li><a href='#top'>Up</a>" * 9 + "</ul>",
    ],
)
def test_where_nothing_repeats_there_is_nothing(body: str) -> None:
    assert listed(page(body)) == []


def test_base_href_is_applied() -> None:
    assert found("<base href=/x/>" + cards(5).replace("=/p/", "=p/"))[0]["link"] == "http://shop.example/x/p/0"
