"""Accounts in PostgreSQL: users, their sessions and keys, and the links that let someone in once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from infra.postgres.account_rows import new_row, user_of
from infra.postgres.audit import record
from infra.postgres.mailbox import Mailbox, tell
from infra.postgres.owning import as_seen, stands
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act, ApiKey, Credential, Device, LiveKey, LiveSession, Session, Standing, User
from schemas.mail import Mail


class PostgresAccounts:
    """The gateway's `Accounts`. Every write leaves its audit line, and the mail about it, in the same transaction.
    Without a mailbox (the dashboards, the command line) nobody is told by mail."""

    def __init__(self, database: Database, mailbox: Mailbox | None = None) -> None:
        self._database = database
        self._mailbox = mailbox
        self._sql = queries("accounts")

    async def credential(self, login: str) -> Credential | None:
        """By username, else by e-mail address."""
        rows = await self._database.fetch(self._sql["credential"], {"login": login})
        return Credential(user=user_of(rows[0]), password_hash=rows[0]["password_hash"]) if rows else None

    async def user(self, user_id: str) -> User | None:
        """An account by its id."""
        rows = await self._database.fetch(self._sql["user"], {"id": user_id})
        return user_of(rows[0]) if rows else None

    async def add_user(self, user: User, password_hash: str, act: Act, mail: Mail | None = None) -> bool:
        """False when the name or the address is taken."""

        async def work(connection: Connection) -> bool:
            if not await _touches(connection, self._sql["add_user"], new_row(user, password_hash)):
                return False
            granted = {"user_id": user.id, "by": act.actor, "permissions": list(user.granted)}
            await connection.execute(self._sql["grant"], granted)
            await tell(connection, self._mailbox, act, mail)
            return True

        return await self._database.repeat(work)

    async def open_session(self, session: Session, act: Act, warning: Mail | None = None) -> bool:
        """Under the account's row lock, which whoever changes a password or a status holds too."""

        async def work(connection: Connection) -> bool:
            if not await as_seen(connection, session.user_id, session.version):
                return False
            await self._open(connection, session, act, warning)
            return True

        return await self._database.repeat(work)

    async def known_network(self, user_id: str | None, network: str) -> bool:
        """Whether it was let in from there within 30 days."""
        values = {"user_id": user_id or UUID(int=0), "network": network}
        return bool((await self._database.fetch(self._sql["known_network"], values))[0]["known"])

    async def _open(self, connection: Connection, session: Session, act: Act, warning: Mail | None = None) -> None:
        values = {
            "id": session.id,
            "user_id": session.user_id,
            "refresh_hash": session.refresh_hash,
            "expires_at": session.expires_at,
            "user_agent": session.user_agent,
            "address": session.address,
            "idle_lifetime": session.idle_lifetime,
            "how": session.how,
        }
        await connection.execute(self._sql["add_session"], values)
        await connection.execute(self._sql["signed_in"], {"user_id": session.user_id})
        surprising = False
        if session.device:
            seen = {"user_id": session.user_id, "mark": session.device, "network": session.network}
            row = await (await connection.execute(self._sql["seen_device"], seen)).fetchone()
            surprising = bool(row and row["surprising"])
        if surprising:
            act = replace(act, details=act.details | {"new_device": True})
        await tell(connection, self._mailbox, act, warning if surprising else None)

    async def live_session(self, session_id: str) -> LiveSession | None:
        """The session if neither it nor its account has ended."""
        rows = await self._database.fetch(self._sql["live_session"], {"id": session_id})
        if rows and rows[0]["stale"]:
            await self._database.fetch(self._sql["used_session"], {"id": session_id})
        return LiveSession(id=session_id, user=user_of(rows[0]), expires_at=rows[0]["expires_at"]) if rows else None

    async def devices(self, user_id: str) -> list[Device]:
        """Sessions that still count, last used first."""
        rows = await self._database.fetch(self._sql["devices"], {"user_id": user_id})
        return [Device(**row | {"id": str(row["id"])}) for row in rows]

    async def end_device(self, user_id: str, session_id: str, act: Act) -> bool:
        """False for a session that is not this account's."""
        return await self._touch("end_device", {"id": session_id, "user_id": user_id}, act)

    async def rotate(
        self,
        session_id: str,
        shown: bytes,
        replacement: bytes,
        grace: float,
        act: Act,
        theft: Act,
        warn: Callable[[User], Mail | None],
    ) -> Literal["rotated", "raced", "reused", "ended"]:
        """Under the session's row lock, so that of any number at once one is first."""

        async def work(connection: Connection) -> Literal["rotated", "raced", "reused", "ended"]:
            cursor = await connection.execute(self._sql["lock_session"], {"id": session_id, "grace": grace})
            row = await cursor.fetchone()
            if row is None or not row["live"]:
                return "ended"
            if row["refresh_hash"] == shown:
                await connection.execute(self._sql["rotate"], {"id": session_id, "next_hash": replacement})
                await record(connection, act)
                return "rotated"
            if row["previous_hash"] == shown and row["just_rotated"]:
                return "raced"
            await connection.execute(self._sql["end_session"], {"id": session_id})
            owner = await (await connection.execute(self._sql["user"], {"id": row["user_id"]})).fetchone()
            await tell(connection, self._mailbox, theft, warn(user_of(owner)) if owner else None)
            return "reused"

        return await self._database.repeat(work)

    async def end_session(self, session_id: str, act: Act) -> bool:
        """False when it had ended already."""
        return await self._touch("end_session", {"id": session_id}, act)

    async def end_sessions(self, user_id: str, act: Act) -> bool:
        """Every session of an account."""

        async def work(connection: Connection) -> bool:
            # A code that is being redeemed has become a session when the lock is had, or will find itself gone.
            await connection.execute(self._sql["lock_user"], {"id": user_id})
            return await self._touched(connection, "end_sessions", {"user_id": user_id}, act)

        return await self._database.repeat(work)

    async def count_sessions(self, user_id: str) -> int:
        """Sessions that still count."""
        rows = await self._database.fetch(self._sql["count_sessions"], {"user_id": user_id})
        return int(rows[0]["count"])

    async def add_key(
        self, key: ApiKey, key_hash: bytes, act: Act, room: int, by: str | None
    ) -> ApiKey | Literal["full", "ended"]:
        """A key, of which only the hash is kept. Counted, and its maker looked at, under the account's lock."""

        async def work(connection: Connection) -> ApiKey | Literal["full", "ended"]:
            values = {
                "id": key.id,
                "user_id": key.user_id,
                "name": key.name,
                "prefix": key.prefix,
                "key_hash": key_hash,
                "expires_at": key.expires_at,
                "scopes": None if key.scopes is None else list(key.scopes),
                "room": room,
            }
            if not await stands(connection, key.user_id, by):
                return "ended"
            row = await (await connection.execute(self._sql["add_key"], values)).fetchone()
            if row is None:
                return "full"
            await record(connection, act)
            return _key(row)

        return await self._database.repeat(work)

    async def keys(self, user_id: str) -> list[ApiKey]:
        """Newest first, without revoked ones."""
        return [_key(row) for row in await self._database.fetch(self._sql["keys"], {"user_id": user_id})]

    async def revoke_key(self, user_id: str, key_id: str, act: Act) -> bool:
        """False for a key that is not this account's."""
        return await self._touch("revoke_key", {"id": key_id, "user_id": user_id}, act)

    async def by_key(self, key_hash: bytes, address: str = "") -> LiveKey | None:
        """The key and its account; remembers the use, once a minute at most."""
        rows = await self._database.fetch(self._sql["key_by_hash"], {"key_hash": key_hash})
        if not rows:
            return None
        row = rows[0]
        await self._database.fetch(self._sql["used_key"], {"id": row["key_id"], "address": address})
        scopes = None if row["key_scopes"] is None else tuple(row["key_scopes"])
        return LiveKey(id=str(row["key_id"]), user=user_of(row), expires_at=row["key_expires_at"], scopes=scopes)

    async def add_link(
        self,
        link_hash: bytes,
        user_id: str,
        expires_at: datetime,
        act: Act,
        *,
        purpose: Literal["sign_in", "reset"] = "sign_in",
        mail: Mail | None = None,
        version: int = 0,
    ) -> bool:
        """A one-time link, of which only the hash is kept."""
        values = {"link_hash": link_hash, "user_id": user_id, "expires_at": expires_at, "purpose": purpose,
                  "version": version}  # fmt: skip

        async def work(connection: Connection) -> bool:
            if not await _touches(connection, self._sql["add_link"], values):
                return False
            await tell(connection, self._mailbox, act, mail)
            return True

        return await self._database.repeat(work)

    async def use_link(self, link_hash: bytes, opened: Callable[[User], tuple[Session, Act]]) -> User | None:
        """Spends the link and opens the session in one transaction: of ten at once one gets in."""

        async def work(connection: Connection) -> User | None:
            values = {"link_hash": link_hash, "purpose": "sign_in"}
            spent = await (await connection.execute(self._sql["use_link"], values)).fetchone()
            if spent is None:
                return None
            row = await (await connection.execute(self._sql["user"], spent)).fetchone()
            assert row is not None
            user = user_of(row)
            await self._open(connection, *opened(user))
            return user

        return await self._database.repeat(work)

    async def standing(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Sessions and keys that still count, with what their account may do."""
        rows = await self._database.fetch(self._sql["standing"], {"ids": [UUID(each) for each in ids]})
        return {str(row["id"]): Standing(role=row["role"], permissions=frozenset(row["permissions"])) for row in rows}

    async def note(self, act: Act) -> None:
        """An audit line of its own."""

        async def work(connection: Connection) -> None:
            await record(connection, act)

        await self._database.repeat(work)

    async def _touch(self, statement: str, values: dict[str, Any], act: Act) -> bool:
        """A statement that returns the rows it changed; when it changed none, nothing was done and nothing is said."""

        async def work(connection: Connection) -> bool:
            return await self._touched(connection, statement, values, act)

        return await self._database.repeat(work)

    async def _touched(self, connection: Connection, statement: str, values: dict[str, Any], act: Act) -> bool:
        if not await _touches(connection, self._sql[statement], values):
            return False
        await record(connection, act)
        return True


async def _touches(connection: Connection, statement: bytes, values: dict[str, Any]) -> bool:
    return await (await connection.execute(statement, values)).fetchone() is not None


def _key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id=str(row["id"]),
        user_id=str(row["user_id"]),
        name=row["name"],
        prefix=row["prefix"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used=row["last_used"],
        last_address=row["last_address"],
        scopes=None if row["scopes"] is None else tuple(row["scopes"]),
    )
