"""What a crawl of the shop ought to find: addresses, products, planted events; from the catalogue, not from pages."""

from datetime import date
from functools import lru_cache
from typing import Any

from demo.catalogue import Product, catalogue
from demo.markup import page_path
from demo.news import PER_PAGE as NEWS_PER_PAGE
from demo.news import articles
from demo.pages import plain_pages
from demo.prices import PlantedEvent, base_prices, planted, price_at

# What robots.txt keeps crawlers out of. Basket and search are linked from every page all the same, as in real shops.
DISALLOWED = ("/cart", "/search", "/__")


@lru_cache(maxsize=4)
def urls(seed: int) -> tuple[str, ...]:
    """Path and query of every page that links reach from the home page where robots.txt allows it, home first."""
    shop = catalogue(seed)
    paths = ["/", "/deals", *(plain["path"] for plain in plain_pages() if not plain.get("hidden"))]
    for department in shop.departments:
        paths.append(department.path)
        for category in department.categories:
            paths += [page_path(category.path, number) for number in range(1, shop.pages(category) + 1)]
    paths += [product.path for product in shop.products]
    written = articles(seed)
    paths += [page_path("/news", number) for number in range(1, -(-len(written) // NEWS_PER_PAGE) + 1)]
    paths += [article.path for article in written]
    return tuple(paths)


@lru_cache(maxsize=4)
def products(seed: int) -> dict[str, Product]:
    """Each product by the path of its page."""
    return {product.path: product for product in catalogue(seed).products}


def last_changed(seed: int) -> dict[str, date]:
    """The day each dated page was last changed, by path: products and articles only."""
    days = {product.path: product.added for product in catalogue(seed).products}
    days.update((article.path, article.published) for article in articles(seed))
    return days


def product_row(product: Product) -> dict[str, Any]:
    """A product as plain values: price in pounds, date in ISO form, url as a path."""
    return {
        "sku": product.sku,
        "name": product.name,
        "brand": product.brand.name,
        "category": product.category.name,
        "price": float(product.price),
        "currency": product.currency,
        "rating": product.rating,
        "ratings": product.ratings,
        "stock": product.stock,
        "description": product.description,
        "added": product.added.isoformat(),
        "url": product.path,
    }


def event_row(event: PlantedEvent) -> dict[str, Any]:
    """A planted event as plain values, prices in pounds."""
    return {
        "sku": event.sku,
        "kind": event.kind,
        "visit": event.visit,
        "length": event.length,
        "from_price": float(event.from_price),
        "to_price": float(event.to_price),
    }


def document(seed: int, visits: int) -> dict[str, Any]:
    """The whole truth after `visits` visits of the deals page; `deals` holds the prices of the last one, by SKU."""
    shown = max(visits, 1)
    return {
        "seed": seed,
        "visits": visits,
        "urls": list(urls(seed)),
        "products": [product_row(product) for product in catalogue(seed).products],
        "deals": {sku: float(price_at(seed, sku, shown)) for sku in base_prices(seed)},
        "planted": [event_row(event) for event in planted(seed)],
    }
