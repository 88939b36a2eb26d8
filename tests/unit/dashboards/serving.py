"""The real server on a free port, with a feed that tests tell things and stores that remember nothing."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from dashboards.documents import applications
from dashboards.feed.feed import Feed
from dashboards.surroundings import Surroundings
from dashboards.web.server import listening
from dashboards.wording import templates
from schemas.events import PageOutcome, RunEvent, Trend

SECRET = "a secret of this test alone"
GATEWAY_PORT = 8000


class EmptyStores:
    """Stores that remember nothing: what the pages show comes from the feed alone."""

    async def recent(self, limit: int) -> list[RunEvent]:
        return []

    async def run(self, run_id: str) -> RunEvent | None:
        return None

    async def particulars(self, run_id: str) -> None:
        return None

    async def trends(self, limit: int) -> list[Trend]:
        return []

    async def series(self, dataset: str, record_key: str, field: str, limit: int) -> list[tuple[float, float]]:
        return []

    async def series_trends(self, dataset: str, record_key: str, field: str, limit: int) -> list[Trend]:
        return []

    async def tallies(self, run_id: str, before: float) -> list[tuple[str, str, bool, int]]:
        return []

    async def hosts(self, run_id: str, before: float, limit: int) -> list[tuple[str, int, float, float]]:
        return []

    async def pages(self, run_id: str, before: float, limit: int) -> list[PageOutcome]:
        return []

    async def records(self, run_id: str, before: float, limit: int) -> list[tuple[str, str, str, dict[str, Any]]]:
        return []

    async def pace(self, run_id: str, before: float) -> list[tuple[int, int, int]]:
        return []


@asynccontextmanager
async def serving(feed: Feed, *, stores: Any = None, clock: Callable[[], float] = time.time) -> AsyncIterator[int]:
    """Serves the documents of a feed; yields the port."""
    pages, remembered = templates(), stores or EmptyStores()
    surroundings = Surroundings(feed, remembered, remembered, pages, clock)
    async with listening(applications(surroundings), host="127.0.0.1", port=0, gateway_port=GATEWAY_PORT,
                         secret=SECRET, templates=pages, clock=clock) as port:  # fmt: skip
        yield port
