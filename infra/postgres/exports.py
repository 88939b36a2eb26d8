"""Exports in PostgreSQL: the gateway's side, which asks and shows."""

from typing import Any
from uuid import uuid4

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.exports import Export, ExportAsked, filename_of

_FIELDS = tuple(Export.__dataclass_fields__)


def export_of(row: dict[str, Any]) -> Export:
    """A row as everybody knows it."""
    return Export(**{name: row[name] for name in _FIELDS})


class PostgresExports:
    """Who may see what is the caller's to decide."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("exports")

    async def ask(self, asked: ExportAsked, most: int, most_bytes: int, act: Act) -> Export | str:
        """The file that is there or on its way, or a new one; else why not: `gone`, `open` (no run that is meant is
        over), `cleaned` (its records were removed), `full`. Asking for what is there is audited too."""

        async def work(connection: Connection) -> Export | str:
            values = {"job": asked.job_id, "run": asked.run_id, "format": asked.format, "variant": asked.variant}
            run = await (await connection.execute(self._sql["run_of"], values)).fetchone()
            if run is None:
                return "gone" if asked.run_id else "open"
            if run["state"] not in ("completed", "failed", "cancelled"):
                return "open"
            if run["cleaned"]:
                return "cleaned"
            await connection.execute(self._sql["lock_owner"], run)
            await connection.execute(self._sql["expire"])
            values["run"] = run["run_id"]
            row = await (await connection.execute(self._sql["same"], values)).fetchone()
            if row is None:
                held = await (await connection.execute(self._sql["held"], run)).fetchone()
                if held is None or held["files"] >= most or held["bytes"] >= most_bytes:
                    return "full"
                await ask(connection, run, asked.format, asked.variant, act.actor)
                row = await (await connection.execute(self._sql["same"], values)).fetchone()
                await connection.execute(self._sql["wake"])
            assert row is not None
            await record(connection, act)
            return export_of(row)

        return await self._database.repeat(work)

    async def export(self, export_id: str) -> Export | None:
        """One of a job that is not deleted."""
        return await self._one("export", id=export_id)

    async def of_job(self, job_id: str, limit: int) -> list[Export]:
        """A job's, the newest first, without those that have expired."""
        return [export_of(row) for row in await self._rows("of_job", job=job_id, limit=limit)]

    async def named(self, job_id: str, filename: str) -> Export | None:
        """The whole file of that name."""
        return await self._one("named", job=job_id, filename=filename)

    async def downloaded(self, export_id: str, act: Act) -> bool:
        """Counts and audits a download; False, and nothing is, where the file is gone."""

        async def work(connection: Connection) -> bool:
            row = await (await connection.execute(self._sql["downloaded"], {"id": export_id})).fetchone()
            if row is not None:
                await record(connection, act)
            return row is not None

        return await self._database.repeat(work)

    async def remove(self, job_id: str, act: Act) -> int:
        """Takes away all files of a job, and what is under way; how many. Audited where there was one."""

        async def work(connection: Connection) -> int:
            row = await (await connection.execute(self._sql["remove"], {"job": job_id})).fetchone()
            files = int(row["files"]) if row else 0
            if files:
                act.details["files"] = files
                await record(connection, act)
                await connection.execute(self._sql["wake"])
            return files

        return await self._database.repeat(work)

    async def _one(self, statement: str, **values: Any) -> Export | None:
        rows = await self._rows(statement, **values)
        return export_of(rows[0]) if rows else None

    async def _rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        return await self._database.fetch(self._sql[statement], values)


async def ask(connection: Connection, run: dict[str, Any], format: Any, variant: Any, asked_by: str) -> bool:
    """Within the caller's transaction: a file of a run that is to be made; False where there is one."""
    values = {
        "id": str(uuid4()),
        "job": run["job_id"],
        "run": run["run_id"],
        "owner": run["owner"],
        "dataset": run["dataset"],
        "name": run["name"],
        "format": format,
        "variant": variant,
        "filename": filename_of(run["name"], run["run_id"], format, variant),
        "asked_by": asked_by,
    }
    return await (await connection.execute(queries("exports")["ask"], values)).fetchone() is not None
