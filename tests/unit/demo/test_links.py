"""The link graph: a walk over the pages, with robots.txt obeyed, finds exactly the pages that the truth names."""

from collections import deque
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from parsel import Selector
from protego import Protego

from demo.truth import urls

_BASE = "http://shop.test"


@pytest.fixture
def client(shared_application: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=shared_application)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=_BASE)


def _links(page: httpx.Response, css: str) -> set[str]:
    """Addresses on this site, without fragments, as path and query."""
    found = set()
    for link in Selector(page.text).css(css).getall():
        parts = urlsplit(urljoin(str(page.url), link))
        if f"{parts.scheme}://{parts.netloc}" == _BASE:
            found.add(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


async def _walk(client: httpx.AsyncClient, rules: Protego) -> tuple[dict[str, int], set[str], set[str]]:
    """Status by path of all that was visited; links that robots.txt forbids; pictures and styles."""
    visited: dict[str, int] = {}
    forbidden: set[str] = set()
    parts: set[str] = set()
    seen, waiting = {"/"}, deque(["/"])
    while waiting:
        path = waiting.popleft()
        page = await client.get(path)
        visited[path] = page.status_code
        parts |= _links(page, "img::attr(src), link[rel=stylesheet]::attr(href), link[rel=icon]::attr(href)")
        for link in _links(page, "a::attr(href)") - seen:
            seen.add(link)
            if rules.can_fetch(_BASE + link, "tests"):
                waiting.append(link)
            else:
                forbidden.add(link)
    return visited, forbidden, parts


async def test_a_walk_finds_exactly_the_pages_that_the_truth_names(client: httpx.AsyncClient, seed: int) -> None:
    rules = Protego.parse((await client.get("/robots.txt")).text)
    visited, forbidden, parts = await _walk(client, rules)
    assert set(visited.values()) == {200}
    assert set(visited) == set(urls(seed))
    assert len(urls(seed)) == len(set(urls(seed))) == 1128
    assert forbidden == {"/cart", "/search?q=gifts"}
    assert all([(await client.get(path)).status_code == 200 for path in parts | forbidden])
    assert len([path for path in parts if path.startswith("/media/LK-")]) == 1000


async def test_the_sitemap_names_the_same_pages_and_robots_names_the_sitemap(
    client: httpx.AsyncClient, seed: int
) -> None:
    rules = Protego.parse((await client.get("/robots.txt")).text)
    assert list(rules.sitemaps) == [f"{_BASE}/sitemap.xml"]
    sitemap = await client.get("/sitemap.xml")
    assert sitemap.headers["content-type"].startswith("application/xml")
    root = Selector(sitemap.text, type="xml")
    root.remove_namespaces()
    assert root.css("loc::text").getall() == [_BASE + path for path in urls(seed)]
    assert len(root.css("lastmod")) == 1030


async def test_some_links_lead_elsewhere(client: httpx.AsyncClient) -> None:
    links = Selector((await client.get("/")).text).css("a::attr(href)").getall()
    assert {link.split(":")[0] for link in links if ":" in link} == {"mailto", "tel", "https"}
    assert "//example.com/repair-guild" in links


async def test_nothing_private_is_linked_and_robots_forbids_it(client: httpx.AsyncClient, seed: int) -> None:
    rules = Protego.parse((await client.get("/robots.txt")).text)
    assert not any(path.startswith(("/__", "/faults", "/p/")) for path in urls(seed))
    assert not rules.can_fetch(f"{_BASE}/__truth", "tests")
    assert not rules.can_fetch(f"{_BASE}/cart", "tests")
    assert rules.can_fetch(f"{_BASE}/deals", "tests")
