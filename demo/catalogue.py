"""A thousand products in fifty categories, the same for the same seed."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from math import exp, log
from unicodedata import normalize

from demo.draw import Draw
from demo.sentences import Review, description, reviews, titled
from demo.vocabulary import Brand, Category, Department, departments

CURRENCY = "GBP"
PER_PAGE = 20
# Products in the five categories of a department, turned by one from each department to the next, so that a crawl
# meets categories of one, two and three pages. They add up to 100.
_SIZES = (15, 45, 6, 22, 12)
_ENDINGS = (0, 50, 95, 99)
_SOLD_OUT = 0.06  # share of the products
_FIRST_DAY = date(2023, 1, 9)
_LAST_DAY = date(2025, 10, 31)
_RANGES = (
    "Alder", "Arden", "Askrigg", "Bracken", "Brannock", "Calder", "Carrick", "Clover", "Cordwain", "Dalby",
    "Denholm", "Dunlin", "Elder", "Eskdale", "Fennel", "Fenwick", "Garth", "Glenmore", "Hadrian", "Hawthorn",
    "Hollin", "Inverlair", "Isla", "Juniper", "Kestrel", "Kinloch", "Lapwing", "Linden", "Lomond", "Marram",
    "Mellor", "Nairn", "Norwood", "Orrin", "Osprey", "Penrose", "Petrel", "Quayside", "Ramsey", "Redmire",
    "Rowan", "Saltmarsh", "Selby", "Sorrel", "Swaledale", "Tamar", "Tarn", "Thornbury", "Ullin", "Vale", "Wharf",
    "Whinfell", "Wilder", "Yarrow", "Yewdale", "Zennor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """One thing the shop sells: what its page must say, field by field.

    `price` is in pounds with two decimals; `rating` has one decimal, from 3.2 to 5.0; `stock` may be 0; `added` is the
    day it entered the shop; `number` counts from 0 over the whole catalogue.
    """

    number: int
    sku: str
    name: str
    brand: Brand
    category: Category
    finish: str
    price: Decimal
    currency: str
    rating: float
    ratings: int
    stock: int
    description: str
    specs: tuple[tuple[str, str], ...]
    reviews: tuple[Review, ...]
    added: date

    @property
    def path(self) -> str:
        """Path of the product's page."""
        return f"/product/{slug(self.name)}-{self.sku.lower()}"

    @property
    def image(self) -> str:
        """Path of the product's picture."""
        return f"/media/{self.sku}.svg"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole shop of one seed: departments, categories and their products in the order of the shelves."""

    seed: int
    departments: tuple[Department, ...]
    products: tuple[Product, ...]
    shelves: dict[str, tuple[Product, ...]]
    by_sku: dict[str, Product]

    def pages(self, category: Category) -> int:
        """How many pages of `PER_PAGE` products a category fills."""
        return -(-len(self.shelves[category.slug]) // PER_PAGE)


def slug(phrase: str) -> str:
    """A phrase as a part of a path: ASCII letters, digits and hyphens."""
    plain = normalize("NFKD", phrase.lower().replace("'", "")).encode("ascii", "ignore").decode()
    return "-".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def _price(draw: Draw, category: Category) -> Decimal:
    low, high = category.price
    # Prices spread evenly by ratio, as in shops: many cheap things and a few dear ones.
    pounds = int(exp(draw.between(log(low), log(high))))
    return Decimal(pounds * 100 + draw.pick(_ENDINGS)).scaleb(-2)


def _product(seed: int, number: int, category: Category, makers: list[Brand], words: tuple[str, str, str]) -> Product:
    range_name, finish, kind = words
    draw = Draw(seed, "product", number)
    brand = draw.pick(makers)
    rating = round(5.0 - 1.8 * draw.unit() * draw.unit(), 1)
    thing = f"{finish} {kind}"
    return Product(
        number=number,
        sku=f"LK-{10_000 + number * 7 + seed % 7:05d}",
        name=f"{range_name} {titled(thing)}",
        brand=brand,
        category=category,
        finish=finish,
        price=_price(draw, category),
        currency=CURRENCY,
        rating=rating,
        ratings=draw.whole(3, 420),
        stock=0 if draw.unit() < _SOLD_OUT else draw.whole(1, 140),
        description=description(draw, category, brand, thing),
        specs=tuple((name, draw.pick(values)) for name, values in category.specs),
        reviews=reviews(draw, rating, draw.whole(2, 3)),
        added=_FIRST_DAY + timedelta(days=draw.whole(0, (_LAST_DAY - _FIRST_DAY).days)),
    )


def _names(seed: int, category: Category, count: int) -> list[tuple[str, str, str]]:
    """Range, finish and kind of each product: no range twice, no finish and kind twice while any pair is left."""
    draw = Draw(seed, "names", category.slug)
    pairs = [(finish, kind) for finish in category.finishes for kind in category.kinds]
    chosen = draw.some(pairs, count)
    chosen += draw.some(pairs, count - len(chosen))
    return [(name, finish, kind) for name, (finish, kind) in zip(draw.some(_RANGES, count), chosen, strict=True)]


@lru_cache(maxsize=4)
def catalogue(seed: int) -> Catalogue:
    """The catalogue of a seed: exactly 1,000 products in 50 categories, of 6 to 45 products each."""
    shelves: dict[str, tuple[Product, ...]] = {}
    products: list[Product] = []
    for turn, department in enumerate(departments()):
        for place, category in enumerate(department.categories):
            makers = [brand for brand in department.brands if category.slug in brand.makes]
            names = _names(seed, category, _SIZES[(turn + place) % len(_SIZES)])
            shelf = [
                _product(seed, len(products) + offset, category, makers, words) for offset, words in enumerate(names)
            ]
            products += shelf
            shelves[category.slug] = tuple(shelf)
    by_sku = {product.sku: product for product in products}
    return Catalogue(seed, departments(), tuple(products), shelves, by_sku)
