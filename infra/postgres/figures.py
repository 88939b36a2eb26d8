"""How much there is in PostgreSQL. Three small questions, whose answers a caller should remember for some seconds."""

from infra.postgres.pool import Database
from infra.postgres.sql import queries
from schemas.figures import Figures


class PostgresFigures:
    """The gateway's `SystemFigures`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, owner: str | None) -> Figures:
        """Of one owner, or of everyone."""
        values = {"owner": owner}
        jobs = await self._database.fetch(queries("figures")["jobs"], values)
        runs = (await self._database.fetch(queries("figures")["runs"], values))[0]
        exports = await self._database.fetch(queries("exports")["stats"], values)
        return Figures(
            jobs={row["state"]: row["jobs"] for row in jobs},
            exports={row["state"]: row["files"] for row in exports},
            export_bytes=sum(row["bytes"] for row in exports),
            downloads=sum(row["downloads"] for row in exports),
            **runs,
        )
