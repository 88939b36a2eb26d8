"""A job's cookies, some of which are its secrets, are out of reach of a page's scripts."""

from typing import Any, cast

import pytest

from infra.browser.visit import Visit
from schemas.exchange import ExchangeRequest


class Stopped(Exception):
    """The cookies are set; no page is needed."""


class Context:
    """Keeps what is set."""

    def __init__(self) -> None:
        self.cookies: list[dict[str, Any]] = []

    async def add_cookies(self, cookies: list[dict[str, Any]]) -> None:
        self.cookies += cookies

    async def new_page(self) -> None:
        raise Stopped


async def test_scripts_cannot_read_them() -> None:
    context, request = Context(), ExchangeRequest("https://shop.example/", headers=(("Cookie", "sid=S; lang=de"),))
    with pytest.raises(Stopped):
        await Visit(cast(Any, context), request, "TrawlBot/1", cast(Any, None), None)._open()
    assert [(one["name"], one["httpOnly"]) for one in context.cookies] == [("sid", True), ("lang", True)]
