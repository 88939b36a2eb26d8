"""Addresses."""

from typing import Any

import pytest

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page
from streams.cleaning.types.urls import to_url

PAGE = Page("http://shop.example/list/page.html?x=1")


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("/p/1", "http://shop.example/p/1"),
        ("p/1#top", "http://shop.example/list/p/1"),
        ("?page=2", "http://shop.example/list/page.html?page=2"),
        ("//cdn.example/i.png", "http://cdn.example/i.png"),
        ("HTTPS://Other.Example:443/a b", "https://other.example/a%20b"),
        ("  /p/1\n", "http://shop.example/p/1"),
        ("/p?utm_source=x&id=1", "http://shop.example/p?id=1"),
        (PAGE.url, PAGE.url),
        ("", None),
        ("  ", None),
    ],
)
def test_url(raw: Any, url: str | None) -> None:
    assert to_url(raw, PAGE) == url


@pytest.mark.parametrize("raw", ["mailto:a@b.c", "javascript:void(0)", "http://", "http://u:p@x.example/", 3, [], None])
def test_what_is_no_address(raw: Any) -> None:
    with pytest.raises(UnreadableValueError):
        to_url(raw, PAGE)


def test_without_a_page_an_address_must_be_whole() -> None:
    assert to_url("http://shop.example", Page()) == "http://shop.example/"
    with pytest.raises(UnreadableValueError):
        to_url("/p/1", Page())
