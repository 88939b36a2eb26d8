"""Where there is no browser, pages that are to be rendered say so; all others are fetched."""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.browser.pool import BrowserPool, BrowserSettings
from producers.fetch.answers import answer_of
from producers.fetch.render import ChosenExchange
from schemas.events import FetchTask
from schemas.events.requests import RenderVisit
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResult
from schemas.outcomes import outcome_of_failure

PAGE = ExchangeRequest("http://shop.example/", render=RenderVisit())


class NoWayOut:
    """A proxy that nobody comes to."""

    address = "127.0.0.1:1"

    def admit(self, budget: int) -> "NoWayOut":
        raise AssertionError("No browser, no passage.")

    def dismiss(self, passage: object) -> None: ...

    user = secret = ""
    received = 0
    refused: dict[str, ExchangeFailure] = {}
    reached: dict[str, "NoWayOut"] = {}
    dns_ms = connect_ms = None


@contextlib.asynccontextmanager
async def way_out() -> AsyncIterator[NoWayOut]:
    yield NoWayOut()


async def fetched(settings: BrowserSettings) -> ExchangeFailure:
    async with BrowserPool(way_out(), settings) as pool:
        result = await pool.fetch(PAGE)
    assert isinstance(result, ExchangeFailure)
    return result


async def test_a_missing_program_is_told_and_final(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for settings in (BrowserSettings(), BrowserSettings(program=str(tmp_path / "chromium"))):
        result = await fetched(settings)
        assert result.kind == "render_failed" and result.final
        assert result.reason.startswith("No browser is installed where this fetcher runs: ")
        assert "TRAWL_BROWSER" in result.reason


async def test_a_missing_extra_is_told_and_final(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    result = await fetched(BrowserSettings())
    assert result.final and "pip install 'trawl[render]'" in result.reason
    assert outcome_of_failure(result.kind).name == "render_failed"
    task = FetchTask(run_id="r", url_fp="f", url=PAGE.url, host="shop.example", attempt=1)
    answer = answer_of(task, result, "", 0.0)
    assert (answer.failure, answer.given_up) == ("render_failed", True)


async def test_only_what_is_to_be_rendered_goes_to_the_browser() -> None:
    class Way:
        def __init__(self) -> None:
            self.asked: list[str] = []

        async def fetch(self, request: ExchangeRequest) -> ExchangeResult:
            self.asked.append(request.url)
            return ExchangeFailure(request.url, "timeout", "", 0.0)

    plain, browser = Way(), Way()
    chosen = ChosenExchange(plain, browser)
    await chosen.fetch(PAGE)
    await chosen.fetch(ExchangeRequest("http://shop.example/robots.txt"))
    assert (plain.asked, browser.asked) == (["http://shop.example/robots.txt"], [PAGE.url])
