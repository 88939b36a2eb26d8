"""A site that may be visited, a neighbour that may not, and one browser for all tests of a file."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

import pytest
import pytest_asyncio

from infra.browser.pool import BrowserPool, BrowserSettings
from infra.http.guarding_proxy import GuardingProxy, Passage
from schemas.events.requests import RenderVisit
from schemas.exchange import ExchangeRequest, ExchangeResult
from tests.integration.browser.site import Neighbour, Site

Pool: TypeAlias = BrowserPool[Passage]
Render: TypeAlias = Callable[..., Awaitable[ExchangeResult]]
NAMES = {"inside.example": ["127.0.0.1"], "mixed.example": ["93.184.215.14", "127.0.0.1"]}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser there is nothing to try; CI installs one."""
    if shutil.which("chromium") is None:
        for item in items:
            if "integration/browser" in item.path.as_posix():
                item.add_marker(pytest.mark.skip(reason="needs chromium (apt install chromium)"))


def lookup(host: str) -> Sequence[str]:
    if host == "localhost":
        return ["127.0.0.1"]
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with Site() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def neighbour() -> AsyncIterator[Neighbour]:
    async with Neighbour() as running:
        yield running


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    """What the pool has kept."""
    return []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(site: Site, pictures: list[bytes]) -> AsyncIterator[Pool]:
    async def keep(png: bytes) -> str:
        pictures.append(png)
        return f"picture-{len(pictures)}"

    way_out = GuardingProxy([site.address], lookup=lookup)
    async with BrowserPool(way_out, BrowserSettings(user_agent="TrawlBot/9 (+https://example.org)"), keep) as running:
        yield running


@pytest.fixture
def render(pool: Pool, site: Site) -> Render:
    """Renders a path of the site, or a URL; keywords are the request's and the wishes'."""
    site.heads.clear()

    async def one(where: str, seconds: float = 30.0, **more: object) -> ExchangeResult:
        wishes = {name: more.pop(name) for name in ("wait_until", "wait_for", "screenshot") if name in more}
        url = where if "://" in where else site.url(where)
        visit = RenderVisit(**wishes)  # type: ignore[arg-type]  # the tests' own keywords
        return await pool.fetch(ExchangeRequest(url, total_timeout=seconds, render=visit, **more))  # type: ignore[arg-type]

    return one
