"""Jobs and runs in PostgreSQL, as the gateway opens, reads, controls and hides them."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Literal

from psycopg.types.json import Jsonb

from infra.postgres.audit import record
from infra.postgres.fates import Fates
from infra.postgres.job_rows import job_of, run_of
from infra.postgres.pool import Connection, Database
from infra.postgres.quotas import admit
from infra.postgres.recurring import settle
from infra.postgres.replay_requests import asked_for, write_down
from infra.postgres.run_control import RunControl
from infra.postgres.sql import queries
from schemas import codec
from schemas.accounts import Act
from schemas.events import ScrapeRequest
from schemas.ledger import Job, JobFilter, JobOrder, Opening, PagesWanted, Run
from schemas.limits import Allowance
from schemas.topics import SCRAPE_REQUESTS


class PostgresJobs(RunControl, Fates):
    """The gateway's `Jobs`. A run is opened by one transaction: run, audit line and the request to Kafka."""

    def __init__(self, database: Database, quota: Allowance | None = None) -> None:
        """`quota` is what an account may have that was given nothing else; without one it has no limit."""
        super().__init__(database)
        self._sql = queries("jobs")
        self._quota = quota or Allowance()

    async def create(self, opening: Opening, act: Act) -> Run:
        """Job, run, request to Kafka and audit line, in one transaction."""

        async def work(connection: Connection) -> Run:
            made = await self._made(connection, opening, act)
            if made:
                return made
            await connection.execute(self._sql["add_job"], _values(opening, act))
            if opening.kind == "crawl":
                await settle(connection, opening.job_id, opening.description)
            return await self.open_run(connection, opening, act, 1)

        return await self._database.repeat(work)

    async def start(self, opening: Opening, act: Act, *, force: bool) -> Run | Literal["running", "gone"]:
        """The job's row is locked, so that racing calls open one run."""

        async def work(connection: Connection) -> Run | Literal["running", "gone"]:
            held, version = await self._hold(connection, opening.job_id, opening.kind)
            made = await self._made(connection, opening, act)
            if made:
                return made
            if held == "gone" or (held == "running" and not force):
                return held
            return await self.open_run(connection, opening, act, version)

        return await self._database.repeat(work)

    async def replay(
        self, opening: Opening, wanted: PagesWanted, act: Act
    ) -> Run | Literal["running", "gone", "nothing"]:
        """The job's row is locked, and so are the revisions of its dataset."""

        async def work(connection: Connection) -> Run | Literal["running", "gone", "nothing"]:
            held, version = await self._hold(connection, opening.job_id, opening.kind)
            made = await self._made(connection, opening, act)
            if made:
                return made
            if held != "at rest":
                return held
            asked = await asked_for(connection, opening, wanted)
            if asked is None:
                return "nothing"
            await admit(connection, opening.owner, self._quota)
            values = _values(replace(opening, max_pages=asked.pages), act)
            values |= {"revision": asked.revision, "job_version": version}
            row = await (await connection.execute(self._sql["add_run"], values)).fetchone()
            assert row is not None
            await write_down(connection, opening.run_id, asked, wanted)
            await record(connection, act)
            return run_of(row)

        return await self._database.repeat(work)

    async def _made(self, connection: Connection, opening: Opening, act: Act) -> Run | None:
        """What an earlier attempt of the same request has opened: its ids are the request's own."""
        if act.claim is None:
            return None
        row = await (await connection.execute(self._sql["made"], {"run_id": opening.run_id})).fetchone()
        return run_of(row) if row else None

    async def _hold(
        self, connection: Connection, job_id: str, kind: str | None = None
    ) -> tuple[Literal["running", "gone", "at rest"], int]:
        """Locks the job, and then looks whether a run of it (of that kind) is open; with the job's version."""
        job = {"job_id": job_id, "kind": kind}
        held = await (await connection.execute(self._sql["lock_job"], job)).fetchone()
        if held is None:
            return "gone", 0
        row = await (await connection.execute(self._sql["is_open"], job)).fetchone()
        return "running" if row and row["open"] else "at rest", held["version"]

    async def open_run(self, connection: Connection, opening: Opening, act: Act, version: int) -> Run:
        """Within the caller's transaction: the run, its request to Kafka and the audit line."""
        await admit(connection, opening.owner, self._quota, runs=opening.kind == "crawl")
        values = _values(opening, act) | {"job_version": version}
        row = await (await connection.execute(self._sql["add_run"], values)).fetchone()
        assert row is not None
        request = codec.encode(ScrapeRequest(run_id=opening.run_id))
        await connection.execute(self._sql["ask"], {"topic": SCRAPE_REQUESTS, "key": opening.run_id, "value": request})
        await record(connection, act)
        await connection.execute(self._sql["wake"])
        return run_of(row)

    async def page(
        self, wanted: JobFilter, order: JobOrder, after: tuple[str, str] | None, limit: int, offset: int = 0
    ) -> list[tuple[Job, str]]:
        """After a position, each with its own."""
        place, job_id = after or (None, None)
        values = {**_filtered(wanted), "after": place, "after_id": job_id, "limit": limit, "offset": offset}
        newest_first = order == JobOrder()
        rows = await self._database.fetch(
            self._sql["jobs" if newest_first else "jobs_sorted"], values | ({} if newest_first else asdict(order))
        )
        return [(job_of(row), row["place"]) for row in rows]

    async def count(self, wanted: JobFilter) -> int:
        """How many there are."""
        return int((await self._database.fetch(self._sql["count_jobs"], _filtered(wanted)))[0]["jobs"])

    async def job(self, job_id: str) -> Job | None:
        """With its newest run."""
        rows = await self._database.fetch(self._sql["job"], {"job_id": job_id})
        return job_of(rows[0]) if rows else None

    async def run(self, run_id: str) -> Run | None:
        """A run by its own id."""
        rows = await self._database.fetch(self._sql["run"], {"run_id": run_id})
        return run_of(rows[0]) if rows else None

    async def newest_runs(
        self, *, owner: str | None = None, job_id: str | None = None, dataset: str | None = None, limit: int
    ) -> list[str]:
        """Ids, newest first."""
        values = {"owner": owner, "job_id": job_id, "dataset": dataset, "limit": limit}
        return [str(row["id"]) for row in await self._database.fetch(self._sql["newest_runs"], values)]

    async def delete(self, job_id: str, act: Act) -> Literal["deleted", "running", "gone"]:
        """Hides the job; its rows stay for the accounts."""

        async def work(connection: Connection) -> Literal["deleted", "running", "gone"]:
            held, _ = await self._hold(connection, job_id)
            if held != "at rest":
                return held
            await connection.execute(self._sql["delete_job"], {"job_id": job_id})
            await record(connection, act)
            return "deleted"

        return await self._database.repeat(work)


def _filtered(wanted: JobFilter) -> dict[str, Any]:
    states: Sequence[str] | None = wanted.states
    return asdict(wanted) | {"states": list(states) if states is not None else None}


def _values(opening: Opening, act: Act) -> dict[str, Any]:
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
        "job_version": None,
        "ready_made": opening.ready_made,
        "actor": act.actor,
    }
