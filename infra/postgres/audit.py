"""The audit log: what was done, written in the transaction that did it, so that neither exists without the other."""

from psycopg.types.json import Jsonb

from infra.postgres.idempotency import do_once
from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.accounts import Act


async def record(connection: Connection, act: Act) -> None:
    """Adds one line. The application's role may add and read lines, but never change or remove one.
    schemas.errors.DeedDone where the deed has a claim that does not hold (any more)."""
    if act.claim is not None:
        await do_once(connection, act.claim)
    await connection.execute(
        queries("audit")["record"],
        {
            "actor": act.actor,
            "action": act.action,
            "object": act.object,
            "request_id": act.request_id,
            "address": act.address,
            "details": Jsonb(act.details),
        },
    )
