"""What became of a run's URLs, read from the frontier."""

from typing import Any

from infra.postgres.pool import Database
from infra.postgres.sql import queries
from schemas.ledger import HostSample, HostWait, UrlFate


class Fates:
    """Reads alone: whatever a row says is dispatch's and extraction's to change."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        return [_fate(row) for row in await self._ask("urls", **values)]

    async def redirect(self, run_id: str, url: str) -> UrlFate | None:
        """Where a URL of a run redirects to."""
        rows = await self._ask("redirects", run_id=run_id, url=url)
        return _fate(rows[0]) if rows else None

    async def host_wait(self, run_id: str, host: str) -> HostWait | None:
        """What a run's URLs at a host wait for."""
        rows = await self._ask("host_wait", run_id=run_id, host=host)
        return HostWait(**rows[0]) if rows else None

    async def spent_hosts(self, run_id: str, daily: int) -> int:
        """At how many hosts a run waits for tomorrow."""
        return int((await self._ask("spent_hosts", run_id=run_id, daily=daily))[0]["hosts"])

    async def tried(self, run_id: str, limit: int) -> list[UrlFate]:
        """What a run has visited and what it began with, seeds first."""
        return [_fate(row) for row in await self._ask("tried", run_id=run_id, limit=limit)]

    async def host_samples(self, run_id: str) -> list[HostSample]:
        """What a run has seen of each host."""
        return [HostSample(**row) for row in await self._ask("host_samples", run_id=run_id)]

    async def _ask(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        return await self._database.fetch(queries("fates")[statement], values)


def _fate(row: dict[str, Any]) -> UrlFate:
    return UrlFate(**{**row, "url_fp": str(row["url_fp"])})
