"""Accounts in PostgreSQL as administrators see them, and their passwords."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from infra.postgres.account_rows import user_of
from infra.postgres.audit import record
from infra.postgres.mailbox import Mailbox, tell
from infra.postgres.owning import Still, touched
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act, Activity, User, UserChange
from schemas.mail import Mail


class PostgresUsers:
    """The gateway's `Users`. Every write leaves its audit line, and the mail about it, in the same transaction."""

    def __init__(self, database: Database, mailbox: Mailbox | None = None) -> None:
        self._database = database
        self._mailbox = mailbox
        self._sql = queries("users")

    async def page(
        self, *, role: str | None, status: str | None, sort_by: str, descending: bool, offset: int, limit: int
    ) -> tuple[list[User], int]:
        """Some accounts, and how many there are."""
        values = {"role": role, "status": status, "sort_by": sort_by, "descending": descending, "offset": offset,
                  "limit": limit}  # fmt: skip
        rows = await self._database.fetch(self._sql["page"], values)
        if not rows:
            return [], int((await self._database.fetch(self._sql["count"], values))[0]["total"])
        return [user_of(row) for row in rows], int(rows[0]["total"])

    async def activity(self, user_id: str) -> Activity:
        """By the audit log."""
        return Activity(**(await self._database.fetch(self._sql["activity"], {"id": user_id}))[0])

    async def change(
        self, user_id: str, change: UserChange, act: Act, mail: Mail | None = None, still: Still | None = None
    ) -> Literal["changed", "gone", "taken", "last_administrator", "overtaken"]:
        """Under the row locks of all administrators, so that the last one stays."""
        leaves = change.status not in (None, "active")
        demoted = change.role not in (None, "admin")

        async def work(
            connection: Connection,
        ) -> Literal["changed", "gone", "taken", "last_administrator", "overtaken"]:
            alone = await self._alone(connection, user_id)
            if refused := await touched(connection, user_id, still):
                return refused
            if alone and (leaves or demoted):
                return "last_administrator"
            if change.email is not None:
                taken = await _row(connection, self._sql["taken"], {"id": user_id, "email": change.email})
                if taken and taken["taken"]:
                    return "taken"
            await connection.execute(self._sql["change"], asdict(change) | {"id": user_id})
            if change.granted is not None:
                await connection.execute(self._sql["ungrant"], {"user_id": user_id})
                granted = {"user_id": user_id, "by": act.actor, "permissions": list(change.granted)}
                await connection.execute(queries("accounts")["grant"], granted)
            if change.email is not None:
                await connection.execute(self._sql["end_links"], {"user_id": user_id})
            if leaves:
                await connection.execute(self._sql["end_other_sessions"], {"user_id": user_id, "keep": None})
                await connection.execute(self._sql["drop_deliveries"], {"id": user_id})
            await tell(connection, self._mailbox, act, mail)
            return "changed"

        return await self._database.repeat(work)

    async def remove(
        self, user_id: str, act: Act, still: Still | None = None
    ) -> Literal["removed", "gone", "last_administrator", "overtaken"]:
        """The row, all that hangs on it, and what would go on without it."""

        async def work(connection: Connection) -> Literal["removed", "gone", "last_administrator", "overtaken"]:
            if await self._alone(connection, user_id):
                return "last_administrator"
            if refused := await touched(connection, user_id, still):
                return refused
            await self._end_work(connection, user_id)
            await connection.execute(self._sql["remove"], {"id": user_id})
            await record(connection, act)
            await connection.execute(queries("jobs")["wake"])
            return "removed"

        return await self._database.repeat(work)

    async def set_password(
        self,
        user_id: str,
        password_hash: str,
        act: Act,
        *,
        expires_at: datetime | None = None,
        keep: str | None = None,
        mail: Mail | None = None,
        version: int | None = None,
        still: Still | None = None,
    ) -> Literal["set", "gone", "overtaken"]:
        """Under the account's lock. A program's account has no password: it is as if it were not there."""
        values = {"id": user_id, "password_hash": password_hash, "expires": expires_at, "version": version}

        async def work(connection: Connection) -> Literal["set", "gone", "overtaken"]:
            if refused := await touched(connection, user_id, still):
                return refused
            if not await self._set(connection, values, keep):
                return "gone" if version is None else "overtaken"
            if version is None:
                await self._begin_anew(connection, user_id)
            await tell(connection, self._mailbox, act, mail)
            return "set"

        return await self._database.repeat(work)

    async def reset_password(
        self,
        link_hash: bytes,
        password_hash: str,
        told: Callable[[User], tuple[Act, Mail | None]],
        device: tuple[bytes, str],
    ) -> User | None:
        """Spends the link and sets the password in one transaction: of ten at once one does it."""

        async def work(connection: Connection) -> User | None:
            accounts = queries("accounts")
            spent = await _row(connection, accounts["use_link"], {"link_hash": link_hash, "purpose": "reset"})
            if spent is None:
                return None
            row = await _row(connection, accounts["user"], spent)
            assert row is not None
            user = user_of(row)
            values = {"id": user.id, "password_hash": password_hash, "expires": None, "version": None}
            await self._set(connection, values, None)
            await self._begin_anew(connection, user.id)
            await tell(connection, self._mailbox, *told(user))
            seen = {"user_id": user.id, "mark": device[0], "network": device[1]}
            await connection.execute(accounts["seen_device"], seen)
            return user

        return await self._database.repeat(work)

    async def _set(self, connection: Connection, values: dict[str, Any], keep: str | None) -> bool:
        if not await _row(connection, self._sql["set_password"], values):
            return False
        kept = UUID(keep) if keep else None
        await connection.execute(self._sql["end_other_sessions"], {"user_id": values["id"], "keep": kept})
        await connection.execute(self._sql["end_links"], {"user_id": values["id"]})
        return True

    async def _begin_anew(self, connection: Connection, user_id: str) -> None:
        """Whoever had the account before its password was reset may have left other ways in."""
        for statement in ("end_keys", "end_identities"):
            await connection.execute(self._sql[statement], {"user_id": user_id})

    async def _end_work(self, connection: Connection, user_id: str) -> None:
        """Runs are cancelled once nobody is opening another: openings wait in the same queue, and find no account.
        Schedules come before it, as a scheduler holds one when it joins."""
        await connection.execute(self._sql["pause_schedules"], {"id": user_id})
        await connection.execute(queries("quotas")["queue_up"], {"user": user_id})
        for statement in ("cancel_runs", "remove_webhooks", "remove_credentials"):
            await connection.execute(self._sql[statement], {"id": user_id})

    async def _alone(self, connection: Connection, user_id: str) -> bool:
        """Whether this is the only active administrator; holds all of them until the transaction ends."""
        rows = await (await connection.execute(self._sql["lock_administrators"])).fetchall()
        return [str(row["id"]) for row in rows] == [user_id]


async def _row(connection: Connection, statement: bytes, values: dict[str, Any]) -> dict[str, Any] | None:
    return await (await connection.execute(statement, values)).fetchone()
