"""How a page is made from a template: the environment, its filters and what the result carries."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from demo.catalogue import Product
from demo.vocabulary import departments

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What is sent for one path."""

    body: bytes
    content_type: str = HTML
    status: int = 200


def page_path(path: str, number: int) -> str:
    """Path of one page of a list: the first page has no query, so that it has one address only."""
    return path if number == 1 else f"{path}?page={number}"


def pounds(amount: Decimal) -> str:
    """A price as the shop writes it: £1,234.50."""
    return f"£{amount:,.2f}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("demo"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["pounds"] = pounds
    environment.filters["page"] = page_path
    environment.filters["day"] = _day
    environment.filters["upper_first"] = lambda text: text[:1].upper() + text[1:]
    environment.globals["menu"] = departments()
    return environment


def render_template(template: str, path: str, title: str, summary: str, here: str = "", **values: Any) -> bytes:
    """A page of the shop: `here` is the department whose entry in the menu is marked, `values` go to the template."""
    shown = _templates().get_template(template)
    return shown.render(path=path, title=title, summary=summary, here=here, **values).encode()


def linked_data(product: Product) -> str:
    """The product as JSON-LD (schema.org Product), safe inside a script element."""
    offer = {
        "@type": "Offer",
        "price": str(product.price),
        "priceCurrency": product.currency,
        "availability": f"https://schema.org/{'InStock' if product.stock else 'OutOfStock'}",
        "url": product.path,
    }
    document = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "sku": product.sku,
        "brand": {"@type": "Brand", "name": product.brand.name},
        "category": product.category.name,
        "description": product.description,
        "image": product.image,
        "releaseDate": product.added.isoformat(),
        "aggregateRating": {"@type": "AggregateRating", "ratingValue": product.rating, "ratingCount": product.ratings},
        "offers": offer,
    }
    return json.dumps(document, ensure_ascii=False).replace("</", "<\\/")
