"""A replay that is asked for: whose pages it reads, and which revision of the dataset it writes."""

from dataclasses import dataclass
from typing import Any

from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.ledger import Opening, PagesWanted

MAX_SOURCES = 1000
"""Crawls whose pages one replay reads: the newest ones."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The crawls whose pages are meant, how many pages they read at most, and the revision that this becomes."""

    sources: list[str]
    pages: int
    revision: int


async def asked_for(connection: Connection, opening: Opening, wanted: PagesWanted) -> Asked | None:
    """Under the lock of the dataset's revisions; None where no crawl of the job is meant."""
    named, job = queries("replays"), {"job": opening.job_id}
    await connection.execute(named["lock_revisions"], {"dataset": opening.dataset})
    values: dict[str, Any] = job
    statement = "newest_source"
    if wanted.run_id is not None:
        statement, values = "source", {**job, "run": wanted.run_id}
    elif wanted.since or wanted.until:
        statement = "sources_between"
        values = {**job, "since": wanted.since, "until": wanted.until, "limit": MAX_SOURCES}
    sources = [str(row["id"]) for row in await (await connection.execute(named[statement], values)).fetchall()]
    if not sources:
        return None
    bound = {"sources": sources, "dataset": opening.dataset}
    row = await (await connection.execute(named["bound"], bound)).fetchone()
    assert row is not None
    return Asked(sources, row["pages"], row["revision"])


async def write_down(connection: Connection, run_id: str, asked: Asked, wanted: PagesWanted) -> None:
    """What the run reads; whoever replays looks for it within a second."""
    values: dict[str, Any] = {
        "run_id": run_id,
        "sources": asked.sources,
        "since": wanted.since,
        "until": wanted.until,
        "pattern": wanted.pattern,
    }
    await connection.execute(queries("replays")["add"], values)
