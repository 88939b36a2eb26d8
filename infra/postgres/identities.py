"""Which account somebody of an outside provider has, in PostgreSQL."""

from infra.postgres.account_rows import new_row, user_of
from infra.postgres.audit import record
from infra.postgres.mailbox import Mailbox, tell
from infra.postgres.owning import as_seen, counts
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act, User
from schemas.mail import Mail
from schemas.oidc import Identity, LinkedIdentity


class _Taken(Exception):
    """Somebody else was first: nothing of the transaction stays."""


class PostgresIdentities:
    """The gateway's `Identities`. Every write leaves its audit line, and the mail about it, in the same transaction."""

    def __init__(self, database: Database, mailbox: Mailbox | None = None) -> None:
        self._database = database
        self._mailbox = mailbox
        self._sql = queries("identities")

    async def find(self, issuer: str, subject: str) -> User | None:
        """Whatever the account's status."""
        rows = await self._database.fetch(self._sql["find"], {"issuer": issuer, "subject": subject})
        return user_of(rows[0]) if rows else None

    async def all(self, user_id: str) -> list[LinkedIdentity]:
        """Oldest first."""
        rows = await self._database.fetch(self._sql["all"], {"user_id": user_id})
        return [LinkedIdentity(**row | {"id": str(row["id"])}) for row in rows]

    async def link(self, identity: Identity, user: User, act: Act, by: str, mail: Mail | None = None) -> bool:
        """Under the account's lock, so that a session that is ended meanwhile links nobody, and nobody an account that
        is no longer what it was."""

        async def work(connection: Connection) -> bool:
            if not await as_seen(connection, user.id, user.credential_version) or not await counts(connection, by):
                return False
            if not await self._link(connection, identity, user.id):
                return False
            await tell(connection, self._mailbox, act, mail)
            return True

        return await self._database.repeat(work)

    async def unlink(self, identity_id: str, user: User, act: Act, mail: Mail | None = None) -> bool:
        """False for one that is not this account's, or when what was shown for it counts no more."""
        values = {"id": identity_id, "user_id": user.id}

        async def work(connection: Connection) -> bool:
            if not await as_seen(connection, user.id, user.credential_version):
                return False
            if await (await connection.execute(self._sql["unlink"], values)).fetchone() is None:
                return False
            await tell(connection, self._mailbox, act, mail)
            return True

        return await self._database.repeat(work)

    async def create(self, identity: Identity, user: User, act: Act) -> bool:
        """False when the name or the address is taken, or somebody was faster."""

        async def work(connection: Connection) -> None:
            added = await (await connection.execute(queries("accounts")["add_user"], new_row(user))).fetchone()
            if added is None or not await self._link(connection, identity, user.id):
                raise _Taken
            await record(connection, act)

        try:
            await self._database.repeat(work)
        except _Taken:
            return False
        return True

    async def _link(self, connection: Connection, identity: Identity, user_id: str) -> bool:
        values = {"issuer": identity.issuer, "subject": identity.subject, "user_id": user_id}
        return await (await connection.execute(self._sql["link"], values)).fetchone() is not None
