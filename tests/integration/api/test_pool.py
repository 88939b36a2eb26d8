"""The pool of connections on a real server: lost races, refusals, and a server that goes away and comes back."""

import asyncio
import os
import socket
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from infra.errors import StoreRefused, StoreUnavailable
from infra.postgres.leadership import Leadership
from infra.postgres.pool import Connection, Database


async def test_rows_are_dicts_times_are_utc_and_json_is_read(engines: Any) -> None:
    async with Database(engines.postgres, application_name="pool-test") as database:
        query = "select 1 as a, now() as b, %s::jsonb as c, current_setting('application_name') as d"
        rows = await database.fetch(query, ('{"x": [1]}',))
        assert rows[0]["a"] == 1 and str(rows[0]["b"].tzinfo) == "UTC" and rows[0]["c"] == {"x": [1]}
        assert rows[0]["d"] == "pool-test"


async def test_a_deadlock_is_tried_again_until_both_have_done_their_work(engines: Any) -> None:
    table = f"pair_{uuid4().hex}"
    async with Database(engines.postgres_owner) as database:
        await database.fetch(f"create table {table} (id int primary key, n int not null)".encode())
        await database.fetch(f"insert into {table} values (1, 0), (2, 0)".encode())
        first_locked = [asyncio.Event(), asyncio.Event()]
        tries = 0

        async def cross(mine: int) -> None:
            async def work(connection: Connection) -> None:
                nonlocal tries
                tries += 1
                for row in (mine + 1, 2 - mine):
                    await connection.execute(f"update {table} set n = n + 1 where id = {row}".encode())
                    first_locked[mine].set()
                    async with asyncio.timeout(60):
                        await first_locked[1 - mine].wait()

            await database.repeat(work)

        await asyncio.gather(cross(0), cross(1))
        assert tries > 2
        assert [row["n"] for row in await database.fetch(f"select n from {table}".encode())] == [2, 2]
        await database.fetch(f"drop table {table}".encode())


async def test_a_refusal_is_not_an_outage(engines: Any) -> None:
    async with Database(engines.postgres) as database:
        with pytest.raises(StoreRefused):
            await database.fetch("select * from nowhere_at_all")
        with pytest.raises(StoreRefused):
            async with database.transaction() as connection:
                await connection.execute("select 1 / 0")


async def test_an_exception_rolls_the_transaction_back(engines: Any) -> None:
    host = f"host-{uuid4()}"
    async with Database(engines.postgres_owner) as database:
        await database.fetch("create table if not exists marks (name text)")
        with pytest.raises(RuntimeError):
            async with database.transaction() as connection:
                await connection.execute("insert into marks values (%s)", (host,))
                raise RuntimeError("the caller changed its mind")
        assert await database.fetch("select * from marks where name = %s", (host,)) == []


async def test_notifications_are_heard_and_listening_survives_a_lost_connection(engines: Any) -> None:
    channel = f"c_{uuid4().hex}"
    async with Database(engines.postgres_owner, application_name="speaker") as database:
        heard: asyncio.Queue[str] = asyncio.Queue()

        async def listen() -> None:
            async for payload in database.listen(channel):
                heard.put_nowait(payload)

        task = asyncio.create_task(listen())
        async with asyncio.timeout(60):
            assert await heard.get() == ""
            await database.fetch("select pg_notify(%s, 'one')", (channel,))
            assert await heard.get() == "one"
            await database.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%%' and query like %s",
                (f"%{channel}%",),
            )
            assert await heard.get() == ""
            await database.fetch("select pg_notify(%s, 'two')", (channel,))
            assert await heard.get() == "two"
        task.cancel()


async def test_a_connection_that_the_server_ended_is_not_handed_out(engines: Any) -> None:
    async with Database(engines.postgres, max_size=1) as database, Database(engines.postgres) as other:
        (mine,) = await database.fetch("select pg_backend_pid() as pid")
        (gone,) = await other.fetch("select pg_terminate_backend(%(pid)s, 60000) as gone", mine)
        assert gone["gone"]
        assert (await database.fetch("select pg_backend_pid() as pid"))[0] != mine


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with Database("postgresql://nobody@127.0.0.1:1/nothing", wait=0, timeout=0.5) as database:
        with pytest.raises(StoreUnavailable):
            await database.fetch("select 1")
    with pytest.raises(StoreUnavailable):
        async with Database("postgresql://nobody@127.0.0.1:1/nothing", wait=0.5):
            pass


async def test_work_goes_on_after_the_server_was_killed_and_came_back(engines: Any) -> None:
    async with Database(engines.postgres, max_size=4, timeout=5.0) as database:
        await asyncio.gather(*(database.fetch("select pg_sleep(0.05)") for _ in range(4)))
        await asyncio.to_thread(engines.kill, "postgres")
        with pytest.raises(StoreUnavailable):
            await database.fetch("select 1")
        await asyncio.to_thread(engines.restart, "postgres")
        async with asyncio.timeout(60):
            while True:
                try:
                    answers = await asyncio.gather(*(database.fetch("select 1 as a") for _ in range(8)))
                    break
                except StoreUnavailable:
                    continue
        assert all(rows == [{"a": 1}] for rows in answers)


async def test_every_connection_ends_by_itself_when_its_server_falls_silent(
    engines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the pool, the one that listens, and the leader's: asked of the kernel."""
    found: list[psycopg.AsyncConnection[Any]] = []
    connect = psycopg.AsyncConnection.connect

    async def noted(*arguments: Any, **named: Any) -> Any:
        found.append(await connect(*arguments, **named))
        return found[-1]

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", noted)
    leadership, stopping = Leadership(engines.postgres), asyncio.Event()
    async with Database(engines.postgres) as database:
        await database.fetch("select 1")
        listening = database.listen("silence")
        assert await anext(listening) == ""
        assert await leadership.won(stopping)
        assert len(found) >= 3
        for connection in found:
            own = socket.socket(fileno=os.dup(connection.fileno()))
            with own:
                options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
                assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert [own.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [5, 2, 3, 10_000]
        await listening.aclose()  # type: ignore[attr-defined]
        await leadership.give_up()
