"""Which dead letters were sent again, and what that changes in the accounts of their runs."""

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.ledger import Again, Asked, BatchAgain, PageAgain, PartAgain


class ReplayedLetters:
    """The gateway's `Resent`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, letter_id: str, act: Act, again: Again | None) -> Asked:
        """Whether it is to be sent. The first who asks has the run's accounts make room for what comes `again`, in the
        same transaction; audited once."""

        async def work(connection: Connection) -> Asked:
            named, values = queries("letters"), {"id": letter_id}
            if again:
                await connection.execute(queries("frontier")["lock_runs"], {"runs": [again.run_id]})
            asked = await (await connection.execute(named["asked"], values)).fetchone()
            if asked:
                return Asked(asked["done_at"])
            closed = await _made_room(connection, again) if again else ""
            if closed:
                return Asked(closed=closed)
            row = await (await connection.execute(named["ask"], values)).fetchone()
            assert row is not None
            if row["new"]:
                await record(connection, act)
            return Asked(row["done_at"])

        return await self._database.repeat(work)

    async def done(self, letter_id: str) -> None:
        """It is in its topic."""
        await self._database.repeat(lambda connection: _done(connection, letter_id))


async def _made_room(connection: Connection, again: Again) -> str:
    """How the run has closed without it, where nothing can be changed any more."""
    if isinstance(again, PageAgain):
        return await _page(connection, again)
    if isinstance(again, PartAgain):
        return await _part(connection, again)
    return await _batch(connection, again)


async def _page(connection: Connection, again: PageAgain) -> str:
    asked = {"run": again.run_id, "fp": again.url_fp}
    row = await (await connection.execute(queries("letters")["page"], asked)).fetchone()
    if row is None:
        return "unknown"
    return str(row["outcome"]) if row["state"] == "done" else ""


async def _part(connection: Connection, again: PartAgain) -> str:
    asked = {"run": again.run_id, "part": again.part, "place": again.place}
    if await (await connection.execute(queries("letters")["part"], asked)).fetchone() is None:
        return ""  # it was never counted
    back = await (await connection.execute(queries("letters")["put_back"], asked)).fetchone()
    return "" if back else "taken"


async def _batch(connection: Connection, again: BatchAgain) -> str:
    values = {"run": again.run_id, "batch": again.batch, "anew": again.anew}
    await connection.execute(queries("letters")["promise_anew"], values)
    return ""


async def _done(connection: Connection, letter_id: str) -> None:
    await connection.execute(queries("letters")["done"], {"id": letter_id})
