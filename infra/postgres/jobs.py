"""Jobs and runs in PostgreSQL, as the gateway opens, reads, controls and hides them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.replay_requests import asked_for, write_down
from infra.postgres.run_states import tell
from infra.postgres.sql import queries
from schemas import codec
from schemas.accounts import Act
from schemas.events import RunCounts, ScrapeRequest
from schemas.ledger import HostSample, HostWait, Job, Opening, PagesWanted, Run, UrlFate
from schemas.topics import SCRAPE_REQUESTS


class PostgresJobs:
    """The gateway's `Jobs`. A run is opened by one transaction: run, audit line and the request to Kafka."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("jobs")

    async def create(self, opening: Opening, act: Act) -> Run:
        """Job, run, request to Kafka and audit line, in one transaction."""

        async def work(connection: Connection) -> Run:
            await connection.execute(self._sql["add_job"], _values(opening))
            return await self._open_run(connection, opening, act)

        return await self._database.repeat(work)

    async def start(self, opening: Opening, act: Act, *, force: bool) -> Run | Literal["running", "gone"]:
        """The job's row is locked, so that racing calls open one run."""

        async def work(connection: Connection) -> Run | Literal["running", "gone"]:
            held = await self._hold(connection, opening.job_id, opening.kind)
            if held == "gone" or (held == "running" and not force):
                return held
            return await self._open_run(connection, opening, act)

        return await self._database.repeat(work)

    async def replay(
        self, opening: Opening, wanted: PagesWanted, act: Act
    ) -> Run | Literal["running", "gone", "nothing"]:
        """The job's row is locked, and so are the revisions of its dataset."""

        async def work(connection: Connection) -> Run | Literal["running", "gone", "nothing"]:
            held = await self._hold(connection, opening.job_id, opening.kind)
            if held != "at rest":
                return held
            asked = await asked_for(connection, opening, wanted)
            if asked is None:
                return "nothing"
            values = _values(replace(opening, max_pages=asked.pages)) | {"revision": asked.revision}
            row = await (await connection.execute(self._sql["add_run"], values)).fetchone()
            assert row is not None
            await write_down(connection, opening.run_id, asked, wanted)
            await record(connection, act)
            return _run(row)

        return await self._database.repeat(work)

    async def _hold(
        self, connection: Connection, job_id: str, kind: str | None = None
    ) -> Literal["running", "gone", "at rest"]:
        """Locks the job, and then looks whether a run of it (of that kind) is open."""
        job = {"job_id": job_id, "kind": kind}
        if await (await connection.execute(self._sql["lock_job"], job)).fetchone() is None:
            return "gone"
        row = await (await connection.execute(self._sql["is_open"], job)).fetchone()
        return "running" if row and row["open"] else "at rest"

    async def _open_run(self, connection: Connection, opening: Opening, act: Act) -> Run:
        row = await (await connection.execute(self._sql["add_run"], _values(opening))).fetchone()
        assert row is not None
        request = codec.encode(ScrapeRequest(run_id=opening.run_id))
        await connection.execute(self._sql["ask"], {"topic": SCRAPE_REQUESTS, "key": opening.run_id, "value": request})
        await record(connection, act)
        await connection.execute(self._sql["wake"])
        return _run(row)

    async def page(
        self, owner: str | None, states: Sequence[str] | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[Job]:
        """Newest first, after a position."""
        moment, position = before or (None, None)
        values = {
            "owner": owner,
            "states": list(states) if states is not None else None,
            "before": moment,
            "before_id": position,
            "limit": limit,
        }
        return [_job(row) for row in await self._database.fetch(self._sql["jobs"], values)]

    async def job(self, job_id: str) -> Job | None:
        """With its newest run."""
        rows = await self._database.fetch(self._sql["job"], {"job_id": job_id})
        return _job(rows[0]) if rows else None

    async def run(self, run_id: str) -> Run | None:
        """A run by its own id."""
        rows = await self._database.fetch(self._sql["run"], {"run_id": run_id})
        return _run(rows[0]) if rows else None

    async def newest_runs(self, *, owner: str | None = None, job_id: str | None = None, limit: int) -> list[str]:
        """Ids, newest first."""
        values = {"owner": owner, "job_id": job_id, "limit": limit}
        return [str(row["id"]) for row in await self._database.fetch(self._sql["newest_runs"], values)]

    async def cancel(self, job_id: str, act: Act) -> list[str]:
        """Marks every open run and wakes dispatch, which drops what waits."""

        async def work(connection: Connection) -> list[str]:
            cursor = await connection.execute(self._sql["cancel"], {"job_id": job_id})
            cancelled = [str(row["id"]) for row in await cursor.fetchall()]
            if cancelled:
                await record(connection, act)
                await connection.execute(self._sql["wake"])
            return cancelled

        return await self._database.repeat(work)

    async def pause(self, job_id: str, act: Act) -> list[str]:
        """No new visit begins in its open runs, from the next second on."""
        return await self._control("pause", job_id, act)

    async def resume(self, job_id: str, act: Act) -> list[str]:
        """Paused runs go on."""
        return await self._control("resume", job_id, act)

    async def stop(self, job_id: str, act: Act) -> list[str]:
        """Open runs end with what they have under way."""
        return await self._control("stop", job_id, act)

    async def _control(self, statement: str, job_id: str, act: Act) -> list[str]:
        """The change, its event and its audit line in one transaction; dispatch is woken when it is committed."""

        async def work(connection: Connection) -> list[str]:
            rows = await (await connection.execute(self._sql[statement], {"job_id": job_id})).fetchall()
            for row in rows:
                await tell(connection, row)
            if rows:
                await record(connection, act)
                await connection.execute(self._sql["wake"])
            return [str(row["id"]) for row in rows]

        return await self._database.repeat(work)

    async def adjust(self, job_id: str, priority: int | None, delay: float | None, act: Act) -> list[str]:
        """Another priority or delay for its open runs, from now on; None leaves it."""

        async def work(connection: Connection) -> list[str]:
            values = {"job_id": job_id, "priority": priority, "delay": delay}
            rows = await (await connection.execute(self._sql["adjust"], values)).fetchall()
            if rows:
                await record(connection, act)
                await connection.execute(self._sql["wake"])
            return [str(row["id"]) for row in rows]

        return await self._database.repeat(work)

    async def delete(self, job_id: str, act: Act) -> Literal["deleted", "running", "gone"]:
        """Hides the job; its rows stay for the accounts."""

        async def work(connection: Connection) -> Literal["deleted", "running", "gone"]:
            held = await self._hold(connection, job_id)
            if held != "at rest":
                return held
            await connection.execute(self._sql["delete_job"], {"job_id": job_id})
            await record(connection, act)
            return "deleted"

        return await self._database.repeat(work)

    async def urls(
        self,
        run_id: str,
        *,
        outcome: str | None = None,
        url_fp: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[UrlFate]:
        """By fingerprint, which the primary key orders."""
        values = {"run_id": run_id, "outcome": outcome, "url_fp": url_fp, "after": after, "limit": limit}
        return [_fate(row) for row in await self._database.fetch(self._sql["urls"], values)]

    async def redirect(self, run_id: str, url: str) -> UrlFate | None:
        """Where a URL of a run redirects to."""
        rows = await self._database.fetch(self._sql["redirects"], {"run_id": run_id, "url": url})
        return _fate(rows[0]) if rows else None

    async def host_wait(self, run_id: str, host: str) -> HostWait | None:
        """What a run's URLs at a host wait for."""
        rows = await self._database.fetch(self._sql["host_wait"], {"run_id": run_id, "host": host})
        return HostWait(**rows[0]) if rows else None

    async def spent_hosts(self, run_id: str, daily: int) -> int:
        """At how many hosts a run waits for tomorrow."""
        rows = await self._database.fetch(self._sql["spent_hosts"], {"run_id": run_id, "daily": daily})
        return int(rows[0]["hosts"])

    async def tried(self, run_id: str, limit: int) -> list[UrlFate]:
        """What a run has visited and what it began with, seeds first."""
        rows = await self._database.fetch(self._sql["tried"], {"run_id": run_id, "limit": limit})
        return [_fate(row) for row in rows]

    async def host_samples(self, run_id: str) -> list[HostSample]:
        """What a run has seen of each host."""
        return [HostSample(**row) for row in await self._database.fetch(self._sql["host_samples"], {"run_id": run_id})]


def _values(opening: Opening) -> dict[str, Any]:
    return {
        "run_id": opening.run_id,
        "job_id": opening.job_id,
        "owner": opening.owner,
        "name": opening.name,
        "dataset": opening.dataset,
        "description": Jsonb(opening.description),
        "priority": opening.priority,
        "max_pages": opening.max_pages,
        "kind": opening.kind,
        "revision": 1,
    }


def _run(row: dict[str, Any]) -> Run:
    counts = RunCounts(**{name: row[name] for name in RunCounts.__struct_fields__})
    return Run(
        id=str(row["id"]),
        job_id=str(row["job_id"]),
        owner=row["owner"],
        dataset=row["dataset"],
        state=row["state"],
        reason=row["reason"],
        max_pages=row["max_pages"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        cancelled_at=row["cancelled_at"],
        paused_at=row["paused_at"],
        stopped_at=row["stopped_at"],
        priority=row["priority"],
        delay=row["delay"],
        kind=row["kind"],
        revision=row["revision"],
        counts=counts,
    )


def _job(row: dict[str, Any]) -> Job:
    return Job(
        id=str(row["job_id"]),
        owner=row["job_owner"],
        name=row["name"],
        dataset=row["job_dataset"],
        description=row["description"],
        created_at=row["job_created_at"],
        updated_at=row["updated_at"],
        run=_run(row),
    )


def _fate(row: dict[str, Any]) -> UrlFate:
    values: dict[str, Any] = {**row, "url_fp": str(row["url_fp"])}
    return UrlFate(**values)
