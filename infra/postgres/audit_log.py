"""Reading the audit log: by what was done, by whom and when; and all of it, for keeping elsewhere."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from infra.postgres.audit import record
from infra.postgres.audit_chain import AuditChain
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.audit import AuditEntry, AuditFilter, ChainStatus

_PIECE = 1000


class PostgresAuditLog:
    """The gateway's `AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = AuditChain(database)
        self._sql = queries("audit")

    async def page(self, wanted: AuditFilter, before: int | None, limit: int) -> list[AuditEntry]:
        """The newest first; those before a line."""
        values = {**asdict(wanted), "before": before, "limit": limit}
        return [_entry(row) for row in await self._database.fetch(self._sql["search"], values)]

    async def begin_export(self, act: Act) -> int:
        """Audits an export; the number of its own line, up to which it goes."""

        async def work(connection: Connection) -> int:
            await record(connection, act)
            row = await (await connection.execute(self._sql["newest"])).fetchone()
            return int(row["id"]) if row else 0

        return await self._database.repeat(work)

    async def export(self, wanted: AuditFilter, upto: int) -> AsyncIterator[list[AuditEntry]]:
        """Oldest first, in pieces; no connection is held between two of them, however slowly they are taken."""
        after = -(2**63)
        while True:
            values = {**asdict(wanted), "after": after, "upto": upto, "limit": _PIECE}
            rows = await self._database.fetch(self._sql["export"], values)
            if rows:
                yield [_entry(row) for row in rows]
            if len(rows) < _PIECE:
                return
            after = rows[-1]["id"]

    async def status(self) -> ChainStatus:
        """How far the sealer is."""
        return await self._chain.status()


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**row)
