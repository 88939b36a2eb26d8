"""Intake's side of the frontier: a run is opened and seeded in one transaction."""

from collections.abc import Sequence

import orjson

from infra.patience import patiently
from infra.postgres.pool import Connection, Database
from infra.postgres.recurring import settle
from infra.postgres.run_states import change_state
from infra.postgres.sql import queries
from infra.postgres.tally import Tally
from schemas.frontier import MAX_SOURCES, TOO_MANY_SOURCES, Seed, priority_of
from schemas.job import JobDescription
from schemas.priorities import RANKS


class Seeding:
    """Opens runs. Each call is one transaction, safe to say twice; outages are waited out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def description(self, run_id: str) -> JobDescription | None:
        """The pinned job of a run that waits to be opened; None when there is no such run or it was opened."""
        rows = await patiently(
            lambda: self._database.fetch(queries("frontier")["run_rules"], {"run": run_id}), "read a run"
        )
        return JobDescription.model_validate(rows[0]["description"]) if rows else None

    async def seed(self, run_id: str, seeds: Sequence[Seed]) -> bool:
        """Puts the seeds into the frontier and lets the run begin. False: it had begun, or was cancelled."""

        async def work(connection: Connection) -> bool:
            return await _seed(connection, run_id, seeds)

        return await patiently(lambda: self._database.repeat(work), "seed a run")

    async def refuse(self, run_id: str, reason: str) -> None:
        """The run ends as failed if it still waits to be opened."""

        async def work(connection: Connection) -> bool:
            return await change_state(connection, run_id, "failed", ["queued"], reason[:1000])

        await patiently(lambda: self._database.repeat(work), "refuse a run")

    async def open_outsiders(
        self, run_id: str, job_id: str, job: JobDescription, source: str, seeds: Sequence[Seed]
    ) -> bool:
        """A job, its run and its seeds for an outsider's message. False: this message has opened its run before."""

        async def work(connection: Connection) -> bool:
            named = queries("intake")
            shape = {
                "run": run_id,
                "job": job_id,
                "owner": "kafka",
                "name": job.name or job.sources[0][:200],
                "dataset": job.dataset_name,
                "description": orjson.dumps(job.model_dump(mode="json", exclude_unset=True)).decode(),
                "priority": RANKS[job.options.priority],
                "max_pages": job.options.max_pages,
            }
            await connection.execute(named["open_job"], shape)
            if await (await connection.execute(named["open_run"], shape)).fetchone() is None:
                return False
            await settle(connection, job_id, job.model_dump(mode="json"))
            details = orjson.dumps({"source": source, "job": job_id}).decode()
            note = {"actor": "kafka", "action": "run.open", "object": run_id, "details": details}
            await connection.execute(named["note"], note)
            return await _seed(connection, run_id, seeds)

        return await patiently(lambda: self._database.repeat(work), "open a run")


async def _seed(connection: Connection, run_id: str, seeds: Sequence[Seed]) -> bool:
    named, tally = queries("intake"), Tally()
    run = await (await connection.execute(named["find_run"], {"run": run_id})).fetchone()
    if run is None or run["state"] != "queued" or run["seeded"] or run["cancelled"]:
        return False
    unique = {seed.url_fp: seed for seed in seeds}
    rows = list(unique.values())
    count = len(rows)
    beyond = {seed.url_fp for seed in [seed for seed in rows if seed.kind != "page"][MAX_SOURCES:]}
    cursor = await connection.execute(
        queries("frontier")["insert_links"],
        {
            "run": [run_id] * count,
            "fp": [seed.url_fp for seed in rows],
            "kind": [seed.kind for seed in rows],
            "host": [seed.host for seed in rows],
            "url": [seed.url for seed in rows],
            "depth": [0] * count,
            "hops": [0] * count,
            "priority": [priority_of(seed.kind, 0) for seed in rows],
            "outcome": ["budget" if seed.url_fp in beyond else None for seed in rows],
            "reason": [TOO_MANY_SOURCES if seed.url_fp in beyond else "" for seed in rows],
            "found_on": [""] * count,
        },
    )
    for row in await cursor.fetchall():
        if row["state"] != "queued":
            tally.add(run_id, requested=1, filtered=1)
            continue
        source = unique[row["url_fp"]].kind != "page"
        tally.add(run_id, requested=1, queued=1, sources=int(source))
        tally.at_host(run_id, row["host"], queued=1)
    await tally.write(connection)
    await connection.execute(named["seeded"], {"run": run_id})
    await change_state(connection, run_id, "running", ["queued"])
    await connection.execute(queries("frontier")["wake"])
    return True
