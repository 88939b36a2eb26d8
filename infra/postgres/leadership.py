"""One dispatch works at a time, one extraction replays, one gateway seals: whoever holds the advisory lock for it.

The lock is given back by PostgreSQL itself when the session ends, however it ends. Nothing depends on it but
efficiency: every reservation is made under the lock of its run, so that two dispatchers would never issue a row twice.
"""

import asyncio

import psycopg
import structlog

from infra.postgres.pool import NOTICES_SILENCE

log = structlog.get_logger()
DISPATCH, REPLAY, AUDIT = 7_241_002, 7_241_003, 7_241_004
"""What can be led."""

_OPTIONS = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""The server's side of it: the lock of a leader that fell silent is given back as soon."""


class Leadership:
    """Holds a connection of its own for as long as it leads."""

    def __init__(self, url: str, what: int = DISPATCH) -> None:
        self._url = url
        self._lock = what
        self._connection: psycopg.AsyncConnection | None = None

    async def won(self, stopping: asyncio.Event) -> bool:
        """Waits until the lock is ours; False when `stopping` was set first."""
        while not stopping.is_set():
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = await psycopg.AsyncConnection.connect(
                        self._url,
                        autocommit=True,
                        connect_timeout=5,
                        options=_OPTIONS,
                        application_name="trawl-leader",
                        **NOTICES_SILENCE,
                    )
                cursor = await self._connection.execute("select pg_try_advisory_lock(%s)", (self._lock,))
                row = await cursor.fetchone()
                if row and row[0]:
                    return True
            except (psycopg.Error, OSError) as problem:
                log.warning("leadership_unavailable", error=str(problem))
                self._connection = None
            await _wait(stopping, 0.5)
        return False

    async def keep(self, stopping: asyncio.Event) -> None:
        """Returns when the lock is lost (PostgreSQL went away) or `stopping` is set."""
        while not stopping.is_set():
            await _wait(stopping, 1.0)
            try:
                async with asyncio.timeout(5):
                    if self._connection is None or self._connection.closed:
                        return
                    await self._connection.execute("select 1")
            except (psycopg.Error, OSError, TimeoutError):
                log.warning("leadership_lost")
                return

    async def give_up(self) -> None:
        """Lets the next one begin."""
        if self._connection is not None and not self._connection.closed:
            await self._connection.close()


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
