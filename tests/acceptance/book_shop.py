"""A shop built like books.toscrape.com, for machines without its pages: the same markup, other books."""

import random
from html import escape
from pathlib import Path

BOOKS = 60
_WORDS = ("One", "Two", "Three", "Four", "Five")
_CATEGORIES = ("Poetry", "Travel", "Mystery", "Sequential Art")
_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title} | Books</title></head>
<body><ul class="breadcrumb">{crumbs}</ul>{content}</body></html>"""
_PRODUCT = """<article class="product_page"><div id="product_gallery"><div class="item active">
<img src="../../media/{number}.jpg" alt=""></div></div><h1>{title}</h1><p class="price_color">£{price:.2f}</p>
<p class="instock availability"><i class="icon-ok"></i> In stock ({stock} available)</p>
<p class="star-rating {stars}"><i class="icon-star"></i></p>
<div id="product_description" class="sub-header"><h2>Product Description</h2></div><p>{description}</p>
<table><tr><th>UPC</th><td>{upc}</td></tr><tr><th>Product Type</th><td>Books</td></tr>
<tr><th>Price (excl. tax)</th><td>£{price:.2f}</td></tr><tr><th>Price (incl. tax)</th><td>£{price:.2f}</td></tr>
<tr><th>Tax</th><td>£0.00</td></tr><tr><th>Availability</th><td>In stock ({stock} available)</td></tr>
<tr><th>Number of reviews</th><td>0</td></tr></table></article>"""
_CARD = """<li><article class="product_pod"><p class="star-rating {stars}"></p><h3><a href="{address}"
title="{title}">{title}</a></h3><p class="price_color">£{price:.2f}</p></article></li>"""


def build(folder: Path) -> None:
    """Writes the pages of sixty books, three lists of twenty, and nothing else."""
    dice = random.Random(11)
    cards: list[str] = []
    for number in range(1, BOOKS + 1):
        title, category = escape(f"The {number}th & last book"), dice.choice(_CATEGORIES)
        book = {"number": number, "title": title, "price": dice.uniform(10, 60), "stock": dice.randint(1, 22),
                "stars": dice.choice(_WORDS), "upc": f"{dice.getrandbits(64):016x}",
                "description": "A tale of words. " * dice.randint(1, 30)}  # fmt: skip
        crumbs = f'<li><a href="../../index.html">Home</a></li><li><a href="../../index.html">Books</a></li>' \
                 f'<li><a href="../../index.html">{category}</a></li><li class="active">{title}</li>'  # fmt: skip
        page = folder / "catalogue" / f"the-{number}th-last-book_{number}" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(_PAGE.format(title=title, crumbs=crumbs, content=_PRODUCT.format(**book)))
        cards.append(_CARD.format(address=f"catalogue/{page.parent.name}/index.html", **book))
    for start in range(0, BOOKS, 20):
        name = "index.html" if start == 0 else f"page-{start // 20 + 1}.html"
        further = f'<li class="next"><a href="page-{start // 20 + 2}.html">next</a></li>' if start + 20 < BOOKS else ""
        content = f"<section><ol>{''.join(cards[start : start + 20])}</ol><ul class='pager'>{further}</ul></section>"
        (folder / name).write_text(_PAGE.format(title="All products", crumbs="", content=content))
