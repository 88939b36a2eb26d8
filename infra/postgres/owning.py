"""Accounts held while something is made for them, and whether whoever makes it still may."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from infra.postgres.account_rows import user_of
from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.accounts import User

Still = Callable[[User], bool]
"""Whether an account, looked at under its lock, is still one that may be changed so."""


async def _locked(connection: Connection, user_id: str) -> User | None:
    """The account as it is from now on until the transaction ends."""
    held = await (await connection.execute(queries("users")["lock"], {"id": user_id})).fetchone()
    if held is None:
        return None
    row = await (await connection.execute(queries("accounts")["user"], {"id": user_id})).fetchone()
    return user_of(row) if row else None


async def touched(connection: Connection, user_id: str, still: Still | None) -> Literal["gone", "overtaken"] | None:
    """Holds the account; what keeps somebody from touching it who was let do so before it was held, or None."""
    user = await _locked(connection, user_id)
    if user is None:
        return "gone"
    return "overtaken" if still and not still(user) else None


async def hold(connection: Connection, owner: str) -> bool:
    """Nobody else makes something for `owner`, or removes the account, until the transaction ends. False for an account
    that is not active any more: nothing is left behind by whoever was there a moment ago."""
    users = queries("users")
    await connection.execute(users["hold_owner"], {"owner": owner})
    row = await (await connection.execute(users["closed"], {"owner": owner})).fetchone()
    return not (row and row["closed"])


async def as_seen(connection: Connection, user_id: str, version: int) -> bool:
    """Holds the account until the transaction ends, if it is active and what lets it in is what it was when somebody
    was let do this."""
    seen = {"id": user_id, "version": version}
    return await (await connection.execute(queries("accounts")["lock_as_seen"], seen)).fetchone() is not None


async def stands(connection: Connection, user_id: str, by: str | None) -> bool:
    """Holds the account until the transaction ends, and says whether the session by which this is asked counts still:
    one that is ended meanwhile opens no way in. Without one nobody is asked about."""
    await connection.execute(queries("accounts")["lock_user"], {"id": user_id})
    return not by or await counts(connection, by)


async def counts(connection: Connection, session: str) -> bool:
    """Whether a session does, of an account that is held."""
    asked = {"ids": [UUID(session)]}
    return await (await connection.execute(queries("accounts")["standing"], asked)).fetchone() is not None
