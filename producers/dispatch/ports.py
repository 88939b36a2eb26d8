"""What dispatch needs: the frontier's side that reserves and closes runs, a publisher, and the warehouse's word."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.events import Event, RunCounts
from schemas.frontier import Issued
from schemas.job import JobDescription
from schemas.open_runs import OpenRun
from schemas.outbox import Said


class Frontier(Protocol):
    """PostgreSQL as dispatch sees it. Every method is one transaction; outages are waited out."""

    async def open_runs(self) -> list[OpenRun]:
        """Runs that are not over, most important and oldest first."""
        ...

    async def description(self, run_id: str) -> JobDescription:
        """The run's pinned job."""
        ...

    async def ready(self, runs: Sequence[str], full: Sequence[str] = ()) -> list[tuple[str, str, int]]:
        """(run, host, how many wait), where something may go now; not at hosts that are `full`."""
        ...

    async def next_ready(self, runs: Sequence[str]) -> float | None:
        """Seconds until a row may go that may not yet."""
        ...

    async def under_way(self) -> dict[str, tuple[int, float]]:
        """host → (tasks issued over all runs that are not paused, the delay that its fetcher keeps at the moment)."""
        ...

    async def reserve(self, run_id: str, quotas: Mapping[str, int], daily: int | None = None) -> list[Issued]:
        """Issues up to that many rows of each host, never more first visits than the run's budget has left, nor more
        visits to a host than `daily` in a day (UTC) over all runs of the job. Nothing for a run that is held."""
        ...

    async def mark_published(self, tasks: Sequence[Issued]) -> None:
        """Kafka has them."""
        ...

    async def seen(self, tasks: Sequence[Issued]) -> Mapping[tuple[str, str], tuple[str, str, str]]:
        """(run, url_fp) → what the runs' jobs know of these pages from earlier visits: ETag, Last-Modified, and, if
        they are not to be visited again yet, when they were (RFC 3339)."""
        ...

    async def unpublished(self, older_s: float) -> list[Issued]:
        """What was issued but never marked published, for at least so long."""
        ...

    async def reissue_overdue(self) -> list[Issued]:
        """Issues again, under a new attempt, what nobody can be working on any more."""
        ...

    async def cancel(self, run_id: str) -> None:
        """Drops some thousands of what waits; ends the run as cancelled once nothing does. Said until then."""
        ...

    async def fail(self, run_id: str, reason: str) -> None:
        """The same, ending as failed; cleaning goes on with what is under way."""
        ...

    async def drop_queued(self, run_id: str) -> None:
        """Drops some thousands of what waits in a run that was stopped; what is under way goes on."""
        ...

    async def to_finishing(self, run_id: str) -> None:
        """Every row is done: from here the run waits for the warehouse."""
        ...

    async def short(self, run_id: str) -> list[str]:
        """URLs of pages whose batches are not stored yet, at most 20."""
        ...

    async def promised(self, run_id: str) -> tuple[int, int]:
        """(batches, records) that ClickHouse must hold."""
        ...

    async def accounts(self, run_id: str) -> RunCounts:
        """The run's accounts as they stand now."""
        ...

    async def finish(self, run_id: str, state: str, reason: str, end_offsets: Mapping[str, Mapping[str, int]]) -> None:
        """The run's last state, with its event."""
        ...

    async def alert(self, subject: str, kind: str, message: str) -> None:
        """A person should know."""
        ...

    async def close_alerts(self, subject: str) -> None:
        """It is over."""
        ...

    async def outbox(self) -> list[Said]:
        """The oldest events that wait to be published."""
        ...

    async def delivered(self, said: Sequence[Said]) -> None:
        """Kafka has them."""
        ...


class Publisher(Protocol):
    """Kafka, awaited."""

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has every event."""
        ...

    async def send_raw(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """The same for bytes that were encoded before."""
        ...


class Stored(Protocol):
    """The warehouse's word."""

    async def of_run(self, run_id: str) -> tuple[int, int] | None:
        """(distinct batches, records that came in with them) that ClickHouse holds of a run; None, and at once, when it
        does not say so now."""
        ...


class Ends(Protocol):
    """Where the topics end."""

    async def end_offsets(self, topics: Sequence[str]) -> dict[str, dict[str, int]]:
        """topic → partition → the offset after its last message."""
        ...
