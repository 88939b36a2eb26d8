"""Dispatch's side of the frontier in PostgreSQL: reserving, publishing marks, what was lost, the outbox."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from infra.patience import patiently
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.postgres.tally import Tally
from schemas.events import RunCounts
from schemas.job import JobDescription

_COUNTS = (
    "requested",
    "queued",
    "issued",
    "fetched",
    "failed",
    "filtered",
    "extracted",
    "stored",
    "rejected",
    "dropped",
)
LAPSED_S, INHERITED_S, HOPELESS_S = 5.0, 15.0, 600.0
"""When a task counts as lost: nobody holds the lease; an heir holds it; it is older than any exchange may take."""

R = TypeVar("R")
S = TypeVar("S")


class Row(Protocol):
    """What names a reserved row."""

    @property
    def run_id(self) -> str: ...
    @property
    def url_fp(self) -> str: ...


class Said(Protocol):
    """What names an event of the outbox."""

    @property
    def id(self) -> int: ...


def counts_of(row: Mapping[str, Any]) -> RunCounts:
    """The accounts in a row of `runs`."""
    return RunCounts(**{name: row[name] for name in _COUNTS})


class Reserving(Generic[R, S]):
    """`issued` and `said` make dispatch's own shapes of rows, so that this room does not know dispatch."""

    def __init__(self, database: Database, issued: Callable[..., R], said: Callable[..., S]) -> None:
        self._database = database
        self._issued = issued
        self._said = said

    async def description(self, run_id: str) -> JobDescription:
        """The run's pinned job."""
        statement = queries("frontier")["run_rules"]
        rows = await patiently(lambda: self._database.fetch(statement, {"run": run_id}), "read a run")
        return JobDescription.model_validate(rows[0]["description"])

    async def ready(self, runs: Sequence[str]) -> list[tuple[str, str, int]]:
        """(run, host, how many wait), where something may go now."""
        rows = await self._rows("ready_hosts", {"runs": list(runs)}) if runs else []
        return [(row["run_id"], row["host"], row["queued"]) for row in rows]

    async def next_ready(self, runs: Sequence[str]) -> float | None:
        """Seconds until a row may go that may not yet."""
        rows = await self._rows("next_ready", {"runs": list(runs)}) if runs else []
        return rows[0]["seconds"] if rows else None

    async def under_way(self) -> dict[str, tuple[int, float]]:
        """host → (tasks issued over all runs, its current delay)."""
        return {row["host"]: (row["issued"], row["delay"]) for row in await self._rows("under_way", {})}

    async def reserve(self, run_id: str, quotas: Mapping[str, int]) -> list[R]:
        """Issues rows under the run's lock, so that its budget is exact."""

        async def work(connection: Connection) -> list[R]:
            return [self._issued(run_id=run_id, **row) for row in await _reserve(connection, run_id, quotas)]

        return await patiently(lambda: self._database.repeat(work), "reserve tasks")

    async def mark_published(self, tasks: Sequence[Row]) -> None:
        """Kafka has them; a row that was closed meanwhile needs no mark."""
        by_run: dict[str, list[str]] = {}
        for task in tasks:
            by_run.setdefault(task.run_id, []).append(task.url_fp)
        for run, fps in sorted(by_run.items()):
            await self._rows("mark_published", {"run": run, "fps": sorted(fps)})

    async def unpublished(self, older_s: float) -> list[R]:
        """What was issued but never marked."""
        return [self._issued(**row) for row in await self._rows("unpublished", {"older": older_s})]

    async def reissue_overdue(self) -> list[R]:
        """Issues again what nobody can be working on any more."""
        bounds = {"lapsed": LAPSED_S, "inherited": INHERITED_S, "hopeless": HOPELESS_S}
        return [self._issued(**row) for row in await self._rows("overdue", bounds)]

    async def outbox(self) -> list[S]:
        """The oldest events that wait."""
        return [self._said(**row) for row in await self._rows("outbox", {})]

    async def delivered(self, said: Sequence[Said]) -> None:
        """Kafka has them."""
        await self._rows("delivered", {"ids": [entry.id for entry in said]})

    async def _rows(self, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return await patiently(lambda: self._database.fetch(queries("dispatch")[name], params), name)


async def _reserve(connection: Connection, run_id: str, quotas: Mapping[str, int]) -> list[dict[str, Any]]:
    named, tally = queries("dispatch"), Tally()
    run = await (await connection.execute(named["lock_run"], {"run": run_id})).fetchone()
    if run is None or run["state"] != "running" or run["cancelled"]:
        return []
    hosts = sorted(quotas)
    chosen = await (
        await connection.execute(
            named["choose"], {"run": run_id, "hosts": hosts, "quotas": [quotas[host] for host in hosts]}
        )
    ).fetchall()
    left = run["max_pages"] - run["visited"]
    taken, fresh = [], 0
    for row in chosen:
        first_visit = not row["counted"] and row["hops"] == 0
        if first_visit and fresh == left:
            continue
        fresh += first_visit
        taken.append(row["url_fp"])
    issued: list[dict[str, Any]] = []
    if taken:
        issued = await (await connection.execute(named["issue"], {"run": run_id, "fps": sorted(taken)})).fetchall()
    for row in issued:
        tally.add(run_id, queued=-1, issued=1)
        tally.at_host(run_id, row["host"], queued=-1, issued=1)
    tally.add(run_id, visited=fresh)
    if fresh == left:
        await _spend_nothing_more(connection, run_id, tally)
    await tally.write(connection)
    idle = [host for host in hosts if not any(row["host"] == host for row in issued)]
    if idle:
        await connection.execute(named["wait_until"], {"run": run_id, "hosts": idle})
    return issued


async def _spend_nothing_more(connection: Connection, run_id: str, tally: Tally) -> None:
    cursor = await connection.execute(queries("dispatch")["spend_nothing_more"], {"run": run_id})
    for row in await cursor.fetchall():
        tally.add(run_id, queued=-1, filtered=1)
        tally.at_host(run_id, row["host"], queued=-1)
