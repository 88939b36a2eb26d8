"""Accounts held while something is made for them, and whether whoever makes it still may."""

from uuid import UUID

from infra.postgres.pool import Connection
from infra.postgres.sql import queries


async def hold(connection: Connection, owner: str) -> bool:
    """Nobody else makes something for `owner`, or removes the account, until the transaction ends. False for an account
    that is not active any more: nothing is left behind by whoever was there a moment ago."""
    users = queries("users")
    await connection.execute(users["hold_owner"], {"owner": owner})
    row = await (await connection.execute(users["closed"], {"owner": owner})).fetchone()
    return not (row and row["closed"])


async def stands(connection: Connection, user_id: str, by: str | None) -> bool:
    """Holds the account until the transaction ends, and says whether the session by which this is asked counts still:
    one that is ended meanwhile opens no way in. Without one nobody is asked about."""
    accounts = queries("accounts")
    await connection.execute(accounts["lock_user"], {"id": user_id})
    if not by:
        return True
    return await (await connection.execute(accounts["standing"], {"ids": [UUID(by)]})).fetchone() is not None
