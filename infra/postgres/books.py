"""Which job reads the books, which of its runs is the catalogue, and which models spoke of it."""

from collections.abc import Mapping, Sequence

from psycopg.types.json import Jsonb

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.books import VERSIONS_KEPT, Edition, ModelRow


class PostgresEditions:
    """The gateway's `Editions`."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._sql = queries("books")

    async def job_of(self, owner: str) -> str | None:
        """The job that the owner's books come from, if it is still there."""
        rows = await self._database.fetch(self._sql["ready_made"], {"name": self._name, "owner": owner})
        return str(rows[0]["job_id"]) if rows else None

    async def remember(self, owner: str, job_id: str) -> None:
        """This job is the owner's one from now on."""
        await self._database.fetch(self._sql["remember"], {"name": self._name, "owner": owner, "job_id": job_id})

    async def newest(self) -> Edition | None:
        """The run whose records are the catalogue."""
        rows = await self._database.fetch(self._sql["edition"], {"name": self._name})
        return Edition(run_id=str(rows[0]["id"]), at=rows[0]["at"], whole=rows[0]["whole"]) if rows else None

    async def add_model(self, owner: str, model: ModelRow, said: Mapping[int, float], act: Act) -> bool:
        """Keeps a version with what it said; False, and nothing is written, where the owner has it already."""

        async def work(connection: Connection) -> bool:
            values = {
                "name": model.name,
                "version": model.version,
                "target": model.target,
                "origin": model.origin,
                "owner": owner,
                "run_id": model.run_id,
                "scores": Jsonb(model.scores),
                "books": model.books,
            }
            if await (await connection.execute(self._sql["add_model"], values)).fetchone() is None:
                return False
            if said:
                spoken = {"books": list(said), "values": list(said.values())}
                await connection.execute(self._sql["add_predictions"], values | spoken)
            await connection.execute(self._sql["forget_models"], {"owner": owner, "keep": VERSIONS_KEPT})
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def models(self, owners: Sequence[str] | None, limit: int, offset: int) -> tuple[list[ModelRow], int]:
        """Versions of these owners (None: everyone's), the newest first, and how many there are in all."""
        values = {"owners": None if owners is None else list(owners), "limit": limit, "offset": offset}
        counted = await self._database.fetch(self._sql["count_models"], values)
        rows = await self._database.fetch(self._sql["models"], values)
        return [ModelRow(**row) for row in rows], counted[0]["models"]
