"""Waiting rows that are not visited any more, closed piece by piece."""

from typing import Literal

from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from infra.postgres.tally import Tally

PIECE = 5000
"""Rows that one transaction closes at most where a whole queue is dropped: a tenth of a second, in which nothing else
is dispatched."""


async def drop_piece(
    connection: Connection,
    which: Literal["drop_queued", "spend_nothing_more"],
    run_id: str,
    tally: Tally,
    reason: str = "",
) -> int:
    """Closes some of what waits, under the run's lock; returns how many rows (fewer than PIECE: none is left), and
    wakes dispatch for the next piece where there may be one."""
    values, dropped = {"run": run_id, "reason": reason, "limit": PIECE}, 0
    for row in await (await connection.execute(queries("dispatch")[which], values)).fetchall():
        tally.add(run_id, queued=-row["rows"], filtered=row["rows"])
        tally.at_host(run_id, row["host"], queued=-row["rows"])
        dropped += row["rows"]
    if dropped >= PIECE:
        await connection.execute(queries("frontier")["wake"])
    return dropped
