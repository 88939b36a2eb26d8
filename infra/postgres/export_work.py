"""Exports in PostgreSQL: the exporters' side, which makes them. Many may work; each file is one's at a time."""

from collections.abc import AsyncIterator
from typing import Any

from infra.errors import StoreRefused
from infra.patience import patiently
from infra.postgres.audit import record
from infra.postgres.export_news import ExportNews
from infra.postgres.exports import context_of, export_of, plan
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.exports import FORMATS, Export

_AT_ONCE = 50


class ExportWork:
    """`lease` is the seconds within which a holder must renew, `keep` those for which a file stays, `most` and
    `most_bytes` what one owner may have. Outages are waited out."""

    def __init__(
        self,
        database: Database,
        seal: Seal,
        news: ExportNews,
        *,
        lease: float,
        keep: float,
        most: int,
        most_bytes: int,
    ) -> None:
        self._database = database
        self._seal = seal
        self._news = news
        self._lease = lease
        self._keep = keep
        self._most = most
        self._most_bytes = most_bytes
        self._sql = queries("exports")

    async def rung(self) -> AsyncIterator[None]:
        """Once at the beginning, and whenever somebody has asked."""
        async for _ in self._database.listen("exports"):
            yield

    async def plan(self) -> int:
        """Asks for the files of runs that have completed, each run once and its mark in the same transaction; returns
        how many files."""

        async def work(connection: Connection) -> int:
            due = await (await connection.execute(self._sql["due"], {"limit": _AT_ONCE})).fetchall()
            asked = 0
            for run in due:
                formats = [name for name in FORMATS if name in run["formats"]]
                made = [name for name in formats if await plan(connection, run, name)]
                asked += len(made)
                act = Act(actor="exporter", action="exports_asked", object=run["job_id"],
                          details={"run_id": run["run_id"], "formats": made})  # fmt: skip
                await record(connection, act)
            if due:
                await connection.execute(self._sql["planned"], {"runs": [run["run_id"] for run in due]})
            return asked

        return await patiently(lambda: self._database.repeat(work), "plan exports")

    async def take(self) -> Export | None:
        """The next one, held under a lease; what an earlier holder may have stored of it is dropped."""

        async def work(connection: Connection) -> Export | None:
            row = await (await connection.execute(self._sql["take"], {"lease": self._lease})).fetchone()
            if row is None:
                return None
            taken = export_of(row)
            if taken.attempt > 1:
                await connection.execute(self._sql["drop"], {"blob": blob_of(taken.id, taken.attempt - 1)})
            return taken

        return await patiently(lambda: self._database.repeat(work), "take an export")

    async def room(self, owner: str) -> str:
        """Why an owner may have no further file, or nothing."""
        held = (await self._rows("held", owner=owner))[0]
        if held["files"] > self._most:
            return f"You have {held['files'] - 1} exports, and {self._most} is the limit; delete some and ask again."
        if held["bytes"] >= self._most_bytes:
            return f"Your exports have {held['bytes']} bytes, and {self._most_bytes} is the limit; delete some."
        return ""

    async def password(self, export: Export) -> str | None:
        """What its file is to be locked with; None where that cannot be known any more."""
        rows = await self._rows("password", id=export.id, attempt=export.attempt)
        try:
            return self._seal.open(bytes(rows[0]["sealed"]), context_of(export.id), rows[0]["key_id"]).decode()
        except (IndexError, StoreRefused):
            return None

    async def renew(self, export: Export) -> bool:
        """False: it is somebody else's now, or was deleted."""
        return bool(await self._rows("renew", id=export.id, attempt=export.attempt, lease=self._lease))

    async def give_back(self, export: Export) -> None:
        """For whoever comes next."""
        await self._rows("give_back", id=export.id, attempt=export.attempt)

    async def finish(self, export: Export, *, records: int, size: int, sha256: str, blob: str) -> bool:
        """From now on the file can be seen. False: it is not this holder's to show."""
        values = {"keep": self._keep, "records": records, "bytes": size, "sha256": sha256, "blob": blob}
        return await self._end("finish", export, "export_made", values, format=export.format, sha256=sha256)

    async def fail(self, export: Export, why: str) -> bool:
        """It will not be made; the reason is kept for as long as a file would be."""
        return await self._end("fail", export, "export_failed", {"keep": self._keep, "why": why[:1000]}, why=why[:300])

    async def _end(self, statement: str, export: Export, action: str, values: dict[str, Any], **details: Any) -> bool:
        act = Act(actor="exporter", action=action, object=export.id, details={"job_id": export.job_id, **details})
        audience = await self._news.audience(export.run_id)

        async def work(connection: Connection) -> bool:
            row = {"id": export.id, "attempt": export.attempt}
            done = await (await connection.execute(self._sql[statement], values | row)).fetchone()
            if done is not None:
                await record(connection, act)
                await self._news.tell(connection, export_of(done), audience, done["mail_to"])
            return done is not None

        return await patiently(lambda: self._database.repeat(work), "end an export")

    async def drop(self, blob: str) -> None:
        """Nothing shows this file."""
        await self._rows("drop", blob=blob)

    async def expire(self) -> int:
        """Takes away what is too old; how many."""
        return int((await self._rows("expire"))[0]["files"])

    async def to_drop(self) -> list[str]:
        """Files that are to be removed, some."""
        return [row["blob"] for row in await self._rows("to_drop", limit=_AT_ONCE)]

    async def dropped(self, blobs: list[str]) -> None:
        """They are removed."""
        await self._rows("dropped", blobs=blobs)

    async def _rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        return await patiently(lambda: self._database.fetch(self._sql[statement], values), statement)


def blob_of(export_id: str, attempt: int) -> str:
    """Where an attempt stores its file: its own place, so that nobody's late write reaches another's."""
    return f"exports/{export_id}/{attempt}"
