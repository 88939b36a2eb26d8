"""Rate limits shared by all gateways: buckets of tokens in PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime

from infra.postgres.pool import Database
from infra.postgres.sql import queries
from schemas.limits import Ask, Taken

_PORTION = 10_000
"""Rows that are locked at once: somebody may come back meanwhile."""


class PostgresRates:
    """The gateway's `Rates`. The clock is the database's own; `clock` replaces it in tests."""

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self._clock = clock

    async def take(self, asks: Sequence[Ask]) -> list[Taken]:
        """One statement for all of them; two gateways never wait for each other in a circle."""
        rows = await self._database.fetch(
            queries("rates")["take"],
            {
                "owners": [ask.owner for ask in asks],
                "categories": [ask.category for ask in asks],
                "limits": [ask.limit for ask in asks],
                "bursts": [ask.burst for ask in asks],
                "blocks": [ask.block for ask in asks],
                "moment": self._clock() if self._clock else None,
            },
        )
        return [Taken(**row) for row in rows]

    async def sweep(self) -> None:
        """Forgets buckets that are full, all of them: however many addresses came, the table holds those of the last
        minute and those that are blocked."""
        forgotten = _PORTION
        while forgotten >= _PORTION:
            rows = await self._database.fetch(queries("rates")["sweep"], {"portion": _PORTION})
            forgotten = rows[0]["forgotten"]
