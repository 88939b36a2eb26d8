"""The shop's pages: every one rendered once from the seed, but for the deals page, which is new at each visit."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from demo.catalogue import PER_PAGE, Catalogue, Product, catalogue
from demo.draw import Draw
from demo.markup import Page, linked_data, page_path, render_template
from demo.news import PER_PAGE as NEWS_PER_PAGE
from demo.news import articles
from demo.prices import deals, price_at
from demo.vocabulary import Category, Department

_RELATED = 6


@cache
def plain_pages() -> tuple[dict[str, Any], ...]:
    """The pages that are only text: path, title, paragraphs, link, and `hidden` where robots.txt keeps crawlers out."""
    return tuple(tomllib.loads(resources.files("demo").joinpath("words", "plain.toml").read_text("utf-8"))["page"])


def _home(shop: Catalogue) -> bytes:
    dear = Draw(shop.seed, "hero").some([shelf[0] for shelf in shop.shelves.values()], 9)
    newest = sorted(shop.products, key=lambda product: (product.added, product.sku), reverse=True)[:10]
    return render_template(
        "home.html", "/", "Good things, plainly made", "A general store of a thousand well-made things.",
        hero=dear, newest=newest, latest=articles(shop.seed)[:3],
    )  # fmt: skip


def _department(shop: Catalogue, department: Department) -> bytes:
    everything = [product for category in department.categories for product in shop.shelves[category.slug]]
    loved = sorted(everything, key=lambda product: (-product.rating, -product.ratings, product.sku))[:5]
    counts = {category.slug: len(shop.shelves[category.slug]) for category in department.categories}
    return render_template(
        "department.html", department.path, department.name, department.blurb, department.slug,
        department=department, counts=counts, loved=loved,
    )  # fmt: skip


def _category(shop: Catalogue, department: Department, category: Category, number: int) -> bytes:
    shelf = shop.shelves[category.slug]
    first = (number - 1) * PER_PAGE
    return render_template(
        "category.html", page_path(category.path, number), category.name, category.blurb, department.slug,
        department=department, category=category, page=number, pages=shop.pages(category),
        products=shelf[first : first + PER_PAGE], first=first + 1, total=len(shelf),
    )  # fmt: skip


def _product(shop: Catalogue, department: Department, product: Product) -> bytes:
    shelf = [other for other in shop.shelves[product.category.slug] if other.sku != product.sku]
    related = Draw(shop.seed, "related", product.sku).some(shelf, _RELATED)
    return render_template(
        "product.html", product.path, product.name, product.description.split(". ")[0] + ".", department.slug,
        department=department, product=product, related=related, linked_data=linked_data(product),
    )  # fmt: skip


def _shelves(shop: Catalogue) -> Iterator[tuple[str, bytes]]:
    for department in shop.departments:
        yield department.path, _department(shop, department)
        for category in department.categories:
            for number in range(1, shop.pages(category) + 1):
                yield page_path(category.path, number), _category(shop, department, category, number)
            for product in shop.shelves[category.slug]:
                yield product.path, _product(shop, department, product)


def _news(seed: int) -> Iterator[tuple[str, bytes]]:
    written = articles(seed)
    pages = -(-len(written) // NEWS_PER_PAGE)
    for number in range(1, pages + 1):
        path = page_path("/news", number)
        shown = written[(number - 1) * NEWS_PER_PAGE : number * NEWS_PER_PAGE]
        yield (
            path,
            render_template("news.html", path, "News", "News from the shop.", articles=shown, page=number, pages=pages),
        )
    for place, article in enumerate(written):
        newer = written[place - 1] if place else None
        older = written[place + 1] if place + 1 < len(written) else None
        body = render_template(
            "article.html", article.path, article.title, article.standfirst, article=article, newer=newer, older=older
        )
        yield article.path, body


@lru_cache(maxsize=2)
def render(seed: int) -> Mapping[str, Page]:
    """Every page that stays the same, by path: about a second's work, done once before the first request."""
    shop = catalogue(seed)
    pages = {"/": Page(_home(shop))}
    pages.update((path, Page(body)) for path, body in _shelves(shop))
    pages.update((path, Page(body)) for path, body in _news(seed))
    for plain in plain_pages():
        text = {"paragraphs": plain["paragraphs"], "link": plain["link"]}
        body = render_template("plain.html", plain["path"], plain["title"], plain["paragraphs"][0], **text)
        pages[plain["path"]] = Page(body)
    return pages


def not_found(path: str) -> Page:
    """The page for a path that is not in the shop; a proper 404, not a soft one."""
    words = ("The page has moved, sold out for good, or never was.", "The shelves are where they always were.")
    link = ("Back to the shop", "/")
    body = render_template("plain.html", path, "We looked everywhere", words[0], paragraphs=words, link=link)
    return Page(body, status=404)


def deals_page(seed: int, visit: int) -> Page:
    """The deals page as it is at one visit: a hundred offers with sku, name, price and address."""
    offers = [(product, price_at(seed, product.sku, visit)) for product in deals(seed)]
    summary = "A hundred prices that move."
    return Page(render_template("deals.html", "/deals", "Deals of the moment", summary, offers=offers, visit=visit))
