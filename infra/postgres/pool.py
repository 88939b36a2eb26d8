"""A bounded pool of connections to PostgreSQL, with the driver's errors in our words."""

import asyncio
import select
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, LiteralString, Self, TypeVar

import orjson
import psycopg
from psycopg import errors, sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from infra.errors import StoreRefused, StoreUnavailable

Connection = psycopg.AsyncConnection[DictRow]
Query = bytes | LiteralString
Params = Sequence[Any] | Mapping[str, Any] | None
T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]

NOTICES_SILENCE: Mapping[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""By which a connection whose server went silent (no power, a cable) ends within some 11 s, as the kernel sees it: else
whoever waits for an answer, or for a notification, waits for hours. Seconds, and milliseconds for the last."""

_TRIES = 6
_LOST_RACES = (errors.DeadlockDetected, errors.SerializationFailure)
_PASSING = (
    psycopg.OperationalError,  # no connection, server going down, too many clients, no room, cancelled
    psycopg.InterfaceError,  # the connection was closed under us
    errors.ReadOnlySqlTransaction,  # a standby during a switch
    OSError,
)


def translate(problem: Exception) -> Exception:
    """The driver's error as ours: what passes by itself is StoreUnavailable, what does not is StoreRefused."""
    if isinstance(problem, PoolTimeout):
        return StoreUnavailable("PostgreSQL does not answer: no connection became free in time.")
    if isinstance(problem, _PASSING):
        return StoreUnavailable(f"PostgreSQL does not answer: {_line(problem)}")
    if isinstance(problem, psycopg.Error):
        return StoreRefused(f"PostgreSQL refused: {_line(problem)}")
    return problem


def _line(problem: Exception) -> str:
    return str(problem).partition("\n")[0] or type(problem).__name__


class Database:
    """PostgreSQL for one process. Rows are dicts, times are UTC, JSON is orjson's.

    `wait` is how many seconds entering may take before the first connection stands (StoreUnavailable then); 0
    does not wait at all, for a process that must start although the database is down. `timeout` is how long a
    caller waits for a free connection. Statements outside `transaction` commit by themselves.
    """

    def __init__(
        self,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 8,
        application_name: str = "trawl",
        wait: float = 30.0,
        timeout: float = 5.0,
    ) -> None:
        self._wait = wait
        self._options: dict[str, Any] = {
            "autocommit": True,
            "row_factory": dict_row,
            "application_name": application_name,
            "options": "-c timezone=UTC",
            "connect_timeout": 5,
            **NOTICES_SILENCE,
        }
        self._url = url
        # Attempts to reconnect double their distance; giving up after `timeout` keeps it short, the next caller
        # begins anew.
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=min_size,
            max_size=max_size,
            timeout=timeout,
            reconnect_timeout=timeout,
            open=False,
            kwargs=self._options,
            configure=_configure,
            check=_look,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._pool.open(wait=self._wait > 0, timeout=max(self._wait, 0.001))
        except PoolTimeout as problem:
            await self._pool.close()
            raise translate(problem) from problem
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """One transaction: committed at the end of the block, rolled back by any exception.

        A deadlock or a serialization failure comes out as StoreUnavailable; `repeat` tries again by itself.
        """
        try:
            async with self._pool.connection() as connection, connection.transaction():
                yield connection
        except (psycopg.Error, PoolTimeout, OSError) as problem:
            raise translate(problem) from problem

    async def repeat(self, work: Work[T]) -> T:
        """`work` in a transaction, again (six times at most) when it loses a race for locks: 40P01, 40001.

        `work` must have no effect but on the database. Races that are lost six times are StoreUnavailable.
        """

        async def once(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self._stubbornly(once)

    async def fetch(self, query: Query, params: Params = None) -> list[DictRow]:
        """The rows of one statement (none where it returns none), committed by itself."""

        async def once(connection: Connection) -> list[DictRow]:
            cursor = await connection.execute(query, params)
            return await cursor.fetchall() if cursor.description else []

        return await self._stubbornly(once)

    async def _stubbornly(self, work: Work[T]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                async with self._pool.connection() as connection:
                    return await work(connection)
            except _LOST_RACES as problem:
                if attempt == _TRIES:
                    raise translate(problem) from problem
                await asyncio.sleep(0.01 * 2**attempt)
            except (psycopg.Error, PoolTimeout, OSError) as problem:
                raise translate(problem) from problem
        raise AssertionError("unreachable")

    async def listen(self, channel: str) -> AsyncIterator[str]:
        """The payloads of NOTIFY on `channel`, for ever, on a connection of its own.

        Begins with an empty payload, and yields one after each reconnection: what was said meanwhile is lost, so
        look for yourself. Cancelling a pending `anext` ends the iterator: read it in a task that sets an event.
        """
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, **self._options) as connection:
                    await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    yield ""
                    async for notice in connection.notifies():
                        yield notice.payload
            except (psycopg.Error, OSError):
                await asyncio.sleep(0.5)

    async def rouse(self, channel: str, event: asyncio.Event) -> None:
        """Sets `event` at the beginning, and whenever something is said on `channel` or may have been; for ever."""
        async for _ in self.listen(channel):
            event.set()


async def _look(connection: Connection) -> None:
    """Asks a connection that was handed back whether it is good, where there is reason to. A server that ended it has
    said so, and what it said waits to be read; one that went silent would not answer this question either. A question
    each time would double the round trips of every small query."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def _configure(connection: Connection) -> None:
    set_json_loads(orjson.loads, connection)
    set_json_dumps(orjson.dumps, connection)
