"""Listing pages as shops serve them: sixty products a page, of which the count and the sum of prices are known."""

import random
from dataclasses import dataclass

import zstandard

from schemas.job import JobDescription

ITEMS, PAGES = 60, 24
"""Products on one page; pages that take turns."""

_WORDS = ["oak", "brass", "linen", "slate", "amber", "birch", "copper", "wool", "cedar", "pewter", "marble", "walnut"]

_CARD = """
      <li class="grid__cell">
        <article class="product card" data-id="{place}" itemscope itemtype="https://schema.org/Product">
          <a class="card__picture" href="/product/{place}-{slug}"><img src="/img/s/{place}.jpg"
            srcset="/img/s/{place}.jpg 200w, /img/l/{place}.jpg 800w" alt="{name}" loading="lazy" width="200"></a>
          <div class="card__text">
            <h3 class="title"><a href="/product/{place}-{slug}" title="{name}">{name}</a></h3>
            <p class="teaser">Made of {slug} by hand, <em>in small numbers</em>, and sent within two days.</p>
            <p class="stars" aria-label="rating"><span class="rating">{rating}</span> of 5 <small>({votes})</small></p>
            <div class="offer"><del>£{before}</del> <span class="price">£{price}</span>
              <span class="stock stock--in">In stock</span></div>
            <form class="buy" action="/cart" method="post"><input type="hidden" name="sku" value="sku-{place}">
              <button type="submit" class="button button--small">Add to basket</button></form>
          </div>
        </article>
      </li>"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Everything for the house, page {number}</title>
<link rel="stylesheet" href="/static/shop.css"><script>window.shop = {{"page": {number}}};</script></head>
<body><header class="top"><a href="/">Larkfield</a><nav><ul>{menu}</ul></nav></header>
<main><h1>Everything for the house</h1><ol class="grid">{cards}
</ol><nav class="pages"><a rel="prev" href="?page={before}">Back</a> <a rel="next" href="?page={after}">On</a></nav>
</main>
<footer><p>Prices include tax. Sent from one place.</p></footer></body></html>"""


@dataclass(frozen=True)
class Shelf:
    """One page: what a host sends, compressed as fetchers keep it."""

    body: bytes
    cents: int
    size: int


def shelves() -> list[Shelf]:
    """The pages, the same each time."""
    dice = random.Random(17)
    return [_shelf(number, dice) for number in range(PAGES)]


def job(host: str, dataset: str) -> JobDescription:
    """Seven fields of each product."""
    return JobDescription.model_validate(
        {
            "urls": [f"http://{host}/"],
            "dataset": dataset,
            "extract": {
                "items": "article.product",
                "fields": {
                    "sku": {"css": "input[name=sku]::attr(value)", "required": True},
                    "name": "h3.title",
                    "price": {"css": ".price::text", "type": "price"},
                    "rating": {"css": ".rating::text", "type": "number"},
                    "stock": ".stock",
                    "url": {"css": "h3 a", "type": "url"},
                    "image": {"css": "img", "type": "image"},
                },
                "key": "sku",
            },
        }
    )


def _shelf(number: int, dice: random.Random) -> Shelf:
    prices = [2000 + place * 10 + dice.randrange(100) for place in range(ITEMS)]
    cards = []
    for place, cents in enumerate(prices):
        name = f"{dice.choice(_WORDS)} {dice.choice(_WORDS)} no. {place}"
        cards.append(
            _CARD.format(
                place=place,
                slug=name.split()[0],
                name=name.capitalize(),
                price=f"{cents // 100}.{cents % 100:02}",
                before=f"{cents // 80}.00",
                rating=f"{1 + dice.random() * 4:.1f}",
                votes=dice.randrange(900),
            )
        )
    menu = "".join(f'<li><a href="/c/{word}">{word.capitalize()}</a></li>' for word in _WORDS)
    page = _PAGE.format(number=number, before=number - 1, after=number + 1, menu=menu, cards="".join(cards)).encode()
    return Shelf(zstandard.compress(page), sum(prices), len(page))
