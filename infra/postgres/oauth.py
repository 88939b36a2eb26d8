"""OAuth2 clients and codes in PostgreSQL. What a client is given is a row of `sessions`."""

from collections.abc import Callable
from typing import Any, Literal

from infra.postgres.account_rows import new_row, user_of
from infra.postgres.audit import record
from infra.postgres.mailbox import Mailbox
from infra.postgres.owning import stands
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act, Session, User
from schemas.mail import Mail
from schemas.oauth import ClientChange, Consent, OAuthClient

Opened = Callable[[User, Consent], tuple[Session, Act]]
Warn = Callable[[User], Mail | None]


class _Taken(Exception):
    """A name is somebody else's: nothing of the transaction stays."""


class PostgresOAuth:
    """The gateway's `OAuthStore`. Every write leaves its audit line, and the mail about it, in the same transaction."""

    def __init__(self, database: Database, mailbox: Mailbox | None = None) -> None:
        self._database = database
        self._mailbox = mailbox
        self._sql = queries("oauth")

    async def add_client(
        self, client: OAuthClient, service: User | None, act: Act, room: int
    ) -> OAuthClient | Literal["taken", "full"]:
        """Taken is the name of the client or of its account. Whoever counts them does so alone."""
        values = {name: getattr(client, name) for name in OAuthClient.__dataclass_fields__ if name != "created_at"}
        lists = {"redirect_uris": list(client.redirect_uris), "scopes": list(client.scopes)}

        async def work(connection: Connection) -> OAuthClient | Literal["full"]:
            await connection.execute(self._sql["lock_clients"])
            held = await (await connection.execute(self._sql["count_clients"])).fetchone()
            if held and held["count"] >= room:
                return "full"
            if service:
                account = new_row(service, kind="service")
                if await (await connection.execute(queries("accounts")["add_user"], account)).fetchone() is None:
                    raise _Taken
            row = await (await connection.execute(self._sql["add_client"], values | lists)).fetchone()
            if row is None:
                raise _Taken
            await record(connection, act)
            return _client(row)

        try:
            return await self._database.repeat(work)
        except _Taken:
            return "taken"

    async def client(self, client_id: str) -> OAuthClient | None:
        """One client."""
        rows = await self._database.fetch(self._sql["client"], {"id": client_id})
        return _client(rows[0]) if rows else None

    async def clients(self) -> list[OAuthClient]:
        """All of them, by name."""
        return [_client(row) for row in await self._database.fetch(self._sql["clients"])]

    async def change_client(
        self, client_id: str, change: ClientChange, act: Act
    ) -> OAuthClient | Literal["taken"] | None:
        """None for one that is not there."""
        values = {
            "id": client_id,
            "name": change.name,
            "redirect_uris": None if change.redirect_uris is None else list(change.redirect_uris),
            "scopes": None if change.scopes is None else list(change.scopes),
            "secret_hash": change.secret_hash,
        }

        async def work(connection: Connection) -> OAuthClient | Literal["taken"] | None:
            taken = await (await connection.execute(self._sql["name_taken"], values)).fetchone()
            if taken and taken["taken"]:
                return "taken"
            row = await (await connection.execute(self._sql["change_client"], values)).fetchone()
            if row is None:
                return None
            await record(connection, act)
            return _client(row)

        return await self._database.repeat(work)

    async def remove_client(self, client_id: str, act: Act) -> bool:
        """False for one that is not there."""

        async def work(connection: Connection) -> bool:
            if await (await connection.execute(self._sql["lock_client"], {"id": client_id})).fetchone() is None:
                return False
            await connection.execute(self._sql["end_grants"], {"id": client_id})
            await connection.execute(self._sql["disable_service"], {"id": client_id})
            await connection.execute(self._sql["remove_client"], {"id": client_id})
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def add_code(self, code_hash: bytes, consent: Consent, act: Act, by: str) -> bool:
        """Whoever consents is looked at under the account's lock. Old codes go at the same time, so that they never
        gather."""
        values = {
            "code_hash": code_hash,
            "client_id": consent.client_id,
            "user_id": consent.user_id,
            "redirect_uri": consent.redirect_uri,
            "scopes": list(consent.scopes),
            "challenge": consent.challenge,
            "expires_at": consent.expires_at,
        }

        async def work(connection: Connection) -> bool:
            if not await stands(connection, consent.user_id, by):
                return False
            await connection.execute(self._sql["tidy_codes"])
            await connection.execute(self._sql["add_code"], values)
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def redeem(
        self,
        code_hash: bytes,
        client_id: str,
        redirect_uri: str,
        challenge: str,
        opened: Opened,
        refused: Act,
        warn: Warn,
    ) -> Literal["redeemed", "refused", "reused"]:
        """Under the locks of the client, the account and the code, in this order: whoever removes or ends one of them
        meanwhile ends the session too, or has ended the code."""

        async def work(connection: Connection) -> Literal["redeemed", "refused", "reused"]:
            values = {"code_hash": code_hash, "client_id": client_id}
            await connection.execute(self._sql["hold_client"], values)
            await connection.execute(self._sql["hold_owner"], values)
            row = await (await connection.execute(self._sql["lock_code"], values)).fetchone()
            if row is not None and row["spent_at"] is not None:
                await self._end_given(connection, row["session_id"], warn)
                await record(connection, refused)
                return "reused"
            fits = row is not None and (row["redirect_uri"], row["challenge"]) == (redirect_uri, challenge)
            user = await self._account(connection, row["user_id"]) if row and fits and row["in_time"] else None
            if row is None or user is None:
                if row is not None:  # a code of another client is not ours to spend
                    await connection.execute(self._sql["spend_code"], {"code_hash": code_hash, "session_id": None})
                await record(connection, refused)
                return "refused"
            session, act = opened(user, _consent(row))
            await self._open(connection, session, client_id)
            await connection.execute(self._sql["spend_code"], {"code_hash": code_hash, "session_id": session.id})
            await record(connection, act)
            return "redeemed"

        return await self._database.repeat(work)

    async def _end_given(self, connection: Connection, session_id: Any, warn: Warn) -> None:
        """Its owner is told once, however often the code comes again."""
        ended = await (await connection.execute(self._sql["end_session"], {"id": session_id})).fetchone()
        if ended is None or self._mailbox is None:
            return
        owner = await (await connection.execute(queries("accounts")["user"], {"id": ended["user_id"]})).fetchone()
        mail = warn(user_of(owner)) if owner else None
        if mail:
            await self._mailbox.post(connection, mail)

    async def serve(self, client_id: str, session: Session, act: Act) -> str | None:
        """One session for a service account, however often its client asks."""

        async def work(connection: Connection) -> str | None:
            values = {"client_id": client_id, "user_id": session.user_id, "expires_at": session.expires_at}
            if await (await connection.execute(self._sql["lock_service"], values)).fetchone() is None:
                return None
            row = await (await connection.execute(self._sql["prolong_service"], values)).fetchone()
            if row is None:
                await self._open(connection, session, client_id)
            await record(connection, act)
            return str(row["id"]) if row else session.id

        return await self._database.repeat(work)

    async def _account(self, connection: Connection, user_id: Any) -> User | None:
        row = await (await connection.execute(self._sql["active_account"], {"id": user_id})).fetchone()
        return user_of(row) if row else None

    async def _open(self, connection: Connection, session: Session, client_id: str) -> None:
        values = {
            "id": session.id,
            "user_id": session.user_id,
            "refresh_hash": session.refresh_hash,
            "expires_at": session.expires_at,
            "user_agent": session.user_agent,
            "address": session.address,
            "idle_lifetime": session.idle_lifetime,
        }
        await connection.execute(self._sql["add_session"], values)
        await connection.execute(self._sql["add_grant"], {"session_id": session.id, "client_id": client_id})


def _client(row: dict[str, Any]) -> OAuthClient:
    return OAuthClient(
        id=str(row["id"]),
        name=row["name"],
        redirect_uris=tuple(row["redirect_uris"]),
        scopes=tuple(row["scopes"]),
        secret_hash=None if row["secret_hash"] is None else bytes(row["secret_hash"]),
        resource_server=row["resource_server"],
        service_user=None if row["service_user"] is None else str(row["service_user"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
    )


def _consent(row: dict[str, Any]) -> Consent:
    return Consent(
        client_id=str(row["client_id"]),
        user_id=str(row["user_id"]),
        redirect_uri=row["redirect_uri"],
        scopes=tuple(row["scopes"]),
        challenge=row["challenge"],
        expires_at=row["expires_at"],
    )
