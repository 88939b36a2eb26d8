"""How far the warehouse is, as its intents say."""

from infra.postgres.pool import Database
from infra.postgres.sql import queries


class StoredUpTo:
    """The gateway's view of what ClickHouse is known to hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self) -> dict[tuple[str, int], int]:
        """By topic and partition, the offset before which everything is in ClickHouse."""
        rows = await self._database.fetch(queries("stored")["stored_up_to"])
        return {(row["topic"], row["partition"]): row["stored"] for row in rows}
