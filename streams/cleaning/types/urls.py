"""Addresses: absolute, in the one spelling that the frontier uses."""

from typing import Any

from schemas.hosts import UrlError
from schemas.urls import canonical
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page


def to_url(value: Any, page: Page) -> str | None:
    """The canonical form of an address, resolved against its page; only http and https are addresses here.

    Canonical, so that one thing has one address in every table: as record key, in the frontier, as a page.
    """
    if not isinstance(value, str):
        raise UnreadableValueError(f"{type(value).__name__} is not an address.")
    if value == page.url or not value or value.isspace():
        return value.strip() or None
    try:
        return canonical(value, page.url or None)
    except UrlError as problem:
        raise UnreadableValueError(f"{value[:80]!r} is not an address: {problem}") from problem
