"""Exports in PostgreSQL: the gateway's side, which asks and shows."""

from typing import Any

from infra.postgres.audit import record
from infra.postgres.export_news import ExportMails
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.exports import Export, ExportAsked, ExportFormat, filename_of
from schemas.ledger import ENDED_STATES

_FIELDS = tuple(Export.__dataclass_fields__)


def export_of(row: dict[str, Any]) -> Export:
    """A row as everybody knows it."""
    return Export(**{name: row[name] for name in _FIELDS})


def context_of(export_id: str) -> str:
    """What a file's password is sealed for."""
    return f"export {export_id}"


class PostgresExports:
    """Who may see what is the caller's to decide."""

    def __init__(self, database: Database, seal: Seal, mails: ExportMails) -> None:
        self._database = database
        self._seal = seal
        self._mails = mails
        self._sql = queries("exports")

    async def ask(self, asked: ExportAsked, most: int, most_bytes: int, act: Act) -> Export | str:
        """The file that is there or on its way, or a new one; else why not: `gone`, `open` (no run that is meant is
        over), `cleaned` (its records were removed), `full`. Asking for what is there is audited too, but not a repeat
        of the request that made it."""
        sealed = self._sealed(asked)

        async def work(connection: Connection) -> Export | str:
            run = await self._first(connection, "run_of", {"job": asked.job_id, "run": asked.run_id})
            if run is None:
                return "gone" if asked.run_id else "open"
            if run["state"] not in ENDED_STATES:
                return "open"
            if run["cleaned"]:
                return "cleaned"
            await connection.execute(self._sql["lock_owner"], run)
            await connection.execute(self._sql["expire"])
            values = _values(asked, run)
            row = await self._first(connection, "same", values)
            if row is not None and row["id"] == asked.id:
                return export_of(row)
            if row is None:
                held = await self._first(connection, "held", run)
                if held is None or held["files"] >= most or held["bytes"] >= most_bytes:
                    return "full"
                await connection.execute(self._sql["ask"], values | sealed | {"asked_by": act.actor})
                row = await self._first(connection, "same", values)
                await connection.execute(self._sql["wake"])
            assert row is not None
            if asked.mail:
                await self._tell(connection, export_of(row), act.actor)
            await record(connection, act)
            return export_of(row)

        return await self._database.repeat(work)

    async def _tell(self, connection: Connection, export: Export, user: str) -> None:
        """When it is made; at once where it is."""
        if export.state in ("queued", "running"):
            await connection.execute(self._sql["mail_to"], {"id": export.id, "user": user})
        else:
            await self._mails.post(connection, export, [user])

    async def _first(self, connection: Connection, statement: str, values: dict[str, Any]) -> dict[str, Any] | None:
        return await (await connection.execute(self._sql[statement], values)).fetchone()

    def _sealed(self, asked: ExportAsked) -> dict[str, Any]:
        if not asked.password:
            return {"key_id": None, "sealed": None}
        sealed = self._seal.seal(asked.password.encode(), context_of(asked.id))
        return {"key_id": self._seal.key_id, "sealed": sealed}

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


async def plan(connection: Connection, run: dict[str, Any], format: ExportFormat) -> bool:
    """Within the caller's transaction: a file that the job itself asks for; False where there is one."""
    asked = ExportAsked(job_id=run["job_id"], run_id=run["run_id"], format=format)
    values = _values(asked, run) | {"asked_by": "", "key_id": None, "sealed": None}
    return await (await connection.execute(queries("exports")["ask"], values)).fetchone() is not None


def _values(asked: ExportAsked, run: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": asked.id,
        "job": run["job_id"],
        "run": run["run_id"],
        "owner": run["owner"],
        "dataset": run["dataset"],
        "name": run["name"],
        "format": asked.format,
        "variant": asked.variant,
        "filename": filename_of(run["name"], run["run_id"], asked),
        "conditions": list(asked.conditions),
        "since": asked.since,
        "until": asked.until,
        "selection": asked.selection,
        "compressed": asked.compressed,
        "encrypted": bool(asked.password),
    }
