"""Who is told that a file is made, or will not be, written in the transaction that ends it."""

from collections.abc import Callable, Iterable, Sequence

from infra.postgres.notifications import PostgresTellings
from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.export_news import ended, to_asker
from schemas.exports import Export
from schemas.happenings import Happening
from schemas.webhooks import Audience, Telling

Choose = Callable[[Happening, Audience], Iterable[Telling]]
"""Who of those who may be told of a job asked for such an event."""


class ExportMails:
    """Mails to accounts that asked for one. `home` is where the gateway is reached."""

    def __init__(self, tellings: PostgresTellings, home: str) -> None:
        self._tellings = tellings
        self._home = home

    async def post(self, connection: Connection, export: Export, users: Sequence[str]) -> None:
        """To the addresses that they have now, once for a file and an address."""
        rows = await connection.execute(queries("exports")["addresses"], {"users": list(users)})
        told = [to_asker(export, row["email"], self._home) for row in await rows.fetchall()]
        await self._tellings.write_within(connection, told)


class ExportNews:
    """The webhooks of a job's owner, and those mails."""

    def __init__(self, tellings: PostgresTellings, mails: ExportMails, choose: Choose) -> None:
        self._tellings = tellings
        self._mails = mails
        self._choose = choose

    async def audience(self, run_id: str) -> Audience | None:
        """Asked before the transaction: None where nobody is to be told any more."""
        return (await self._tellings.audiences([run_id])).get(run_id)

    async def tell(
        self, connection: Connection, export: Export, audience: Audience | None, users: Sequence[str]
    ) -> None:
        """Everybody, once."""
        if audience is not None:
            await self._tellings.write_within(connection, list(self._choose(ended(export), audience)))
        await self._mails.post(connection, export, users)
