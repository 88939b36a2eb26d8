"""Pages a second of a whole crawl: from the request to the last row in ClickHouse and every sum closed."""

import asyncio
import time

import aiohttp

from cli.demonstration.descriptions import shop as description
from tests.acceptance.system import Site, System
from tests.bench.spent import rows, spent
from tests.bench.table import Table

ROUNDS = 3


def measure(system: System, site: Site, table: Table) -> None:
    """Three crawls of the whole shop; beside them the same pages by a bare client that keeps nothing."""
    pages, seconds = 0, []
    before = spent(system)
    for number in range(ROUNDS):
        began = time.perf_counter()
        job = system.ended(system.scrape(description(site.url, f"-{number}")), timeout=300)
        seconds.append(time.perf_counter() - began)
        pages = int(job["counts"]["fetched"])
        held = system.query("select count(), uniqExact(id) from records where job_id = {job:UUID}", job=job["job_id"])
        assert held[0] == (1000, 1000), held
    after = spent(system)
    paths = sorted({hit["path"] for hit in site.hits() if hit["status"] == 200 and not hit["path"].startswith("/__")})
    bare = asyncio.run(_bare([site.url + path for path in paths]))
    median = sorted(seconds)[ROUNDS // 2]
    table.row(
        "whole crawl to ClickHouse, every sum closed",
        f"{pages / median:.0f} pages/s",
        "≥ 150 pages/s",
        f"bare aiohttp, same pages, nothing kept: {len(paths) / bare:.0f} pages/s ({pages} pages, {ROUNDS} rounds)",
    )
    rows(table, before, after, ROUNDS * pages, "page", 1e3)


async def _bare(urls: list[str]) -> float:
    gate = asyncio.Semaphore(16)

    async def get(session: aiohttp.ClientSession, url: str) -> None:
        async with gate, session.get(url) as answer:
            await answer.read()

    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        await asyncio.gather(*(get(session, url) for url in urls))
        return time.perf_counter() - began
