"""What is known of runs that were: in their order, with what people did about them."""

from collections.abc import Sequence
from datetime import datetime

from infra.postgres.audit import record
from infra.postgres.job_rows import run_of
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.ledger import Done, HostLoad, Run


class PostgresHistory:
    """The gateway's `RunHistory`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("run_history")

    async def runs(self, job_id: str, states: Sequence[str] | None, limit: int, offset: int) -> list[Run]:
        """The newest first."""
        values = {"job_id": job_id, "states": _list(states), "limit": limit, "offset": offset}
        return [run_of(row) for row in await self._database.fetch(self._sql["runs"], values)]

    async def count_runs(self, job_id: str, states: Sequence[str] | None) -> int:
        """How many there are."""
        values = {"job_id": job_id, "states": _list(states)}
        return int((await self._database.fetch(self._sql["count_runs"], values))[0]["runs"])

    async def loads(self, run_id: str, limit: int) -> list[HostLoad]:
        """Those first at which it takes longest."""
        rows = await self._database.fetch(self._sql["loads"], {"run_id": run_id, "limit": limit})
        return [HostLoad(**row) for row in rows]

    async def acknowledge(self, run_id: str, act: Act) -> bool:
        """Audited when it changes something."""

        async def work(connection: Connection) -> bool:
            return await self._marked(connection, "acknowledge", run_id, act)

        return await self._database.repeat(work)

    async def begin_cleanup(self, run_id: str, act: Act) -> bool:
        """Written down, and audited, before the first record goes. The run's files go in the same transaction."""

        async def work(connection: Connection) -> bool:
            if not await self._marked(connection, "begin_cleanup", run_id, act):
                return False
            exports = queries("exports")
            await connection.execute(exports["remove_of_run"], {"run_id": run_id})
            await connection.execute(exports["wake"])
            return True

        return await self._database.repeat(work)

    async def cleaned(self, run_id: str) -> None:
        """The records are gone."""
        await self._database.fetch(self._sql["cleaned"], {"run_id": run_id})

    async def acts(self, job_id: str, run_id: str | None, after: tuple[datetime, str], limit: int) -> list[Done]:
        """From the audit log, in order, after a position."""
        moment, identity = after
        values = {"job_id": job_id, "run_id": run_id, "after": moment, "after_id": identity, "limit": limit}
        return [Done(**row) for row in await self._database.fetch(self._sql["acts"], values)]

    async def _marked(self, connection: Connection, statement: str, run_id: str, act: Act) -> bool:
        values = {"run_id": run_id, "actor": act.actor}
        if await (await connection.execute(self._sql[statement], values)).fetchone() is None:
            return False
        await record(connection, act)
        return True


def _list(states: Sequence[str] | None) -> list[str] | None:
    return list(states) if states is not None else None
