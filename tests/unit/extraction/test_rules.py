"""From a page to raw records, by rules."""

from typing import Any

import pytest

from schemas.job import Extract
from streams.extraction import rules as module
from streams.extraction.errors import RuleError
from streams.extraction.rules import MAX_ITEMS, Rules, check
from tests.unit.extraction.pages import ADDRESS, page

LISTING = """<html><h1>Shelf</h1>
<article class="product sale" data-sku=" A-1 "><h3><a href="/p/1" title="T1">Lamp <b>red</b></a></h3>
  <p class="price">£1,234.50</p><p class="price">£9.99</p><img src="/i/1.png">
  <ul><li>brass<li> <li>glass</ul><p class="note">Now <em>only</em> today</p></article>
<article class="product" data-sku="A-2"><h3><a href="p/2">Chair</a></h3><p class="price"> </p></article>
</html>"""


def extract(description: dict[str, Any], body: str = LISTING, content_type: str = "text/html") -> list[dict[str, Any]]:
    return Rules(Extract.model_validate(description)).extract(page(body, content_type))


def value(selector: dict[str, Any] | str, body: str = LISTING, content_type: str = "text/html") -> Any:
    records = extract({"fields": {"x": selector}}, body, content_type)
    return records[0].get("x") if records else None


def test_a_record_for_each_item_with_the_pages_address() -> None:
    records = extract(
        {
            "items": "article.product",
            "fields": {
                "sku": "::attr(data-sku)",
                "name": "h3 a::text",
                "price": {"css": ".price::text", "type": "price"},
                "link": {"css": "h3 a", "type": "url"},
                "parts": {"css": "li", "type": "list"},
                "stock": {"css": ".stock", "default": "unknown"},
                "shelf": {"xpath": "//h1"},
            },
        }
    )
    assert records == [
        {"url": ADDRESS, "sku": " A-1 ", "name": "Lamp", "price": "£1,234.50", "link": "/p/1",
         "parts": ["brass", "glass"], "stock": "unknown", "shelf": "Shelf"},
        {"url": ADDRESS, "sku": "A-2", "name": "Chair", "link": "p/2", "stock": "unknown", "shelf": "Shelf"},
    ]  # fmt: skip


def test_xpath_items_say_the_same() -> None:
    by_css = extract({"items": "article", "fields": {"n": "h3 a", "p": ".price"}})
    by_xpath = extract({"items_xpath": "//article", "fields": {"n": {"xpath": "h3/a"}, "p": {"xpath": ".//p[1]"}}})
    assert by_css == by_xpath


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("h3 a::text", "Lamp"),
        ("h3 a", "Lamp red"),
        ("h3 ::text", "Lamp red"),
        ("h3 *::text", "Lamp red"),
        (".note::text", "Now today"),
        (".note ::text", "Now only today"),
        ("h3 a::attr(title)", "T1"),
        ("h2::text, h1::text", "Shelf"),
        ("h2, h1", "Shelf"),
        ("img::attr(src), a::attr(href)", "/p/1"),
        ("p:contains('only')", "Now only today"),
        (".nothing", None),
        ({"xpath": "//h3/a"}, "Lamp red"),
        ({"xpath": "//h3/a/text()"}, "Lamp"),
        ({"xpath": "//h3//text()"}, "Lamp red"),
        ({"xpath": "//p[@class='note']/text()"}, "Now today"),
        ({"xpath": "(//p[@class='price'])[2]"}, "£9.99"),
        ({"xpath": "//article/@data-sku"}, " A-1 "),
        ({"xpath": "//h2|//h1"}, "Shelf"),
        ({"xpath": "//*[has-class('sale')]/h3"}, "Lamp red"),
        ({"xpath": "count(//article)"}, "2"),
        ({"xpath": "count(//a) div 4"}, "0.5"),
        ({"xpath": "boolean(//article)"}, "true"),
        ({"xpath": "concat(//h1, '!')"}, "Shelf!"),
        ({"xpath": "number('x')"}, None),
        ({"xpath": "string(//h2)"}, None),
        ({"xpath": "//text()"}, None),
        ({"css": "h3 a", "type": "url"}, "/p/1"),
        ({"css": "img", "type": "url"}, "/i/1.png"),
        ({"css": "h1", "type": "url"}, "Shelf"),
        ({"css": "li", "type": "list"}, ["brass", "glass"]),
        ({"css": "h3 a::attr(href)", "type": "list"}, ["/p/1", "p/2"]),
        ({"css": ".nothing", "type": "list"}, None),
    ],
)  # fmt: skip
def test_selectors_give_the_first_thing_that_is_not_blank(selector: dict[str, Any] | str, found: Any) -> None:
    if selector == {"xpath": "//text()"}:
        assert value(selector).startswith("Shelf Lamp red £1,234.50")
    else:
        assert value(selector) == found


def test_a_blank_match_is_passed_over() -> None:
    assert value(".p", "<div class=p> <i></i></div><div class=p>x</div>") == "x"


def test_base_href_is_applied_because_cleaning_knows_nothing_of_it() -> None:
    body = "<base href='/shop/'><a href='p/1'>x</a><a href='http://[bad'>y</a>"
    assert value({"css": "a", "type": "url"}, body) == "http://shop.example/shop/p/1"
    assert value({"css": "a::attr(href)", "type": "url"}, body) == "http://shop.example/shop/p/1"
    assert value({"css": "a + a", "type": "url"}, body) == "http://[bad"
    assert value("a::attr(href)", body) == "p/1"


def test_a_page_on_which_nothing_is_found_has_no_record() -> None:
    assert extract({"fields": {"sku": ".sku", "kind": {"default": "product"}}}) == []


def test_a_field_named_url_is_not_overwritten() -> None:
    assert extract({"fields": {"url": {"css": "h3 a", "type": "url"}}}) == [{"url": "/p/1"}]


def test_an_item_in_which_nothing_is_found_is_a_record_all_the_same() -> None:
    assert extract({"items": "article", "fields": {"x": ".x"}}) == [{"url": ADDRESS}] * 2


def test_items_without_fields_give_their_text() -> None:
    assert [record["text"] for record in extract({"items": "h3"})] == ["Lamp red", "Chair"]


def test_xml_names_keep_their_case_and_need_no_prefix() -> None:
    feed = """<rss xmlns:dc="urn:dc"><channel><item><title>One</title><link>http://a.example/1</link>
        <pubDate>Tue, 05 Nov 2024 10:00:00 GMT</pubDate><dc:creator>Ann</dc:creator></item></channel></rss>"""
    fields = {"title": "title", "at": "pubDate", "by": "creator", "link": {"css": "link", "type": "url"}}
    assert extract({"items": "item", "fields": fields}, feed, "application/rss+xml") == [
        {"url": ADDRESS, "title": "One", "at": "Tue, 05 Nov 2024 10:00:00 GMT", "by": "Ann",
         "link": "http://a.example/1"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ("a[", "not a CSS selector"),
        ("", None),
        ("p::nope", "pseudo-element"),
        ("p:nope", "pseudo-class"),
        (":not(" * 200, "not a CSS selector"),
        ({"xpath": "//a["}, "cannot be evaluated"),
        ({"xpath": "foo(.)"}, "no function foo()"),
        ({"xpath": "re:test(., 'a+')"}, "no function re:test()"),
        ({"xpath": "document('http://x')"}, "no function document()"),
        ({"xpath": "//media:price"}, "prefix media:"),
        ({"xpath": "//a[@id = $id]"}, "variables"),
        ({"xpath": "//a[. = 'costs $5: see(x)']"}, None),
        ({"xpath": "ancestor-or-self::div/following-sibling::node()[position() < 3]"}, None),
        ({"xpath": "//a[\x00]"}, "xpath"),
        ({"default": 3}, None),
    ],
)
def test_check_names_every_rule_that_cannot_be_used(selector: dict[str, Any] | str, reason: str | None) -> None:
    problems = check(Extract.model_validate({"fields": {"good": "h1", "bad": selector}}))
    if reason is None:
        assert problems == []
    else:
        [problem] = problems
        assert problem.place.startswith("fields.bad.")
        assert reason in str(problem)
        with pytest.raises(RuleError):
            Rules(Extract.model_validate({"fields": {"bad": selector}}))


@pytest.mark.parametrize("items", ["a::text", "a::attr(href)", "a["])
def test_items_must_be_elements(items: str) -> None:
    assert [problem.place for problem in check(Extract.model_validate({"items": items}))] == ["items"]


@pytest.mark.parametrize("items", ["count(//a)", "//a["])
def test_computed_items_are_refused_when_the_job_is_made(items: str) -> None:
    assert [problem.place for problem in check(Extract.model_validate({"items_xpath": items}))] == ["items_xpath"]


def test_items_that_turn_out_to_be_text_are_refused_on_the_page() -> None:
    with pytest.raises(RuleError, match="must select elements"):
        extract({"items_xpath": "//a/@href"})


def test_several_bad_rules_are_all_named() -> None:
    description = {"items": "[", "fields": {"a": "[", "b": "h1", "c": {"xpath": "["}}}
    assert [problem.place for problem in check(Extract.model_validate(description))] == [
        "items",
        "fields.a.css",
        "fields.c.xpath",
    ]


def test_too_many_items_are_cut_and_noted() -> None:
    document = page("<p>x</p>" * (MAX_ITEMS + 1))
    records = Rules(Extract.model_validate({"items": "p"})).extract(document)
    assert len(records) == MAX_ITEMS
    assert document.notes == [f"The page has {MAX_ITEMS + 1} items; {MAX_ITEMS} were read."]


def test_values_that_repeat_the_page_again_and_again_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHARACTERS", 1000)
    nest = "<div>" * 20 + "x" * 100
    for fields in ({"t": "::text"}, {"t": {"css": "div", "type": "list"}}):
        with pytest.raises(RuleError, match="far more text"):
            extract({"items": "div", "fields": fields}, nest)


def test_the_same_page_gives_the_same_records() -> None:
    rules = Rules(
        Extract.model_validate({"items": "article, h3", "fields": {"n": "a", "l": {"css": "*", "type": "list"}}})
    )
    assert rules.extract(page(LISTING)) == rules.extract(page(LISTING))


def test_a_long_union_comes_in_the_order_of_the_page() -> None:
    body = "".join(f"<h2>{number}</h2><p>{number}</p>" for number in range(300))
    texts = [record["text"] for record in extract({"items": "p, h2"}, body)]
    assert texts == [str(number) for number in range(300) for _ in range(2)]
    assert texts == [record["text"] for record in extract({"items_xpath": "//p | //h2 | //p[1]"}, body)]
