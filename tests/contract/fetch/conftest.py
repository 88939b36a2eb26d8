"""Host leases, as the fake of the fetcher's tests and in PostgreSQL: the same promises."""

import time
from collections.abc import AsyncIterator
from typing import Protocol
from uuid import uuid4

import pytest

from infra.postgres.leases import Leases as RealLeases
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from producers.fetch.ports import Leases
from schemas.leases import RunState
from tests.contract.delivery.crawl import RealCrawl
from tests.fakes.leases import LeaseTable, MemoryLeases


class Keeping(Protocol):
    """A store of leases, and what only a test may do with it."""

    def owner(self, name: str, seconds: float = 30.0) -> Leases:
        """One fetcher's view of it."""
        ...

    async def passes(self, seconds: float) -> None:
        """Returns when so much time has passed by the store's clock."""
        ...

    async def run(self) -> str:
        """A run that is running."""
        ...

    async def says(self, run_id: str, state: RunState | None) -> None:
        """What the gateway does to it; None: it is cancelled."""
        ...


class _Memory:
    def __init__(self) -> None:
        self._ahead = 0.0
        self._table = LeaseTable(lambda: time.monotonic() + self._ahead)

    def owner(self, name: str, seconds: float = 30.0) -> Leases:
        return MemoryLeases(self._table, name, seconds)

    async def passes(self, seconds: float) -> None:
        self._ahead += seconds

    async def run(self) -> str:
        run_id = str(uuid4())
        self._table.runs[run_id] = RunState()
        return run_id

    async def says(self, run_id: str, state: RunState | None) -> None:
        self._table.runs.pop(run_id)
        if state is not None:
            self._table.runs[run_id] = state


class _Real:
    def __init__(self, database: Database) -> None:
        self._database = database

    def owner(self, name: str, seconds: float = 30.0) -> Leases:
        return RealLeases(self._database, name, seconds)

    async def passes(self, seconds: float) -> None:
        await self._database.fetch(
            "update hosts set lease_until = lease_until - s.passed, next_visit = next_visit - s.passed,"
            " failing_since = failing_since - s.passed from (select make_interval(secs => %s) as passed) s",
            (seconds,),
        )

    async def run(self) -> str:
        return await RealCrawl(self._database).open("a", host=f"{uuid4().hex}.test")

    async def says(self, run_id: str, state: RunState | None) -> None:
        if state is None:
            await self._database.fetch("update runs set cancelled_at = now() where id = %s", (run_id,))
            return
        await self._database.fetch(
            "update runs set paused_at = case when %s then now() end, delay = %s where id = %s",
            (state.paused, state.delay, run_id),
        )


@pytest.fixture(params=["fake", "real"])
async def keeping(request: pytest.FixtureRequest) -> AsyncIterator[Keeping]:
    """One kind of store after the other."""
    if request.param == "fake":
        yield _Memory()
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=12) as database:
        yield _Real(database)
