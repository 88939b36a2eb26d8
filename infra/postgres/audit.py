"""The audit log: what was done, written in the transaction that did it, so that neither exists without the other."""

from psycopg.types.json import Jsonb

from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.accounts import Act


async def record(connection: Connection, act: Act) -> None:
    """Adds one line. The application's role may add and read lines, but never change or remove one."""
    await connection.execute(
        queries("accounts")["audit"],
        {
            "actor": act.actor,
            "action": act.action,
            "object": act.object,
            "request_id": act.request_id,
            "address": act.address,
            "details": Jsonb(act.details),
        },
    )
