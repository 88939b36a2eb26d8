"""The two jobs of the demonstration, as anyone would describe them."""

from typing import Any

SHOP = "shop"
DEALS = "deals"
FIELDS = ("sku", "name", "price", "rating", "brand", "added")
"""The fields of a product, in the order in which people want to see them."""


def shop(site: str, suffix: str = "") -> dict[str, Any]:
    """Every page of the shop; a record for each product page."""
    return {
        "url": f"{site}/",
        "name": "The whole shop",
        "dataset": SHOP + suffix,
        "options": {"follow": True, "max_pages": 5000, "delay": 0, "concurrency": 16},
        "extract": {
            "items": "article.product",
            "key": "sku",
            "fields": {
                "sku": {"css": "dd.sku::text", "required": True},
                "name": {"css": "h1::text", "required": True},
                "brand": "[itemprop=brand]::text",
                "price": {"css": ".offer .price::text", "type": "price", "required": True},
                "rating": {"css": "[itemprop=ratingValue]::text", "type": "number"},
                "added": {"css": "time[itemprop=releaseDate]::attr(datetime)", "type": "date"},
            },
        },
    }


def deals(site: str, suffix: str = "") -> dict[str, Any]:
    """The deals page alone, to be run again and again. The visit is text: it counts, it is not a measurement."""
    return {
        "url": f"{site}/deals",
        "name": "Deals, watched",
        "dataset": DEALS + suffix,
        "options": {"delay": 0, "concurrency": 1},
        "extract": {
            "items": ".deal",
            "key": "sku",
            "fields": {
                "sku": {"css": "::attr(data-sku)", "required": True},
                "name": ".name::text",
                "price": {"css": ".price::text", "type": "price", "required": True},
                "visit": "::attr(data-visit)",
            },
        },
    }
