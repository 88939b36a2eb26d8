"""Jobs that are kept, changed and set aside. The job's row is its newest version; those before it never change."""

from typing import Literal

from psycopg.types.json import Jsonb

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.recurring import settle
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.ledger import JobVersion, Opening


class PostgresVersions:
    """The gateway's `JobVersions`. Every change is one transaction under the job's row lock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("job_versions")

    async def keep(self, opening: Opening, act: Act) -> None:
        """The job and its audit line."""
        values = {
            "job_id": opening.job_id,
            "owner": opening.owner,
            "name": opening.name,
            "dataset": opening.dataset,
            "description": Jsonb(opening.description),
            "kind": opening.kind,
            "actor": act.actor,
        }

        async def work(connection: Connection) -> None:
            if act.claim is not None:
                held = await connection.execute(queries("jobs")["lock_job"], {"job_id": opening.job_id})
                if await held.fetchone():
                    return  # an earlier attempt of the same request has made it
            await connection.execute(queries("jobs")["add_job"], values)
            await settle(connection, opening.job_id, opening.description)
            await record(connection, act)

        await self._database.repeat(work)

    async def change(self, opening: Opening, expected: int, act: Act) -> int | Literal["stale", "gone"]:
        """The old version is kept in the transaction that writes the new one."""
        values = {
            "job_id": opening.job_id,
            "name": opening.name,
            "dataset": opening.dataset,
            "description": Jsonb(opening.description),
            "actor": act.actor,
        }

        async def work(connection: Connection) -> int | Literal["stale", "gone"]:
            held = await (await connection.execute(queries("jobs")["lock_job"], values)).fetchone()
            if held is None:
                return "gone"
            if held["version"] != expected:
                return "stale"
            await connection.execute(self._sql["add_version"], values)
            row = await (await connection.execute(self._sql["change"], values)).fetchone()
            assert row is not None
            await settle(connection, opening.job_id, opening.description)
            await record(connection, act)
            return int(row["version"])

        return await self._database.repeat(work)

    async def versions(
        self, job_id: str, *, version: int | None = None, before: int | None = None, limit: int
    ) -> list[JobVersion]:
        """The newest first."""
        values = {"job_id": job_id, "version": version, "before": before, "limit": limit}
        return [JobVersion(**row) for row in await self._database.fetch(self._sql["versions"], values)]

    async def archive(self, job_id: str, archived: bool, act: Act) -> bool:
        """Audited when it changes something."""

        async def work(connection: Connection) -> bool:
            values = {"job_id": job_id, "archived": archived}
            if await (await connection.execute(self._sql["archive"], values)).fetchone() is None:
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)
