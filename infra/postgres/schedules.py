"""Schedules in PostgreSQL: the scheduler takes what is due, the gateway reads, changes and pauses."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from infra.postgres.audit import record
from infra.postgres.jobs import PostgresJobs
from infra.postgres.pool import Connection, Database
from infra.postgres.quotas import admit
from infra.postgres.recurring import clock, following, settle
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.ids import digest
from schemas.ledger import Opening
from schemas.limits import Allowance, OwnerGone, QuotaSpent
from schemas.recurrence import Recurrence
from schemas.schedules import DISABLED, Decision, Due, Firing, JobSchedule, JobToRun

_CLOSED = "The account of the job's owner is not active."

Decide = Callable[[Due], Decision]
OpeningOf = Callable[[JobToRun, str], Opening | str]
"""A job and the id of the run that is to be: the opening, or a sentence that says why there is none."""


class DueSchedules:
    """The scheduler's side. The run, its request to Kafka, the firing and the next time are one transaction: whoever is
    killed in it has done nothing, and the row is another's."""

    def __init__(
        self, database: Database, decide: Decide, opening_of: OpeningOf, quota: Allowance | None = None
    ) -> None:
        self._database = database
        self._quota = quota or Allowance()
        self._jobs = PostgresJobs(database, self._quota)
        self._decide = decide
        self._opening_of = opening_of
        self._sql = queries("schedules")

    async def step(self) -> list[Firing]:
        """Handles the schedule that has waited longest, if any: what was decided of it."""
        return await self._database.repeat(self._step)

    async def start_waiting(self) -> list[Firing]:
        """Starts one firing that waited for the end of a run, if any; tells why where it is no longer wanted."""
        return await self._database.repeat(self._start_waiting)

    async def forget(self) -> int:
        """Firings of three months ago."""
        return len(await self._database.fetch(self._sql["forget"]))

    async def _step(self, connection: Connection) -> list[Firing]:
        row = await (await connection.execute(self._sql["due"])).fetchone()
        if row is None:
            return []
        job = await (await connection.execute(self._sql["job"], row)).fetchone()
        if job is None:
            await connection.execute(self._sql["drop"], row)
            return [Firing(due_at=row["due_at"], until=row["due_at"], outcome="skipped", why="The job was deleted.")]
        decision = self._decide(await self._due(connection, row, job["enabled"]))
        done = [await self._fire(connection, job, firing) for firing in decision.firings]
        values = {"job_id": row["job_id"], "due_at": decision.due_at, "next_at": decision.next_at}
        await connection.execute(self._sql["moved_on"], values)
        return done

    async def _due(self, connection: Connection, row: dict[str, Any], enabled: bool) -> Due:
        open_run = await connection.execute(queries("jobs")["is_open"], {"job_id": row["job_id"], "kind": "crawl"})
        waiting = await connection.execute(self._sql["waiting"], row)
        return Due(
            job_id=row["job_id"],
            recurrence=_recurrence(row),
            enabled=enabled,
            open=bool((await open_run.fetchone() or {}).get("open")),
            waiting=(await waiting.fetchone() or {}).get("waiting", 0),
            **{name: row[name] for name in ("jitter", "catch_up", "overlap", "due_at", "next_at", "now")},
        )

    async def _fire(self, connection: Connection, job: dict[str, Any], firing: Firing) -> Firing:
        """Opens the run where there is to be one, unless this time was told before."""
        run_id = digest(job["job_id"], "firing", firing.due_at.isoformat())
        opening = await self._opening(connection, job, run_id) if firing.outcome == "started" else None
        if isinstance(opening, str):
            firing = Firing(due_at=firing.due_at, until=firing.until, outcome="failed", why=opening[:1000])
        told = {
            "job_id": job["job_id"], "due_at": firing.due_at, "until": firing.until, "times": firing.times,
            "outcome": firing.outcome, "why": firing.why, "run_id": run_id if firing.outcome == "started" else None,
        }  # fmt: skip
        new = await (await connection.execute(self._sql["fired"], told)).fetchone()
        if new is not None and isinstance(opening, Opening):
            await self._open(connection, opening, job["version"], firing.due_at)
        return firing

    async def _open(self, connection: Connection, opening: Opening, version: int, due_at: datetime) -> None:
        details = {"run_id": opening.run_id, "due_at": due_at.isoformat()}
        act = Act(actor="scheduler", action="job_started", object=opening.job_id, details=details)
        await self._jobs.open_run(connection, opening, act, version)

    async def _opening(self, connection: Connection, job: dict[str, Any], run_id: str) -> Opening | str:
        if job["closed"]:
            return _CLOSED
        known = JobToRun(**{name: job[name] for name in ("job_id", "owner", "name", "description")})
        opening = self._opening_of(known, run_id)
        if isinstance(opening, str):
            return opening
        name = opening.description["options"].get("credentials")
        if name is not None:
            values = {"owner": job["owner"], "name": name}
            row = await (await connection.execute(queries("credentials")["known"], values)).fetchone()
            if not row or not row["known"]:
                return f"There are no stored credentials {name!r} any more."
        try:
            await admit(connection, job["owner"], self._quota)
        except QuotaSpent as spent:
            return f"The owner's account has had what it may have: {spent}."
        except OwnerGone:
            return _CLOSED
        return opening

    async def _start_waiting(self, connection: Connection) -> list[Firing]:
        row = await (await connection.execute(self._sql["next_waiting"])).fetchone()
        if row is None:
            return []
        due_at = row["due_at"]
        job = await (await connection.execute(self._sql["job"], row)).fetchone()
        told = {"outcome": "skipped", "why": _unwanted(job), "run_id": None}
        if job is not None and not told["why"]:
            # Asked once more now that the job is held: another scheduler may have begun a run meanwhile.
            open_run = await connection.execute(queries("jobs")["is_open"], {"job_id": row["job_id"], "kind": "crawl"})
            if (await open_run.fetchone() or {}).get("open"):
                return []
            run_id = digest(job["job_id"], "firing", due_at.isoformat())
            opening = await self._opening(connection, job, run_id)
            if isinstance(opening, str):
                told = {"outcome": "failed", "why": opening[:1000], "run_id": None}
            else:
                await self._open(connection, opening, job["version"], due_at)
                told = {"outcome": "started", "why": "It waited for the run before it.", "run_id": run_id}
        await connection.execute(self._sql["waited"], row | told)
        return [Firing(due_at=due_at, until=due_at, **told)]  # type: ignore[arg-type]  # as `told` says


class PostgresSchedules:
    """The gateway's `Schedules`. The job's description says the schedule, so that changing it is the job's next
    version."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("schedules")

    async def put(
        self, job_id: str, schedule: Mapping[str, Any] | None, act: Act, expected: int | None = None
    ) -> bool | Literal["stale"]:
        """Another schedule, or none; False where there is no such job, or it had none and is to have none; `stale`
        where the job is of another version than the expected one."""

        async def work(connection: Connection) -> bool | Literal["stale"]:
            job = await (await connection.execute(self._sql["description"], {"job_id": job_id})).fetchone()
            if job is not None and expected not in (None, job["version"]):
                return "stale"
            if job is None or job["description"].get("schedule") == schedule:
                return job is not None and schedule is not None
            description = {**job["description"], "schedule": schedule}
            changed = {
                "job_id": job_id, "name": job["name"], "dataset": job["dataset"], "description": Jsonb(description),
                "actor": act.actor,
            }  # fmt: skip
            await connection.execute(queries("job_versions")["add_version"], changed)
            await connection.execute(queries("job_versions")["change"], changed)
            await settle(connection, job_id, description)
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def pause(self, job_id: str, act: Act) -> bool:
        """False where it was paused, or there is none."""

        async def work(connection: Connection) -> bool:
            if await (await connection.execute(self._sql["pause"], {"job_id": job_id})).fetchone() is None:
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def resume(self, job_id: str, act: Act) -> bool:
        """False where it was not paused; it goes on with the next time from now on."""

        async def work(connection: Connection) -> bool:
            row = await (await connection.execute(self._sql["held"], {"job_id": job_id})).fetchone()
            if row is None:
                return False
            times = following(job_id, _recurrence(row), row["jitter"], await clock(connection))
            if await (await connection.execute(self._sql["resume"], {"job_id": job_id} | times)).fetchone() is None:
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def schedule(self, job_id: str) -> JobSchedule | None:
        """One job's."""
        rows = await self._database.fetch(self._sql["schedule"], {"job_id": job_id})
        return _schedule(rows[0]) if rows else None

    async def schedules(
        self, owner: str | None, after: tuple[datetime | None, str] | None, limit: int
    ) -> list[JobSchedule]:
        """The next one to fire first; those that never will, last."""
        moment, place = after or (None, None)
        values = {"owner": owner, "after": (moment or "infinity") if after else None, "after_id": place, "limit": limit}
        return [_schedule(row) for row in await self._database.fetch(self._sql["schedules"], values)]

    async def firings(
        self, job_id: str, *, outcome: str | None = None, before: datetime | None = None, limit: int
    ) -> list[Firing]:
        """The newest first."""
        values = {"job_id": job_id, "outcome": outcome, "before": before, "limit": limit}
        return [Firing(**row) for row in await self._database.fetch(self._sql["firings"], values)]


def _unwanted(job: dict[str, Any] | None) -> str:
    """Why a firing that waited is not to begin: what was allowed when it fell due may not be when its turn comes."""
    if job is None:
        return "The job was deleted."
    if not job["enabled"]:
        return DISABLED
    return "The schedule is paused." if job["paused"] else ""


def _recurrence(row: dict[str, Any]) -> Recurrence:
    return Recurrence(kind=row["kind"], expression=row["expression"], zone=row["zone"], anchor=row["anchor"])


def _schedule(row: dict[str, Any]) -> JobSchedule:
    names = ("owner", "jitter", "catch_up", "overlap", "due_at", "next_at", "paused_at", "enabled", "updated_at")
    found = {name: row[name] for name in names}
    return JobSchedule(job_id=str(row["job_id"]), job_name=row["name"], recurrence=_recurrence(row), **found)
