"""Which dead letters were sent again."""

from datetime import datetime

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act


class ReplayedLetters:
    """The gateway's `Resent`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, letter_id: str, act: Act) -> datetime | None:
        """When it was sent again; None where it is to be sent now. Audited once."""

        async def work(connection: Connection) -> datetime | None:
            row = await (await connection.execute(queries("letters")["ask"], {"id": letter_id})).fetchone()
            assert row is not None
            if row["new"]:
                await record(connection, act)
            done: datetime | None = row["done_at"]
            return done

        return await self._database.repeat(work)

    async def done(self, letter_id: str) -> None:
        """It is in its topic."""
        await self._database.repeat(lambda connection: _done(connection, letter_id))


async def _done(connection: Connection, letter_id: str) -> None:
    await connection.execute(queries("letters")["done"], {"id": letter_id})
