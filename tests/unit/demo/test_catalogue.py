"""The catalogue: a thousand products, fifty categories, readable, and the same for the same seed."""

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import demo
from demo.catalogue import catalogue, slug
from demo.sentences import article, titled
from demo.vocabulary import categories, departments

_ROOT = Path(demo.__file__).parents[1]
_DIGEST = """
import hashlib, json
from demo.pages import deals_page, render
from demo.truth import document
digest = hashlib.sha256(json.dumps(document(11, 70)).encode())
for path, page in render(11).items():
    digest.update(path.encode() + page.body)
digest.update(deals_page(11, 70).body)
print(digest.hexdigest())
"""


def test_a_thousand_products_in_fifty_categories(seed: int) -> None:
    shop = catalogue(seed)
    assert len(shop.products) == 1000
    assert len(shop.shelves) == len(categories()) == 50
    assert {len(shelf) for shelf in shop.shelves.values()} == {6, 12, 15, 22, 45}
    assert [product.number for product in shop.products] == list(range(1000))


@pytest.mark.parametrize("field", ["sku", "name", "path", "image"])
def test_every_product_is_known_by_itself(seed: int, field: str) -> None:
    assert len({getattr(product, field) for product in catalogue(seed).products}) == 1000


def test_values_are_those_of_a_shop(seed: int) -> None:
    for product in catalogue(seed).products:
        low, high = product.category.price
        assert Decimal(str(int(low))) <= product.price < Decimal(str(high)) + 1
        assert product.price.as_tuple().exponent == -2
        assert 3.2 <= product.rating <= 5.0
        assert 0 <= product.stock <= 140
        assert 2 <= len(product.reviews) <= 3
        assert 3 <= len(product.description.split(". ")) <= 9
        assert "{" not in product.description
        assert product.category.slug in product.brand.makes


def test_every_category_has_a_maker_and_every_maker_a_category() -> None:
    known = {category.slug for category in categories()}
    made = {made for department in departments() for brand in department.brands for made in brand.makes}
    assert made == known


def test_another_seed_is_another_shop() -> None:
    assert catalogue(1).products[0] != catalogue(2).products[0]


def _digest_in_a_process_of_its_own(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", _DIGEST]
    done = subprocess.run(command, env=environment, cwd=_ROOT, capture_output=True, check=True, timeout=250)
    return done.stdout.decode().strip()


def test_everything_is_the_same_in_every_process() -> None:
    first = _digest_in_a_process_of_its_own("1")
    assert len(first) == hashlib.sha256().digest_size * 2
    assert _digest_in_a_process_of_its_own("2") == first


@pytest.mark.parametrize(
    ("phrase", "heading"),
    [
        ("pour-over kettle", "Pour-Over Kettle"),
        ("cup and saucer", "Cup and Saucer"),
        ("Fair Isle wrap", "Fair Isle Wrap"),
    ],
)
def test_headings(phrase: str, heading: str) -> None:
    assert titled(phrase) == heading


@pytest.mark.parametrize(("phrase", "expected"), [("oak lamp", "an"), ("steel pan", "a"), ("1,000-piece", "a")])
def test_articles(phrase: str, expected: str) -> None:
    assert article(phrase) == expected


def test_a_slug_is_plain_ascii() -> None:
    assert slug("Wharf Chef's Sauté Pan") == "wharf-chefs-saute-pan"
