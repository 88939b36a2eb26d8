"""Accounts in PostgreSQL: users, their sessions and keys, and the links that let someone in once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act, ApiKey, Credential, LiveSession, Session, User


class PostgresAccounts:
    """The gateway's `Accounts`. Every write leaves its audit line in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("accounts")

    async def credential(self, login: str) -> Credential | None:
        """By username, else by e-mail address."""
        rows = await self._database.fetch(self._sql["credential"], {"login": login})
        return Credential(user=_user(rows[0]), password_hash=rows[0]["password_hash"]) if rows else None

    async def user(self, user_id: str) -> User | None:
        """An account by its id."""
        rows = await self._database.fetch(self._sql["user"], {"id": user_id})
        return _user(rows[0]) if rows else None

    async def add_user(self, user: User, password_hash: str, act: Act) -> bool:
        """False when the name or the address is taken."""

        async def work(connection: Connection) -> bool:
            values = {
                "id": user.id,
                "username": user.username,
                "email": user.email,
                "role": user.role,
                "password_hash": password_hash,
            }
            if not await _touches(connection, self._sql["add_user"], values):
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def open_session(self, session: Session, act: Act) -> None:
        """A device that has signed in."""

        async def work(connection: Connection) -> None:
            await self._open(connection, session, act)

        await self._database.repeat(work)

    async def _open(self, connection: Connection, session: Session, act: Act) -> None:
        values = {
            "id": session.id,
            "user_id": session.user_id,
            "refresh_hash": session.refresh_hash,
            "expires_at": session.expires_at,
            "user_agent": session.user_agent,
            "address": session.address,
        }
        await connection.execute(self._sql["add_session"], values)
        await connection.execute(self._sql["signed_in"], {"user_id": session.user_id})
        await record(connection, act)

    async def live_session(self, session_id: str) -> LiveSession | None:
        """The session if neither it nor its account has ended."""
        rows = await self._database.fetch(self._sql["live_session"], {"id": session_id})
        return LiveSession(id=session_id, user=_user(rows[0]), expires_at=rows[0]["expires_at"]) if rows else None

    async def rotate(
        self, session_id: str, shown: bytes, replacement: bytes, grace: float, act: Act, theft: Act
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
            await record(connection, theft)
            return "reused"

        return await self._database.repeat(work)

    async def end_session(self, session_id: str, act: Act) -> bool:
        """False when it had ended already."""
        return await self._touch("end_session", {"id": session_id}, act)

    async def end_sessions(self, user_id: str, act: Act) -> bool:
        """Every session of an account."""
        return await self._touch("end_sessions", {"user_id": user_id}, act)

    async def count_sessions(self, user_id: str) -> int:
        """Sessions that still count."""
        rows = await self._database.fetch(self._sql["count_sessions"], {"user_id": user_id})
        return int(rows[0]["count"])

    async def add_key(self, key: ApiKey, key_hash: bytes, act: Act) -> ApiKey:
        """A key, of which only the hash is kept."""

        async def work(connection: Connection) -> ApiKey:
            values = {
                "id": key.id,
                "user_id": key.user_id,
                "name": key.name,
                "prefix": key.prefix,
                "key_hash": key_hash,
                "expires_at": key.expires_at,
            }
            row = await (await connection.execute(self._sql["add_key"], values)).fetchone()
            assert row is not None
            await record(connection, act)
            return _key(row)

        return await self._database.repeat(work)

    async def keys(self, user_id: str) -> list[ApiKey]:
        """Newest first, without revoked ones."""
        return [_key(row) for row in await self._database.fetch(self._sql["keys"], {"user_id": user_id})]

    async def revoke_key(self, user_id: str, key_id: str, act: Act) -> bool:
        """False for a key that is not this account's."""
        return await self._touch("revoke_key", {"id": key_id, "user_id": user_id}, act)

    async def by_key(self, key_hash: bytes) -> tuple[str, datetime | None, User] | None:
        """The key's id, its end and its account; remembers the use, once a minute at most."""
        rows = await self._database.fetch(self._sql["key_by_hash"], {"key_hash": key_hash})
        if not rows:
            return None
        await self._database.fetch(self._sql["used_key"], {"id": rows[0]["key_id"]})
        return str(rows[0]["key_id"]), rows[0]["key_expires_at"], _user(rows[0])

    async def add_link(self, link_hash: bytes, user_id: str, expires_at: datetime, act: Act) -> None:
        """A one-time link, of which only the hash is kept."""

        async def work(connection: Connection) -> None:
            values = {"link_hash": link_hash, "user_id": user_id, "expires_at": expires_at}
            await connection.execute(self._sql["add_link"], values)
            await record(connection, act)

        await self._database.repeat(work)

    async def use_link(self, link_hash: bytes, opened: Callable[[User], tuple[Session, Act]]) -> User | None:
        """Spends the link and opens the session in one transaction: of ten at once one gets in."""

        async def work(connection: Connection) -> User | None:
            row = await (await connection.execute(self._sql["use_link"], {"link_hash": link_hash})).fetchone()
            if row is None:
                return None
            user = _user(row)
            await self._open(connection, *opened(user))
            return user

        return await self._database.repeat(work)

    async def still_good(self, ids: Sequence[str]) -> dict[str, str]:
        """Sessions and keys that still count, with the role of their account."""
        rows = await self._database.fetch(self._sql["still_good"], {"ids": [UUID(each) for each in ids]})
        return {str(row["id"]): row["role"] for row in rows}

    async def note(self, act: Act) -> None:
        """An audit line of its own."""

        async def work(connection: Connection) -> None:
            await record(connection, act)

        await self._database.repeat(work)

    async def _touch(self, statement: str, values: dict[str, Any], act: Act) -> bool:
        """A statement that returns the rows it changed; when it changed none, nothing was done and nothing is said."""

        async def work(connection: Connection) -> bool:
            if not await _touches(connection, self._sql[statement], values):
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)


async def _touches(connection: Connection, statement: bytes, values: dict[str, Any]) -> bool:
    return await (await connection.execute(statement, values)).fetchone() is not None


def _user(row: dict[str, Any]) -> User:
    return User(
        id=str(row["id"]),
        username=row["username"],
        email=row["email"],
        role=row["role"],
        status=row["status"],
        created_at=row["created_at"],
        last_login=row["last_login"],
    )


def _key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id=str(row["id"]),
        user_id=str(row["user_id"]),
        name=row["name"],
        prefix=row["prefix"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used=row["last_used"],
    )
