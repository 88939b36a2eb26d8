"""What PostgreSQL keeps for a while only, removed a piece at a time, so that nothing else waits for it."""

import asyncio

from infra.postgres.pool import Database
from infra.postgres.sql import queries

PAGES, ESTIMATES = 5000, 20
"""Pages that a job remembers, and estimates with all their rows, that one transaction removes: tenths of a second."""

_REST_S = 0.2


class Retention:
    """Each method goes on until nothing is left to remove, and says how much it was. Several may do the same at once.
    Outages are raised: what is left is removed the next time."""

    def __init__(self, database: Database, pages: int = PAGES, estimates: int = ESTIMATES) -> None:
        self._database = database
        self._pages = pages
        self._estimates = estimates

    async def forget_pages(self) -> int:
        """What deleted jobs remember of pages, and what no run has seen for longer than a page may rest."""
        return await self._all("forget_pages", self._pages)

    async def forget_estimates(self) -> int:
        """Estimates that ended an hour ago, whose answer was given."""
        return await self._all("forget_estimates", self._estimates)

    async def forget_keys(self) -> int:
        """Idempotency keys that are over a day old."""
        return await self._all("forget_keys", self._pages)

    async def forget_sessions(self) -> int:
        """Sessions that ended 30 days ago, but for an account's last one."""
        return await self._all("forget_sessions", self._pages)

    async def forget_links(self) -> int:
        """One-time links that have not worked for a week."""
        return await self._all("forget_links", self._pages)

    async def forget_devices(self) -> int:
        """Devices that were not seen for 400 days, but for an account's last one."""
        return await self._all("forget_devices", self._pages)

    async def _all(self, name: str, piece: int) -> int:
        removed = 0
        while True:
            rows = await self._database.fetch(queries("retention")[name], {"limit": piece})
            count = int(rows[0]["removed"])
            removed += count
            if count < piece:
                return removed
            await asyncio.sleep(_REST_S)
