"""Which account somebody of an outside provider has, in PostgreSQL."""

from infra.postgres.account_rows import user_of
from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act, User
from schemas.oidc import Identity


class _Taken(Exception):
    """Somebody else was first: nothing of the transaction stays."""


class PostgresIdentities:
    """The gateway's `Identities`. Every write leaves its audit line in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("identities")

    async def find(self, issuer: str, subject: str) -> User | None:
        """Whatever the account's status."""
        rows = await self._database.fetch(self._sql["find"], {"issuer": issuer, "subject": subject})
        return user_of(rows[0]) if rows else None

    async def link(self, identity: Identity, user_id: str, act: Act) -> bool:
        """False when it is another account's."""

        async def work(connection: Connection) -> bool:
            if not await self._link(connection, identity, user_id):
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def create(self, identity: Identity, user: User, act: Act) -> bool:
        """False when the name or the address is taken, or somebody was faster."""
        values = {"id": user.id, "username": user.username, "email": user.email, "role": user.role}

        async def work(connection: Connection) -> None:
            added = await (await connection.execute(self._sql["add_user"], values)).fetchone()
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
