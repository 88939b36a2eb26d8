"""The dashboards as people meet them: Bokeh's server on a free port, a real browser, a feed that tests tell things."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from dashboards.feed.feed import Feed
from tests.pages.dashboards.world import World
from tests.unit.dashboards.serving import EmptyStores, FakeSessions, serving, ticket

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@dataclass
class Dashboards:
    """The running server and the feed behind it."""

    feed: Feed
    port: int
    world: World
    sessions: FakeSessions
    stores: EmptyStores
    problems: list[str] = field(default_factory=list)
    silent: bool = False
    stopped: bool = False

    def address(self, path: str) -> str:
        """With a ticket, as the gateway would send a person here."""
        return f"http://127.0.0.1:{self.port}{path}{'&' if '?' in path else '?'}ticket={ticket(time.time())}"

    async def open(self, page: Page, path: str) -> None:
        """Opens a page and waits until it is connected; its console must stay silent."""
        page.on("console", lambda told: self.problems.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        await page.goto(self.address(path))
        await page.wait_for_selector("html[data-connected]", timeout=20_000)


@pytest_asyncio.fixture(loop_scope="module")
async def dashboards() -> AsyncIterator[Dashboards]:
    """A server whose feed ticks four times a second, as in production."""
    feed = Feed(time.time())
    sessions, stores = FakeSessions(), EmptyStores()
    async with serving(feed, stores=stores, sessions=sessions) as port:
        found = Dashboards(feed, port, World(feed, time.time()), sessions, stores)
        ticking = asyncio.create_task(_tick(found))
        yield found
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking


async def _tick(dashboards: Dashboards) -> None:
    """The broker is heard and the feed ticks, until a test silences the one or stops the other."""
    while not dashboards.stopped:
        if not dashboards.silent:
            dashboards.feed.heard(time.time())
        dashboards.feed.tick(time.time())
        await asyncio.sleep(0.25)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's chromium (or CHROMIUM), once for all tests of a file."""
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield found
        await found.close()


@pytest_asyncio.fixture(loop_scope="module", params=list(SIZES))
async def window(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Page, str]]:
    """An empty window of each size, and the size's name."""
    async with opened(browser, request.param) as page:
        yield page, request.param


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty window on a desk."""
    async with opened(browser, "desktop") as page:
        yield page


@contextlib.asynccontextmanager
async def opened(browser: Browser, size: str) -> AsyncIterator[Page]:
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=1)
    yield await context.new_page()
    await context.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    return tmp_path_factory.mktemp("screenshots")
