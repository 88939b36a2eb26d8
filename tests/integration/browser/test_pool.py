"""How many pages at once, how old a browser grows, and that it ends."""

import asyncio

import psutil
import pytest

from infra.browser.pool import BrowserPool, BrowserSettings
from infra.http.guarding_proxy import GuardingProxy, Passage
from schemas.events.requests import RenderVisit
from schemas.exchange import ExchangeRequest, ExchangeResponse, ExchangeResult
from tests.integration.browser.conftest import Pool
from tests.integration.browser.site import Site, answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


def chromiums() -> list[psutil.Process]:
    """Every process below this one that belongs to a browser."""
    return [one for one in psutil.Process().children(recursive=True) if one.is_running() and "chrom" in one.name()]


async def all_gone() -> None:
    """Returns when none is left."""
    async with asyncio.timeout(60):
        while chromiums():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_ten_pages_are_rendered_two_at_a_time_by_browsers_that_do_not_grow_old(site: Site) -> None:
    site.answers["/slow"] = answer("<p>x</p><script>setTimeout(() => document.body.id = 'done', 100)</script>")
    most = 0

    async def one(running: Pool) -> ExchangeResult:
        return await running.fetch(ExchangeRequest(site.url("/slow"), render=RenderVisit(wait_for="#done")))

    async def watch(proxy: GuardingProxy) -> None:
        nonlocal most
        while True:
            most = max(most, len(proxy._passages))
            await asyncio.sleep(0.01)

    proxy = GuardingProxy([site.address])
    settings = BrowserSettings(at_once=2, pages=6)
    async with BrowserPool(proxy, settings) as running:
        assert chromiums() == []
        watching = asyncio.create_task(watch(proxy))
        results = await asyncio.gather(*(one(running) for _ in range(10)))
        watching.cancel()
        assert all(isinstance(result, ExchangeResponse) for result in results)
        assert most == 2
        assert running.started == 2
    await all_gone()


async def test_an_idle_browser_ends_and_comes_back(site: Site) -> None:
    site.answers["/plain"] = answer("<p>plain</p>")
    request = ExchangeRequest(site.url("/plain"), render=RenderVisit())
    async with BrowserPool[Passage](GuardingProxy([site.address]), BrowserSettings(idle_s=1.0)) as running:
        assert isinstance(await running.fetch(request), ExchangeResponse)
        await all_gone()
        assert isinstance(await running.fetch(request), ExchangeResponse)
