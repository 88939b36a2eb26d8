"""Runs for the dashboards, told in the words of their events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.postgres.job_rows import counts_of
from infra.postgres.pool import Database
from infra.postgres.sql import queries
from schemas.events import RunEvent
from schemas.ids import digest
from schemas.moments import rfc3339
from schemas.particulars import RunParticulars

_MOST_URLS = 3


class PostgresRuns:
    """Reads `runs`; see `dashboards/ports.py` for what is promised. StoreUnavailable when PostgreSQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recent(self, limit: int) -> list[RunEvent]:
        """The newest runs, oldest first, open ones always among them."""
        rows = await self._database.fetch(queries("charts")["recent_runs"], {"limit": limit})
        return [_event(row) for row in rows]

    async def run(self, run_id: str) -> RunEvent | None:
        """One run, or None."""
        rows = await self._database.fetch(queries("charts")["one_run"], {"run": run_id})
        return _event(rows[0]) if rows else None

    async def particulars(self, run_id: str) -> RunParticulars | None:
        """Who asked for the run and for what, or None."""
        rows = await self._database.fetch(queries("charts")["particulars"], {"run": run_id})
        return _particulars(rows[0]) if rows else None


def _event(row: Mapping[str, Any]) -> RunEvent:
    """The run as an event of the moment at which it changed for certain, so that any event of it is newer."""
    at = _text(row["finished_at"] or row["started_at"] or row["created_at"])
    return RunEvent(
        id=digest(str(row["id"]), "row", at),
        run_id=str(row["id"]),
        job_id=str(row["job_id"]),
        dataset=row["dataset"],
        kind="state",
        state=row["state"],
        at=at,
        counts=counts_of(row),
        max_pages=row["max_pages"],
        reason=row["reason"],
        paused=row["paused_at"] is not None,
    )


def _particulars(row: Mapping[str, Any]) -> RunParticulars:
    return RunParticulars(
        name=row["name"],
        urls=tuple(str(url) for url in (row["urls"] or [])[:_MOST_URLS]),
        owner=row["owner"],
        created_at=_text(row["created_at"]),
        started_at=_text(row["started_at"]),
        finished_at=_text(row["finished_at"]),
    )


def _text(moment: datetime | None) -> str:
    return rfc3339(moment) if moment else ""
