"""Dispatch's side of the frontier in PostgreSQL: reserving, publishing marks, what was lost, the outbox."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from infra.patience import patiently
from infra.postgres.dropping import drop_piece
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.postgres.tally import Tally
from schemas.frontier import Issued
from schemas.job import JobDescription
from schemas.outbox import Said

LAPSED_S, INHERITED_S, HOPELESS_S = 5.0, 15.0, 600.0
"""When a task counts as lost: nobody holds the lease; an heir holds it; it is older than any exchange may take."""


class Reserving:
    """What may go, what is issued, and what is to be said; outages are waited out."""

    def __init__(self, database: Database, pages_a_day: int | None = None) -> None:
        """`pages_a_day` is what an account may visit that was given nothing else; None is no limit."""
        self._database = database
        self._pages_a_day = -1 if pages_a_day is None else pages_a_day

    async def description(self, run_id: str) -> JobDescription:
        """The run's pinned job."""
        statement = queries("frontier")["run_rules"]
        rows = await patiently(lambda: self._database.fetch(statement, {"run": run_id}), "read a run")
        return JobDescription.model_validate(rows[0]["description"])

    async def ready(self, runs: Sequence[str], full: Sequence[str] = ()) -> list[tuple[str, str, int]]:
        """(run, host, how many wait), where something may go now; not at hosts that are `full`."""
        rows = await self._rows("ready_hosts", {"runs": list(runs), "full": list(full)}) if runs else []
        return [(row["run_id"], row["host"], row["queued"]) for row in rows]

    async def next_ready(self, runs: Sequence[str]) -> float | None:
        """Seconds until a row may go that may not yet."""
        rows = await self._rows("next_ready", {"runs": list(runs)}) if runs else []
        return rows[0]["seconds"] if rows else None

    async def under_way(self) -> dict[str, tuple[int, float]]:
        """host → (tasks issued over all runs that are not paused, its current delay)."""
        return {row["host"]: (row["issued"], row["delay"]) for row in await self._rows("under_way", {})}

    async def reserve(self, run_id: str, quotas: Mapping[str, int], daily: int | None = None) -> list[Issued]:
        """Issues rows under the run's lock, so that its budget is exact, and so are its `daily` visits to a host."""

        async def work(connection: Connection) -> list[Issued]:
            rows = await _reserve(connection, run_id, quotas, daily, self._pages_a_day)
            return [Issued(run_id=run_id, **row) for row in rows]

        return await patiently(lambda: self._database.repeat(work), "reserve tasks")

    async def mark_published(self, tasks: Sequence[Issued]) -> None:
        """Kafka has them; a row that was closed meanwhile needs no mark."""
        by_run: dict[str, list[str]] = {}
        for task in tasks:
            by_run.setdefault(task.run_id, []).append(task.url_fp)
        for run, fps in sorted(by_run.items()):
            await self._rows("mark_published", {"run": run, "fps": sorted(fps)})

    async def seen(self, tasks: Sequence[Issued]) -> dict[tuple[str, str], tuple[str, str, str]]:
        """(run, url_fp) → what their jobs know of the pages: ETag, Last-Modified, when it was seen if it rests."""
        values = {"run": [task.run_id for task in tasks], "fp": [task.url_fp for task in tasks]}
        rows = await patiently(
            lambda: self._database.fetch(queries("frontier")["remembered_visits"], values), "read a job's memory"
        )
        return {(row["run_id"], row["url_fp"]): (row["etag"], row["last_modified"], row["rests_since"]) for row in rows}

    async def unpublished(self, older_s: float) -> list[Issued]:
        """What was issued but never marked."""
        return [Issued(**row) for row in await self._rows("unpublished", {"older": older_s})]

    async def reissue_overdue(self) -> list[Issued]:
        """Issues again what nobody can be working on any more."""
        bounds = {"lapsed": LAPSED_S, "inherited": INHERITED_S, "hopeless": HOPELESS_S}
        return [Issued(**row) for row in await self._rows("overdue", bounds)]

    async def outbox(self) -> list[Said]:
        """The oldest events that wait."""
        return [Said(**row) for row in await self._rows("outbox", {})]

    async def delivered(self, said: Sequence[Said]) -> None:
        """Kafka has them."""
        await self._rows("delivered", {"ids": [entry.id for entry in said]})

    async def _rows(self, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return await patiently(lambda: self._database.fetch(queries("dispatch")[name], params), name)


async def _reserve(
    connection: Connection, run_id: str, quotas: Mapping[str, int], daily: int | None, usual: int
) -> list[dict[str, Any]]:
    named, tally = queries("dispatch"), Tally()
    run = await (await connection.execute(named["lock_run"], {"run": run_id, "usual": usual})).fetchone()
    if run is None or run["state"] != "running" or run["cancelled"] or run["held"]:
        return []
    if run["pages_left"] == 0:  # the account has had its pages of today: the next begins at 00:00 UTC
        await connection.execute(named["wait_for_tomorrow"], {"run": run_id, "hosts": list(quotas)})
        return []
    today = await _left_today(connection, run["job_id"], sorted(quotas), daily)
    hosts = sorted(host for host in quotas if today.get(host, 1) > 0)
    chosen = await (
        await connection.execute(
            named["choose"],
            {"run": run_id, "hosts": hosts, "quotas": [min(quotas[h], today.get(h, quotas[h])) for h in hosts]},
        )
    ).fetchall()
    left = run["max_pages"] - run["visited"]
    room = left if run["pages_left"] is None else min(left, run["pages_left"])
    taken, fresh = _taken(chosen, left, room)
    issued: list[dict[str, Any]] = []
    if taken:
        values = {"run": run_id, "fps": sorted(taken), "fresh": fresh}
        issued = await (await connection.execute(named["issue"], values)).fetchall()
    for row in issued:
        tally.add(run_id, queued=-1, issued=1)
        tally.at_host(run_id, row["host"], queued=-1, issued=1)
    tally.add(run_id, visited=fresh)
    if fresh == left:
        await drop_piece(connection, "spend_nothing_more", run_id, tally)
    await tally.write(connection)
    visits = Counter(row["host"] for row in issued)
    await _wait(connection, run_id, [host for host in hosts if host not in visits])
    if daily is not None:
        await _count_today(connection, run, run_id, visits, [host for host in quotas if host not in hosts])
    return issued


def _taken(chosen: Sequence[Mapping[str, Any]], left: int, room: int) -> tuple[list[str], int]:
    """Which of these rows may go, and how many of them are visited for the first time: `left` is what remains of the
    run's budget, `room` what remains of it and of the account's day."""
    taken, fresh = [], 0
    for row in chosen:
        first_visit = not row["counted"] and row["hops"] == 0 and row["kind"] == "page"
        if (first_visit and fresh == room) or (row["kind"] != "page" and left == 0):
            continue
        fresh += first_visit
        taken.append(row["url_fp"])
    return taken, fresh


async def _left_today(connection: Connection, job: Any, hosts: Sequence[str], daily: int | None) -> dict[str, int]:
    """What each host may still be visited today; nothing where the job sets no bound."""
    if daily is None:
        return {}
    named = queries("dispatch")
    await connection.execute(named["open_days"], {"job": job, "hosts": hosts})
    cursor = await connection.execute(named["visits_today"], {"job": job, "hosts": hosts})
    return {row["host"]: daily - row["visits"] for row in await cursor.fetchall()}


async def _count_today(
    connection: Connection, run: Mapping[str, Any], run_id: str, visits: Mapping[str, int], spent: Sequence[str]
) -> None:
    named = queries("dispatch")
    if visits:
        values = {"job": run["job_id"], "hosts": list(visits), "visits": list(visits.values())}
        await connection.execute(named["add_visits"], values)
    if spent:
        await connection.execute(named["wait_for_tomorrow"], {"run": run_id, "hosts": list(spent)})


async def _wait(connection: Connection, run_id: str, idle: Sequence[str]) -> None:
    if idle:
        await connection.execute(queries("dispatch")["wait_until"], {"run": run_id, "hosts": list(idle)})
