"""Migrations of PostgreSQL: from empty, said twice, by several at once; and what the processes' role may not do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from infra.errors import StoreRefused
from infra.postgres import migrate as migrations
from infra.postgres.migrate import MigrationChanged, migrate
from infra.postgres.pool import Database
from tests.engines import Engines

_LEFT: tuple[LiteralString, ...] = (
    "insert into jobs (id, owner, name, dataset, description) values (%(id)s, %(owner)s, 'n', 'd', '{}')",
    "insert into runs (id, job_id, owner, dataset, description) values (%(id)s, %(id)s, %(owner)s, 'd', '{}')",
    "insert into schedules (job_id, kind, expression, zone, anchor, catch_up, overlap)"
    " values (%(id)s, 'interval', '3600', 'UTC', now(), 'none', 'skip')",
    "insert into webhooks (id, owner, name, url, host, events, key_id, sealed)"
    " values (%(id)s, %(owner)s, 'n', 'https://x.test/', 'x.test', '{}', 'k', '')",
    "insert into credentials (id, owner, name, kind, host, scheme, key_id, sealed)"
    " values (%(id)s, %(owner)s, 'n', 'basic', 'x.test', 'https', 'k', '')",
)
"""What an owner has."""


@pytest.fixture
async def empty(engines: Engines) -> AsyncIterator[str]:
    """The owner's address of a schema of its own, in which nothing is."""
    await migrate(engines.postgres_owner)
    schema = f"m{uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(engines.postgres_owner, autocommit=True) as connection:
        await connection.execute(f"create schema {schema}".encode())
        before = await _rights(connection)
        yield f"{engines.postgres_owner}?options=-csearch_path%3D{schema}"
        await connection.execute(f"drop schema {schema} cascade".encode())
        # The first files grant in `public` by name: what later ones kept back there was given away again.
        for table, right in await _rights(connection) - before:
            await connection.execute(f"revoke {right} on public.{table} from trawl_app".encode())
        # A right to a whole table that is taken back takes the right to single columns with it.
        columns = "actor, action, object, request_id, address, details"
        await connection.execute(f"grant insert ({columns}) on public.audit to trawl_app".encode())


async def _rights(connection: psycopg.AsyncConnection) -> set[tuple[str, str]]:
    """(table, right) of the processes' role."""
    asked = await connection.execute(
        "select table_name, privilege_type from information_schema.role_table_grants"
        " where grantee = 'trawl_app' and table_schema = 'public'"
    )
    return {(table, right) for table, right in await asked.fetchall()}


async def ask(url: str, question: LiteralString) -> list[tuple[Any, ...]]:
    """The rows of one statement, in the schema that the address names."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await (await connection.execute(question)).fetchall()


async def test_an_empty_database_gets_everything_and_then_nothing(empty: str) -> None:
    applied = await migrate(empty)
    assert applied == sorted(applied) and applied[0] == "0001_accounts.sql"
    rows = await ask(empty, "select tablename from pg_tables where schemaname = current_schema()")
    found = {name for (name,) in rows}
    assert {"users", "audit", "jobs", "runs", "frontier", "hosts", "outbox", "intents", "snapshots"} <= found
    assert {f"frontier_{part}" for part in range(16)} <= found
    assert await migrate(empty) == []


async def test_several_at_once_apply_each_file_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate(empty) for _ in range(5)))
    assert sorted(len(names) for names in applied)[:4] == [0, 0, 0, 0]
    recorded = [name for (name,) in await ask(empty, "select name from migrations")]
    assert sorted(recorded) == sorted(name for names in applied for name in names)


async def test_what_removed_accounts_have_left_behind_goes(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = migrations._scripts()
    monkeypatch.setattr(migrations, "_scripts", lambda: [each for each in scripts if each[0] < "0037"])
    await migrate(empty)
    account, gone = uuid4(), uuid4()
    async with await psycopg.AsyncConnection.connect(empty, autocommit=True) as connection:
        await connection.execute("insert into users (id, username, password_hash) values (%s, 'a', '')", (account,))
        for owner in (str(account), str(gone), "kafka"):
            one = {"owner": owner, "id": uuid4()}
            for statement in _LEFT:
                await connection.execute(statement, one)
    monkeypatch.undo()
    assert (await migrate(empty))[0] == "0037_owners.sql"
    for asked in (
        b"select owner from webhooks",
        b"select owner from credentials",
        b"select owner from runs where cancelled_at is null",
        b"select j.owner from schedules s join jobs j on j.id = s.job_id where s.paused_at is null",
    ):
        async with await psycopg.AsyncConnection.connect(empty) as connection:
            rows = await (await connection.execute(asked)).fetchall()
        assert {owner for (owner,) in rows} == {str(account), "kafka"}, asked


async def test_readings_of_before_are_known_by_their_audit_lines(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = migrations._scripts()
    monkeypatch.setattr(migrations, "_scripts", lambda: [each for each in scripts if each[0] < "0042"])
    await migrate(empty)
    job, first, second, other = (uuid4() for _ in range(4))
    async with await psycopg.AsyncConnection.connect(empty, autocommit=True) as connection:
        await connection.execute(
            "insert into jobs (id, owner, name, dataset, description) values (%s, 'o', 'n', 'books', '{}')", (job,)
        )
        for run, action, details in (
            (first, "job_created", {"ready_made": "books"}),
            (second, "job_started", {"ready_made": "books"}),
            (other, "job_started", {"force": False}),
        ):
            await connection.execute(
                "insert into runs (id, job_id, owner, dataset, description) values (%s, %s, 'o', 'books', '{}')",
                (run, job),
            )
            await connection.execute(
                "insert into audit (actor, action, object, details) values ('o', %s, %s, %s)",
                (action, str(job), Jsonb(details | {"run_id": str(run)})),
            )
    monkeypatch.undo()
    assert "0042_whole_readings.sql" in await migrate(empty)
    marked = await ask(empty, "select id, ready_made from runs")
    assert set(marked) == {(first, "books"), (second, "books"), (other, None)}


async def test_a_temporary_table_does_not_keep_lines_from_being_sealed(empty: str) -> None:
    await migrate(empty)
    async with await psycopg.AsyncConnection.connect(empty, autocommit=True) as owner:
        await owner.execute("create temporary table audit_unsealed (id bigint)")
        await owner.execute("insert into audit (actor, action) values ('test', 'test')")
        (own,) = await (await owner.execute("select count(*) from audit_unsealed")).fetchall()
    assert own == (0,)
    assert await ask(empty, "select count(*) from audit_unsealed") == [(1,)]


async def test_a_file_that_changed_after_it_was_applied_is_refused(empty: str) -> None:
    await migrate(empty)
    await ask(empty, "update migrations set sha256 = 'another' where name = '0002_crawl.sql' returning name")
    with pytest.raises(MigrationChanged, match="0002_crawl"):
        await migrate(empty)


async def test_a_file_that_fails_leaves_nothing_behind(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = ("0001.sql", "create table one (n int);"), ("0002.sql", "create table two (n int); select 1/0;")
    monkeypatch.setattr(migrations, "_scripts", lambda: [good, bad])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(empty)
    assert await ask(empty, "select to_regclass('one')::text, to_regclass('two')::text") == [("one", None)]
    monkeypatch.setattr(migrations, "_scripts", lambda: [good, ("0002.sql", "create table two (n int);")])
    assert await migrate(empty) == ["0002.sql"], "and the lock was given back"


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor = 'nobody'",
        "delete from audit",
        "truncate audit",
        "update audit_seals set hash = ''",
        "delete from audit_seals",
        "truncate audit_seals",
        "create temporary table audit_unsealed (id bigint)",
    ],
)
async def test_the_processes_cannot_change_what_was_audited(engines: Engines, statement: str) -> None:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres) as database:
        await database.fetch("insert into audit (actor, action) values ('test', 'test')")
        with pytest.raises(StoreRefused) as refused:
            await database.fetch(statement.encode())
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
    assert refused.value.__cause__.sqlstate == "42501"


@pytest.mark.parametrize("statement", ["drop table outbox", "create table public.mine (n int)", "drop schema public"])
async def test_the_processes_cannot_change_the_schema(engines: Engines, statement: str) -> None:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres) as database:
        with pytest.raises(StoreRefused, match=r"permission denied|must be owner"):
            await database.fetch(statement.encode())


async def test_the_database_itself_holds_the_accounts(engines: Engines) -> None:
    """Not only our statements: whoever writes accounts that do not add up is refused."""
    await migrate(engines.postgres_owner)
    job, run = str(uuid4()), str(uuid4())
    insert = "insert into runs (id, job_id, owner, dataset, description, {0}) values (%s, %s, 'o', 'd', '{{}}', {1})"
    async with Database(engines.postgres) as database:
        await database.fetch(
            "insert into jobs (id, owner, name, dataset, description) values (%s, 'o', 'n', 'd', '{}')", (job,)
        )
        for columns, values, rule in (
            ("requested, queued", "2, 1", "accounts_add_up"),
            ("queued, issued", "1, -1", "never_negative"),
            ("visited, max_pages", "3, 2", "within_budget"),
        ):
            with pytest.raises(StoreRefused, match=rule):
                await database.fetch(insert.format(columns, values).encode(), (run, job))
