"""The ways to find a value beside selectors: patterns, JSON, structured data, alternatives, fields within fields."""

from typing import Any

import pytest

from schemas.job import Extract
from streams.extraction import patterns
from streams.extraction.errors import RuleError
from streams.extraction.rules import Rules, check
from tests.unit.extraction.pages import ADDRESS, page

PAGE = """<html><head>
<meta property="og:title" content="Lamp, the"><meta property="og:image" content="/og.png"><meta name="twitter:card" content="big">
<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
  {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "name": "Home"}]},
  {"@type": ["Product", "Thing"], "name": "Lamp", "brand": {"@type": "Brand", "name": "Brass & Co"}, "image": [{"url": "/a.png"}, "/b.png"],
   "offers": [{"@type": "Offer", "price": 12.5, "priceCurrency": "EUR", "availability": "http://schema.org/OutOfStock"},
              {"@type": "Offer", "price": 9, "priceCurrency": "EUR"}]}]}</script>
<script type="application/ld+json">not json</script>
<script id="__NEXT_DATA__" type="application/json">{"props": {"items": [{"id": 1, "tags": ["a", "b"]}, {"id": 2}], "big": 123456789012345678901234567890}}</script>
<script>window.__STATE__ = {"cart": {"total": "£7.50"}}; var n = 3; self.x=JSON.parse("{\\"deep\\":{\\"er\\":\\"yes\\"}}"); y = {not: json}</script>
</head><body><h1 data-model='{"model": "X-1"}'>Lamp No. 42 of 99</h1><p class="price">now £1.50, was £2.00</p>
<div itemscope itemtype="https://schema.org/Recipe" itemref="late"><b itemprop="name">Soup</b>
 <div itemprop="nutrition" itemscope itemtype="https://schema.org/NutritionInformation"><i itemprop="calories">240 cal</i></div>
 <a itemprop="tool" href="/pot">pot</a><time itemprop="cookTime" datetime="PT1H">an hour</time></div><p id="late" itemprop="yield">4</p>
<article class="b"><h2>One</h2><p>SKU: A-1</p><a href="/1">go</a></article><article class="b"><h2>Two</h2><p>none</p></article>
</body></html>"""  # fmt: skip # noqa: E501


LIST = {"type": "list", "css": "a"}


def extract(description: dict[str, Any], body: str = PAGE) -> list[dict[str, Any]]:
    return Rules(Extract.model_validate(description)).extract(page(body))


def value(spec: Any, body: str = PAGE) -> Any:
    records = extract({"fields": {"x": spec}}, body)
    return records[0].get("x") if records else None


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"css": "h1", "regex": r"No\. (\d+)"}, "42"),
        ({"css": "h1", "regex": r"\d+"}, "42"),
        ({"css": "h1", "regex": r"\d+", "type": "list"}, ["42", "99"]),
        ({"css": "h2", "regex": "T.*"}, "Two"),
        ({"xpath": "//h1/@data-model", "regex": "X-[0-9]"}, "X-1"),
        ({"regex": r"was £([\d.]+)"}, "2.00"),
        ({"regex": "nowhere"}, None),
        ({"jsonpath": "$.props.items[*].id", "type": "list"}, [1, 2]),
        ({"jsonpath": "$.props.items[0].tags", "type": "list"}, ["a", "b"]),
        ({"jsonpath": "$.props.items[?@.id > 1].id"}, 2),
        ({"jsonpath": "$..total"}, "£7.50"),
        ({"jsonpath": "$.deep.er"}, "yes"),
        ({"jsonpath": "$.props.big"}, 1.2345678901234568e29),
        ({"jsonpath": "$.cart.total", "regex": r"[\d.]+"}, "7.50"),
        ({"css": "h1::attr(data-model)", "jsonpath": "$.model"}, "X-1"),
        ({"css": "#__NEXT_DATA__", "jsonpath": "$.props.items[1].id"}, 2),
        ({"css": "#__NEXT_DATA__", "jsonpath": "$.cart"}, None),
        ({"jsonpath": "$.props.items[0]", "type": "object"}, {"id": 1, "tags": ["a", "b"]}),
        ({"json_ld": "Product.name"}, "Lamp"),
        ({"json_ld": "name"}, "Lamp"),
        ({"json_ld": "ListItem.name"}, "Home"),
        ({"json_ld": "Product.brand"}, "Brass & Co"),
        ({"json_ld": "Product.image", "type": "image"}, "/a.png"),
        ({"json_ld": "Product.offers.price"}, 12.5),
        ({"json_ld": "Product.offers", "type": "price"}, "12.5 EUR"),
        ({"json_ld": "Offer.price", "type": "list"}, [12.5, 9]),
        ({"json_ld": "Person.name"}, None),
        ({"microdata": "Recipe.name"}, "Soup"),
        ({"microdata": "nutrition.calories"}, "240 cal"),
        ({"microdata": "NutritionInformation.calories"}, "240 cal"),
        ({"microdata": "tool"}, "http://shop.example/pot"),
        ({"microdata": "cookTime"}, "PT1H"),
        ({"microdata": "yield"}, "4"),
        ({"opengraph": "og:title"}, "Lamp, the"),
        ({"opengraph": "title"}, "Lamp, the"),
        ({"opengraph": "twitter:card"}, "big"),
        ([".nothing", {"json_ld": "Nobody.name"}, {"css": "h1", "regex": "Lamp"}, "h2"], "Lamp"),
        ({"any_of": [".nothing", "h2"], "type": "list"}, ["One", "Two"]),
        ([".nothing"], None),
        ({"css": "article", "type": "object", "fields": {"t": "h2", "u": {"css": "a", "type": "url"}}},
         {"t": "One", "u": "/1"}),
        ({"css": "article", "type": "list", "fields": {"t": "h2"}}, [{"t": "One"}, {"t": "Two"}]),
        ({"css": "article", "type": "list",
          "fields": {"a": {"css": "a", "type": "object", "fields": {"t": "*, ::text"}}}},
         [{"a": {"t": "go"}}]),
        ({"json_ld": "Product.offers", "type": "list",
          "fields": {"p": {"jsonpath": "$.price"}, "c": {"json_ld": "priceCurrency"}}},
         [{"p": 12.5, "c": "EUR"}, {"p": 9, "c": "EUR"}]),
        ({"any_of": [{"css": ".none"}, {"jsonpath": "$.props.items"}], "type": "list",
          "fields": {"i": {"jsonpath": "$.id"}}}, [{"i": 1}, {"i": 2}]),
    ],
)  # fmt: skip
def test_each_way_finds_what_it_names(spec: Any, found: Any) -> None:
    assert value(spec) == found


def test_within_items_patterns_and_microdata_keep_to_the_item_and_page_data_is_the_same_for_all() -> None:
    fields = {
        "sku": {"regex": r"SKU: (\S+)"},
        "brand": {"json_ld": "Product.brand"},
        "total": {"jsonpath": "$.cart.total"},
    }
    assert extract({"items": "article", "fields": fields}) == [
        {"url": ADDRESS, "sku": "A-1", "brand": "Brass & Co", "total": "£7.50"},
        {"url": ADDRESS, "brand": "Brass & Co", "total": "£7.50"},
    ]
    body = "<ul><li itemscope><b itemprop=n>1</b><li itemscope><b itemprop=n>2</b></ul>"
    assert extract({"items": "li", "fields": {"n": {"microdata": "n"}}}, body) == [
        {"url": ADDRESS, "n": "1"},
        {"url": ADDRESS, "n": "2"},
    ]


@pytest.mark.parametrize("path", ["$.props.items[*]", "$.props.items"])
def test_items_of_json(path: str) -> None:
    fields = {"id": {"jsonpath": "$.id"}, "tags": {"jsonpath": "$.tags[*]", "type": "list"}}
    assert extract({"items_jsonpath": path, "fields": fields}) == [
        {"url": ADDRESS, "id": 1, "tags": ["a", "b"]},
        {"url": ADDRESS, "id": 2},
    ]
    assert extract({"items_jsonpath": path})[1] == {"url": ADDRESS, "value": {"id": 2}}
    assert extract({"items_jsonpath": "$.nothing"}) == []


@pytest.mark.parametrize(
    ("body", "content_type", "path"),
    [
        ('{"hits": [{"n": "A", "tags": ["x", "y"]}, {"n": "\\ud800B"}]}', "application/json", "$.hits"),
        ('[{"n": "A", "tags": ["x", "y"]}, {"n": "\\ud800B"}]', "application/vnd.shop+json", "$[*]"),
    ],
)
def test_responses_that_are_json(body: str, content_type: str, path: str) -> None:
    rules = {"items_jsonpath": path, "fields": {"n": {"jsonpath": "$.n"}, "t": {"json_ld": "tags", "type": "list"}}}
    found = Rules(Extract.model_validate(rules)).extract(page(body, content_type))
    assert found == [{"url": ADDRESS, "n": "A", "t": ["x", "y"]}, {"url": ADDRESS, "n": "\ufffdB"}]
    alone = {
        "fields": {
            "n": {"regex": '"n": "(.)"'},
            "h": "h1",
            "t": {"jsonpath": f"{path}[0].tags" if path == "$.hits" else "$[0].tags", "type": "list"},
        }
    }
    assert Rules(Extract.model_validate(alone)).extract(page(body, content_type)) == [
        {"url": ADDRESS, "n": "A", "t": ["x", "y"]}
    ]


@pytest.mark.parametrize(
    ("spec", "place", "position"),
    [
        ({"css": "a["}, "css", 3),
        ({"css": "p::nope"}, "css", 3),
        ({"css": "div p:nope"}, "css", 6),
        ({"xpath": "//a["}, "xpath", 4),
        ({"xpath": "//a + "}, "xpath", 5),
        ({"xpath": "//p[foo(.)]"}, "xpath", 5),
        ({"xpath": "//p[x = $id]"}, "xpath", 9),
        ({"xpath": "//media:price"}, "xpath", 3),
        ({"jsonpath": "$.a["}, "jsonpath", 5),
        ({"jsonpath": "props.items"}, "jsonpath", 1),
        ({"jsonpath": "$.a[?nope(@)]"}, "jsonpath", 6),
        ({"json_ld": "Product..price"}, "json_ld", 9),
        ({"any_of": ["h1", {"css": "b["}]}, "any_of[1].css", 3),
        ({"css": "p", "type": "list", "fields": {"y": "a["}}, "fields.y.css", 3),
    ],
)
def test_a_bad_rule_is_named_with_its_place_and_position(spec: Any, place: str, position: int) -> None:
    [problem] = check(Extract.model_validate({"fields": {"good": "h1", "bad": spec}}))
    assert problem.place == f"fields.bad.{place}"
    assert f"at character {position}" in problem.reason


@pytest.mark.parametrize(
    "spec",
    [
        {"css": "h1", "xpath": "//h1"},
        {"css": "h1", "any_of": ["h2"]},
        {"json_ld": "a", "jsonpath": "$"},
        {"css": "h1", "fields": {"a": "b"}},
        {"regex": "(a"},
        {"fields": {"b": {"fields": {"c": {"fields": {"d": {"fields": {"e": "e"}, **LIST}}, **LIST}}, **LIST}}, **LIST},
    ],
)  # fmt: skip
def test_contradictions_are_refused_when_the_job_is_described(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="x"):
        Extract.model_validate({"fields": {"x": spec}})


def test_what_makes_no_sense_within_json_is_refused_when_the_job_is_made() -> None:
    description = {"items_jsonpath": "$.a", "fields": {"good": {"jsonpath": "$.b"}, "bad": "h1"}}
    assert [problem.place for problem in check(Extract.model_validate(description))] == ["fields.bad.css"]
    nested = {"json_ld": "Product", "type": "object", "fields": {"bad": {"microdata": "name"}}}
    assert [p.place for p in check(Extract(fields={"f": nested}))] == ["fields.f.fields.bad.microdata"]


def test_strings_of_json_are_values_and_not_documents() -> None:
    body = "<script type=application/json>" + '{"a": ["no json", "{\\"b\\": 1}"]}</script>'
    fields = {"whole": {"jsonpath": "$"}, "b": {"jsonpath": "$.b"}}
    assert extract({"items_jsonpath": "$.a[*]", "fields": fields}, body) == [
        {"url": ADDRESS, "whole": "no json"},
        {"url": ADDRESS, "whole": '{"b": 1}'},
    ]
    assert value({"jsonpath": "$.b"}, "<script>a = JSON.stringify({}); b = '{}'</script>") is None


def test_halves_of_characters_in_scripts_are_replaced() -> None:
    body = '<script>x = {"a": "\\ud800B", "b": {"c\\udc00": ["\\ud800"]}}</script>'
    assert value({"jsonpath": "$.a"}, body) == "\ufffdB"
    assert value({"jsonpath": "$.b", "type": "object"}, body) == {"c\ufffd": ["\ufffd"]}


def test_a_pattern_that_never_ends_fails_the_page_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "PATTERN_SECONDS", 0.01)
    with pytest.raises(RuleError, match=r"fields\.x\.regex: took longer"):
        value({"css": "p", "regex": "(a|aa)+$"}, f"<p>{'a' * 60}b")


@pytest.mark.parametrize(
    "body",
    [
        "<script type=application/json>" + "[" * 100_000 + "</script>",
        "<script>x = " + '{"a":' * 100_000 + "</script>",
        "<script>" + "a={" * 100_000 + "</script>",
        "<script type=application/ld+json>" + '{"@graph":[' * 500 + "]}" * 500 + "</script>",
        "<p itemscope id=a itemref='b c d'><p itemscope itemprop=x id=b itemref='a c d'>"
        "<p itemscope itemprop=x id=c itemref='a b d'><p itemscope itemprop=x id=d itemref='a b c'>",
        "<div itemscope itemprop=a>" * 1500,
    ],
)
def test_traps_are_harmless(body: str) -> None:
    fields = {"a": {"jsonpath": "$..a.b"}, "b": {"json_ld": "Product.name"}, "c": {"microdata": "Thing.x.y"}}
    assert extract({"fields": fields}, body) == []


def test_json_nested_too_deeply_for_a_path_is_an_error_that_says_so() -> None:
    body = "<script type=application/json>" + '{"a":' * 300 + "1" + "}" * 300 + "</script>"
    with pytest.raises(RuleError, match=r"fields\.x\.jsonpath|200 levels"):
        value({"jsonpath": "$..b"}, body)
    assert value({"jsonpath": "$.a.a", "type": "object"}, body) is not None
