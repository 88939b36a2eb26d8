"""The real server on a free port, with a feed that tests tell things and stores that remember nothing."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dashboards.documents import applications
from dashboards.feed.feed import Feed
from dashboards.surroundings import Surroundings
from dashboards.web.server import Address, listening
from dashboards.wording import templates
from schemas import tickets
from schemas.accounts import Standing
from schemas.events import PageOutcome, RunEvent, Trend
from schemas.observed import RequestFigures

SECRET = "a secret of this test alone"
SESSION = "session-1"
GATEWAY_PORT = 8000


class EmptyStores:
    """Stores that remember nothing: what the pages show comes from the feed alone."""

    def __init__(self) -> None:
        self.figures = RequestFigures()
        """What the gateways answered."""

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

    async def requests(self, since: float, width: int, limit: int) -> RequestFigures:
        return self.figures

    async def pace(self, run_id: str, before: float) -> list[tuple[int, int, int]]:
        return []


class FakeSessions:
    """Sign-ins that count until a test ends them; `away` takes the accounts away."""

    def __init__(self) -> None:
        self.roles = {SESSION: "admin"}
        self.away = False
        self.asked = 0

    async def standing(self, ids: Sequence[str]) -> dict[str, Standing]:
        self.asked += 1
        if self.away:
            raise ConnectionError("a test took the accounts away")
        return {each: Standing(role=role, permissions=frozenset()) for each, role in self.roles.items() if each in ids}


def ticket(now: float, lifetime: float = 60, *, secret: str = SECRET, kind: tickets.Kind = "ticket",
           session_id: str = SESSION, role: str = "admin", ends: float | None = None) -> str:  # fmt: skip
    """As the gateway makes it for somebody who has signed in for a day."""
    holder = tickets.Holder(user_id="user-1", session_id=session_id, role=role, ends=ends or now + 86_400)
    return tickets.issue(secret, holder.subject, now, lifetime, kind=kind)


@asynccontextmanager
async def serving(feed: Feed, *, stores: Any = None, clock: Callable[[], float] = time.time,
                  sessions: FakeSessions | None = None, **urls: str) -> AsyncIterator[int]:  # fmt: skip
    """Serves the documents of a feed; yields the port."""
    pages, remembered = templates(), stores or EmptyStores()
    surroundings = Surroundings(feed, remembered, remembered, pages, clock)
    at = Address(host="127.0.0.1", port=0, gateway_port=GATEWAY_PORT, **urls)
    async with listening(applications(surroundings), at, secret=SECRET, sessions=sessions or FakeSessions(),
                         templates=pages, clock=clock) as port:  # fmt: skip
        yield port
