"""Accounts as owners of what they have made, while more of it is made."""

from infra.postgres.pool import Connection
from infra.postgres.sql import queries


async def hold(connection: Connection, owner: str) -> bool:
    """Nobody else makes something for `owner`, or removes the account, until the transaction ends. False for an account
    that is not active any more: nothing is left behind by whoever was there a moment ago."""
    users = queries("users")
    await connection.execute(users["hold_owner"], {"owner": owner})
    row = await (await connection.execute(users["closed"], {"owner": owner})).fetchone()
    return not (row and row["closed"])
