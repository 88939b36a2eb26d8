"""Where a page is read, by what it could cost at worst."""

from typing import Any

import msgspec
import pytest
import zstandard

from schemas.events import FetchResult
from schemas.job import Extract
from streams.extraction.contents import Contents
from streams.extraction.places import contents_of
from streams.extraction.reading import Reader
from streams.extraction.weight import load_of
from tests.unit.extraction.pages import fetched
from tests.unit.extraction.test_answers import reader


class Noted:
    """Another process, that only says what it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, result: FetchResult, by: Reader) -> Contents:
        self.asked += 1
        return Contents()


def fields(**rules: Any) -> dict[str, Any]:
    return {"extract": {"fields": rules}}


LISTING = {"extract": {"items": "li", "fields": {"name": "b", "price": ".price", "url": {"css": "a", "type": "url"}}}}
PRODUCT = fields(name="article.product h1", price=".offer .price::text", image={"xpath": "//img/@src"})
ITEM = "<li><a href=/x><b>name</b></a><span class=price>1</span></li>"


@pytest.mark.parametrize(
    ("job", "body", "elsewhere"),
    [
        ({}, "<p>text", False),
        ({}, "<p>text" * 30_000, False),
        ({}, "<p>text" * 60_000, True),
        ({}, "<div>" * 100, False),
        ({}, "<div>" * 100 + "x" * 200_000, False),
        ({}, "<div>" * 1000 + "x" * 100_000, False),
        ({}, "<h1>" * 1000 + "x" * 100_000, True),
        ({}, "<H1>" * 1000 + "x" * 100_000, True),
        (PRODUCT, "<div>" * 1000 + "x" * 100_000, True),
        ({"extract": {"auto": True}}, "<p>text", True),
        (PRODUCT, "<div><p>text</p></div>" * 500, False),
        (PRODUCT, "<div><p>text</p></div>" * 5_000, True),
        (LISTING, ITEM * 200, False),
        (LISTING, ITEM * 2500, False),
        (fields(**{f"f{number}": "a" for number in range(200)}), "<a>" * 400, False),
        (fields(**{f"f{number}": "a" for number in range(200)}), "<a>" * 5000, True),
        ({"extract": {"items": "a", "fields": {f"f{number}": "b" for number in range(200)}}}, "<a>" * 5000, True),
        (fields(first="li:first-child"), ITEM * 500, False),
        (fields(first="li:first-child"), ITEM * 5000, True),
        (fields(after="h2 + p"), "<p>", True),
        (fields(after={"xpath": "//p[count(//p) > 1]"}), "<p>", True),
    ],
)
async def test_what_could_take_long_is_read_elsewhere(job: dict[str, Any], body: str, elsewhere: bool) -> None:
    there = Noted()
    await contents_of(fetched(body), reader(**job), there)
    assert there.asked == elsewhere


async def test_a_page_that_does_not_say_its_size_is_read_elsewhere() -> None:
    there = Noted()
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(b"<p>x")
    await contents_of(msgspec.structs.replace(fetched(""), body=frame), reader(), there)
    assert there.asked == 1


@pytest.mark.parametrize(
    "rule",
    [
        {"css": "li + li"}, {"css": "li~li"}, {"css": "li:has(a)"}, {"css": "p:not(:first-child)"},
        {"css": "a[title='+'] + b"}, {"xpath": "//p/following::a"}, {"xpath": "//a[//b]"}, {"xpath": "count(//a)"},
        {"xpath": "(//p)[1]"}, {"xpath": "//p[count(a) = 1]"}, {"xpath": "//p[a]/preceding-sibling::p"},
    ],
)  # fmt: skip
def test_rules_for_whose_time_nobody_can_vouch(rule: dict[str, str]) -> None:
    assert load_of(Extract.model_validate({"fields": {"type": rule}})).unbounded


@pytest.mark.parametrize(
    ("rule", "squares", "descents"),
    [
        ({"css": "h1.title > b::text"}, 0, 0), ({"css": "a[href='a + b ~ c d']::attr(href)"}, 0, 0),
        ({"css": "p:not(.x)"}, 0, 0), ({"css": "h1, h2 , h3"}, 0, 0), ({"css": "p ::text"}, 0, 0),
        ({"css": "li:nth-child(2n + 1)"}, 1, 0), ({"css": "div p:last-of-type"}, 1, 1), ({"css": "div p"}, 0, 1),
        ({"xpath": "//a[@class='x + y']/@href | //b"}, 0, 0), ({"xpath": ".//li[3]/a[contains(@href, 'x')]"}, 0, 0),
        ({"xpath": "//div//p"}, 0, 1), ({"xpath": "//p[normalize-space() = 'x']/text()"}, 0, 0),
    ],
)  # fmt: skip
def test_rules_that_can_be_reckoned_with(rule: dict[str, str], squares: int, descents: int) -> None:
    load = load_of(Extract.model_validate({"fields": {"default": {**rule, "default": "li + li"}}}))
    assert (load.unbounded, load.squares, load.descents) == (False, squares, descents)
