"""Pages say what the truth says: read with a parser, field by field."""

import json
from collections.abc import Mapping
from decimal import Decimal

import pytest
from parsel import Selector

from demo.catalogue import PER_PAGE, Product, catalogue
from demo.markup import Page, page_path, pounds
from demo.news import articles
from demo.pages import deals_page, not_found
from demo.prices import deals, price_at
from demo.truth import products


def _read(page: Page) -> Selector:
    return Selector(page.body.decode())


def _text(root: Selector, css: str) -> str:
    return (root.css(css).xpath("normalize-space()").get() or "").strip()


def _assert_microdata(root: Selector, product: Product) -> None:
    assert _text(root, "h1[itemprop=name]") == product.name
    assert _text(root, "[itemprop=brand]") == product.brand.name
    assert _text(root, "dd.sku") == product.sku
    assert _text(root, ".offer .price") == pounds(product.price)
    assert root.css("[itemprop=price]::attr(content)").get() == str(product.price)
    assert root.css("[itemprop=priceCurrency]::attr(content)").get() == "GBP"
    assert _text(root, "[itemprop=ratingValue]") == str(product.rating)
    assert _text(root, "[itemprop=ratingCount]") == str(product.ratings)
    assert _text(root, "p.description") == product.description
    assert root.css("[itemprop=releaseDate]::attr(datetime)").get() == product.added.isoformat()
    assert _text(root, ".stock") == (f"{product.stock} in stock" if product.stock else "Sold out")


def _assert_linked_data(root: Selector, product: Product) -> None:
    data = json.loads(root.css("script[type='application/ld+json']::text").get() or "")
    assert data["@type"] == "Product"
    assert (data["sku"], data["name"], data["brand"]["name"]) == (product.sku, product.name, product.brand.name)
    assert Decimal(data["offers"]["price"]) == product.price
    assert data["offers"]["url"] == product.path
    assert data["description"] == product.description


def test_every_product_page_says_what_the_catalogue_says(seed: int, pages: Mapping[str, Page]) -> None:
    for path, product in products(seed).items():
        root = _read(pages[path])
        _assert_microdata(root, product)
        _assert_linked_data(root, product)
        trail = root.css(".trail a::attr(href)").getall()
        assert trail == ["/", f"/department/{product.category.department}", product.category.path]
        related = root.css(".related .card::attr(data-sku)").getall()
        assert product.sku not in related
        assert len(related) == min(6, len(catalogue(seed).shelves[product.category.slug]) - 1)


def test_a_category_shows_its_whole_shelf_over_its_pages(seed: int, pages: Mapping[str, Page]) -> None:
    for shelf in catalogue(seed).shelves.values():
        path: str | None = shelf[0].category.path
        seen: list[tuple[str, str]] = []
        while path is not None:
            root = _read(pages[path])
            cards = root.css("main > .grid > .card")
            assert len(cards) <= PER_PAGE
            seen += [(card.attrib["data-sku"], _text(card, ".price")) for card in cards]
            path = root.css(".pager a[rel=next]::attr(href)").get()
        assert seen == [(product.sku, pounds(product.price)) for product in shelf]


def test_news_pages_list_every_article_once_newest_first(seed: int, pages: Mapping[str, Page]) -> None:
    listed = [
        path
        for number in (1, 2, 3)
        for path in _read(pages[page_path("/news", number)]).css(".teaser h3 a::attr(href)").getall()
    ]
    assert listed == [article.path for article in articles(seed)]
    assert len(set(listed)) == 30


def test_an_article_says_who_when_and_what(seed: int, pages: Mapping[str, Page]) -> None:
    for article in articles(seed):
        root = _read(pages[article.path])
        assert _text(root, "h1[itemprop=headline]") == article.title
        assert _text(root, "[itemprop=author]") == article.author
        assert root.css("[itemprop=datePublished]::attr(datetime)").get() == article.published.isoformat()
        assert root.css("[itemprop=articleBody] p::text").getall() == list(article.paragraphs)
        assert "{" not in " ".join(article.paragraphs)
        assert root.css(".related .card::attr(data-sku)").getall() == [product.sku for product in article.products]


@pytest.mark.parametrize("visit", [1, 61, 120])
def test_the_deals_page_is_a_repeated_list_with_the_prices_of_its_visit(seed: int, visit: int) -> None:
    root = _read(deals_page(seed, visit))
    rows = [
        (
            _text(item, ".sku"),
            _text(item, ".name"),
            _text(item, ".price"),
            item.css("a.link::attr(href)").get(),
            item.attrib["data-visit"],
        )
        for item in root.css("ul.deals > li.deal")
    ]
    assert rows == [
        (product.sku, product.name, pounds(price_at(seed, product.sku, visit)), product.path, str(visit))
        for product in deals(seed)
    ]


def test_the_page_for_a_wrong_address_escapes_what_was_asked() -> None:
    page = not_found('/"><script>alert(1)</script>')
    assert page.status == 404
    assert b"<script>alert" not in page.body


def test_every_page_has_a_title_a_language_and_one_heading(pages: Mapping[str, Page]) -> None:
    for path, page in pages.items():
        root = _read(page)
        assert root.css("html::attr(lang)").get() == "en-GB", path
        assert len(root.css("h1")) == 1, path
        assert root.css("title::text").get(default="").endswith(" · Larkfield & Co."), path
