"""How runs change their state in PostgreSQL, each change with its event in the same transaction."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from infra.patience import patiently
from infra.postgres.dropping import PIECE, drop_piece
from infra.postgres.job_rows import counts_of
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.postgres.tally import Tally
from schemas.codec import encode
from schemas.events import RunCounts, RunEvent
from schemas.ids import digest
from schemas.ledger import OPEN_STATES
from schemas.moments import rfc3339
from schemas.open_runs import OpenRun
from schemas.topics import RUN_EVENTS

_OPEN_RUN = tuple(entry.name for entry in fields(OpenRun) if entry.name != "counts")


async def change_state(
    connection: Connection,
    run_id: str,
    state: str,
    before: Collection[str],
    reason: str = "",
    end_offsets: Mapping[str, Mapping[str, int]] | None = None,
) -> bool:
    """Within the caller's transaction: the state and the RunEvent that tells it. False: it was not in `before`."""
    named = queries("dispatch")
    cursor = await connection.execute(
        named["change_state"], {"run": run_id, "state": state, "before": list(before), "reason": reason}
    )
    row = await cursor.fetchone()
    if row is None:
        return False
    await tell(connection, row, row["reason"], end_offsets)
    return True


async def tell(
    connection: Connection,
    row: Mapping[str, Any],
    reason: str = "",
    end_offsets: Mapping[str, Mapping[str, int]] | None = None,
) -> None:
    """The RunEvent of a run as `row` has it now, by way of the outbox. Nobody is told of an estimate."""
    if row["kind"] == "estimate":
        return
    run_id = str(row["id"])
    event = RunEvent(
        id=digest(run_id, "state", str(row["event_seq"])),
        run_id=run_id,
        job_id=str(row["job_id"]),
        dataset=row["dataset"],
        kind="state",
        state=row["state"],
        at=rfc3339(datetime.now(UTC)),
        counts=counts_of(row),
        max_pages=row["max_pages"],
        reason=reason,
        paused=row["paused"],
        end_offsets={topic: dict(ends) for topic, ends in (end_offsets or {}).items()},
    )
    await connection.execute(queries("dispatch")["say"], {"topic": RUN_EVENTS, "key": run_id, "value": encode(event)})


class RunStates:
    """Runs that are not over, and how they end; outages are waited out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_runs(self) -> list[OpenRun]:
        """Runs that are not over."""
        rows = await self._rows("open_runs", {})
        return [OpenRun(counts=counts_of(row), **{name: row[name] for name in _OPEN_RUN}) for row in rows]

    async def cancel(self, run_id: str) -> None:
        """Drops a piece of what waits; with the last one what is under way, which holds no claim any more."""
        await self._drop(run_id, "cancelled", "")

    async def fail(self, run_id: str, reason: str) -> None:
        """The same, because going on makes no sense."""
        await self._drop(run_id, "failed", reason)

    async def drop_queued(self, run_id: str) -> None:
        """Drops a piece of what waits in a run that was stopped."""

        async def work(connection: Connection) -> None:
            await connection.execute(queries("dispatch")["hold_run"], {"run": run_id})
            await _drop_queued(connection, run_id, "stopped")

        await self._do(work, "drop what waits")

    async def _drop(self, run_id: str, state: str, reason: str) -> None:
        async def work(connection: Connection) -> None:
            named, run = queries("dispatch"), {"run": run_id}
            await connection.execute(named["hold_run"], run)
            if await _drop_queued(connection, run_id, "") < PIECE:
                await _drop_issued(connection, run_id)
                await connection.execute(named["forget_hosts"], run)
                await change_state(connection, run_id, state, OPEN_STATES, reason)

        await self._do(work, f"end a run as {state}")

    async def to_finishing(self, run_id: str) -> None:
        """Every row is done."""

        async def work(connection: Connection) -> None:
            await change_state(connection, run_id, "finishing", ["running"])

        await self._do(work, "finish a run")

    async def finish(self, run_id: str, state: str, reason: str, end_offsets: Mapping[str, Mapping[str, int]]) -> None:
        """The last state."""

        async def work(connection: Connection) -> None:
            named = queries("dispatch")
            await change_state(connection, run_id, state, ["finishing"], reason, end_offsets)
            await connection.execute(named["forget_hosts"], {"run": run_id})
            await connection.execute(named["forget_days"])
            await connection.execute(named["close_alerts"], {"subject": run_id})

        await self._do(work, "finish a run")

    async def short(self, run_id: str) -> list[str]:
        """URLs of pages whose batches are not stored yet."""
        return [row["url"] or row["batch_id"] for row in await self._rows("open_batches", {"run": run_id})]

    async def promised(self, run_id: str) -> tuple[int, int]:
        """(batches, records) that ClickHouse must hold."""
        row = (await self._rows("promised", {"run": run_id}))[0]
        return row["batches"], row["records"]

    async def accounts(self, run_id: str) -> RunCounts:
        """The run's accounts as they stand now; none of a run that was deleted meanwhile."""
        rows = await self._rows("accounts", {"run": run_id})
        return counts_of(rows[0]) if rows else RunCounts()

    async def alert(self, subject: str, kind: str, message: str) -> None:
        """A person should know."""
        await self._rows("raise_alert", {"subject": subject, "kind": kind, "message": message})

    async def close_alerts(self, subject: str) -> None:
        """It is over."""
        await self._rows("close_alerts", {"subject": subject})

    async def _do(self, work: Callable[[Connection], Any], what: str) -> None:
        await patiently(lambda: self._database.repeat(work), what)

    async def _rows(self, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return await patiently(lambda: self._database.fetch(queries("dispatch")[name], params), name)


async def _drop_queued(connection: Connection, run_id: str, reason: str) -> int:
    tally = Tally()
    dropped = await drop_piece(connection, "drop_queued", run_id, tally, reason)
    await tally.write(connection)
    return dropped


async def _drop_issued(connection: Connection, run_id: str) -> None:
    tally = Tally()
    for row in await (await connection.execute(queries("dispatch")["drop_issued"], {"run": run_id})).fetchall():
        tally.add(run_id, issued=-1, filtered=1)
        tally.at_host(run_id, row["host"], issued=-1)
    for _ in await (await connection.execute(queries("dispatch")["drop_reading"], {"run": run_id})).fetchall():
        tally.add(run_id, issued=-1, filtered=1)
    await tally.write(connection)
