"""What the dashboards need from their surroundings, as promises that adapters keep."""

from collections.abc import AsyncIterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from schemas.accounts import Standing
from schemas.events import PageOutcome, RunEvent, Trend
from schemas.message import Message
from schemas.observed import RequestFigures
from schemas.particulars import RunParticulars


class LiveEvents(Protocol):
    """Opens an endless stream of messages, beginning `since_seconds` ago.

    Promise: within a partition messages come in order and without a gap. Opening fails when the broker is away;
    whoever opened tries again.
    """

    def __call__(self, since_seconds: float) -> AbstractAsyncContextManager[AsyncIterable[Message]]: ...


class LagReader(Protocol):
    """How many messages wait before each consumer group."""

    async def lag(self) -> list[tuple[str, str, int]]:
        """(group, topic, messages not yet acknowledged), one for each topic that a group has committed to."""
        ...


class RunHistory(Protocol):
    """Runs as PostgreSQL knows them, each told as the RunEvent that would describe it now."""

    async def recent(self, limit: int) -> list[RunEvent]:
        """The newest runs, oldest first, open ones always among them."""
        ...

    async def run(self, run_id: str) -> RunEvent | None:
        """One run, or None."""
        ...

    async def particulars(self, run_id: str) -> RunParticulars | None:
        """Who asked for the run and for what, or None."""
        ...


class Sessions(Protocol):
    """The gateway's sign-ins."""

    async def standing(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Of these sessions the ones that still count, each with what its account may do now."""
        ...


class ChartHistory(Protocol):
    """What ClickHouse remembers. `before` is an exclusive bound on `fetched_at`, in epoch seconds."""

    async def trends(self, limit: int) -> list[Trend]:
        """The newest trends, oldest first."""
        ...

    async def series(self, dataset: str, record_key: str, field: str, limit: int) -> list[tuple[float, float]]:
        """The last values of a series, oldest first, as (epoch seconds, value)."""
        ...

    async def series_trends(self, dataset: str, record_key: str, field: str, limit: int) -> list[Trend]:
        """The newest trends of a series, oldest first."""
        ...

    async def tallies(self, run_id: str, before: float) -> list[tuple[str, str, bool, int]]:
        """(class, outcome, final, pages) of a run."""
        ...

    async def hosts(self, run_id: str, before: float, limit: int) -> list[tuple[str, int, float, float]]:
        """(host, visits, total ms, worst ms) of the run's slowest hosts on average."""
        ...

    async def pages(self, run_id: str, before: float, limit: int) -> list[PageOutcome]:
        """The last outcomes of a run, oldest first."""
        ...

    async def records(self, run_id: str, before: float, limit: int) -> list[tuple[str, str, str, dict[str, Any]]]:
        """(fetched at, url, record key, data) of a run's last records, oldest first."""
        ...

    async def requests(self, since: float, width: int, limit: int) -> RequestFigures:
        """What the gateways answered since an epoch second, in stretches of `width` seconds; at most `limit` rows of
        each kind."""
        ...

    async def pace(self, run_id: str, before: float) -> list[tuple[int, int, int]]:
        """(epoch second, pages, records) of a run, at most a few hundred rows, each for the time until the next."""
        ...
