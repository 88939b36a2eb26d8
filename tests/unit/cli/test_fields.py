"""What people type after --field."""

import pytest

from cli.errors import WrongUse
from cli.fields import TYPES, extract, field
from schemas.job import Extract


@pytest.mark.parametrize(
    ("typed", "name", "css", "kind"),
    [
        ("title=h1", "title", "h1", "text"),
        ("title=h1::text", "title", "h1::text", "text"),
        ("price=.price::text:price", "price", ".price::text", "price"),
        ("price=.price:price", "price", ".price", "price"),
        ("sku=::attr(data-sku)", "sku", "::attr(data-sku)", "text"),
        ("first=li:first-child:number", "first", "li:first-child", "number"),
        ("link=a[rel=next]::attr(href):url", "link", "a[rel=next]::attr(href)", "url"),
        ("odd=p:text", "odd", "p", "text"),
    ],
)
def test_name_selector_and_type(typed: str, name: str, css: str, kind: str) -> None:
    assert field(typed) == (name, {"css": css, "type": kind})


@pytest.mark.parametrize("typed", ["", "title", "=h1", "title=", " = "])
def test_what_is_missing_is_said_with_the_types(typed: str) -> None:
    with pytest.raises(WrongUse) as caught:
        field(typed)
    assert "name=css" in str(caught.value)
    assert all(kind in str(caught.value) for kind in TYPES)


def test_the_result_is_a_valid_extract() -> None:
    said = extract("article", ["sku=.sku", "price=.price:price"], ["sku"])
    rules = Extract.model_validate(said)
    assert rules.items == "article"
    assert rules.fields["price"].type == "price"
    assert rules.key == ["sku"]


def test_nothing_said_is_nothing_asked() -> None:
    assert extract(None, [], []) == {}
