"""Changing the key that secrets are sealed with: all of them are found, sealed anew, and open afterwards."""

import asyncio
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.postgres.cookies import RunCookies
from infra.postgres.factors import PostgresFactors
from infra.postgres.idempotency import IdempotencyKeys
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.resealing import SEALED, Resealing, SealedColumn
from infra.postgres.signing import PostgresSigningKeys
from infra.seal_keys import SealKeys
from infra.sealing import Seal
from schemas.cookies import KeptCookie
from tests.integration.audit.sealed import ANSWER, KIDS, everything, post, session

_TABLES = ", ".join({column.table for column in SEALED} | {"backup_codes", "deliveries"})


def key() -> str:
    return secrets.token_urlsafe(32)


@pytest.fixture
async def database(engines: Any) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres_owner, max_size=2) as owner:
        await owner.fetch(f"truncate {_TABLES}".encode())
        async with Database(engines.postgres, max_size=6) as found:
            yield found
        await owner.fetch(f"truncate {_TABLES}".encode())


async def test_every_sealed_column_of_the_schema_is_known(database: Database) -> None:
    rows = await database.fetch(
        """select c.table_name, c.column_name, c.data_type from information_schema.columns c join pg_class t
        on t.relname = c.table_name and t.relkind = 'r' and t.relnamespace = c.table_schema::regnamespace
        where c.table_schema = 'public'"""
    )
    sealed = {(row["table_name"], row["column_name"]) for row in rows
              if row["data_type"] == "bytea" and "sealed" in row["column_name"]}  # fmt: skip
    named = {(row["table_name"], row["column_name"]) for row in rows
             if row["data_type"] == "text" and re.search(r"(^|_)key_id$", row["column_name"])}  # fmt: skip
    assert sealed <= {(column.table, column.sealed) for column in SEALED}
    assert named == {(column.table, column.key_id) for column in SEALED}


async def test_what_each_part_sealed_is_sealed_anew_and_opens_again(database: Database) -> None:
    old, new = key(), key()
    one, _ = await everything(database, Seal(old))
    rows = 2 * len(SEALED)

    done = await Resealing(database, Seal(f"{new}\n{old}")).all(lambda *_: None)
    assert (done.rows, done.unopened) == (rows, []), "the context of each is right"

    after = Seal(new)
    assert await Resealing(database, after).in_use() == {after.key_id: rows}
    factor = await PostgresFactors(database, after).factor(one.user)
    assert factor and factor.secret == "JBSWY3DP"
    assert {found.kid for found in await PostgresSigningKeys(database, after).all()} == set(KIDS)
    assert await IdempotencyKeys(database, after).claim(one.claim, b"hash", str(uuid4())) == ANSWER
    assert await RunCookies(database, after).load(one.kept.run_id, one.kept.site) == [one.kept.cookie]
    with_older = await Resealing(database, Seal(f"{key()} {new}")).all(lambda *_: None)
    assert (with_older.rows, with_older.unopened) == (rows, []), "and again"


@pytest.mark.parametrize("column", SEALED, ids=lambda column: f"{column.table}.{column.sealed}")
async def test_what_was_moved_to_another_row_does_not_open(database: Database, column: SealedColumn) -> None:
    old = key()
    await everything(database, Seal(old))
    words = {"table": column.table, "id": column.id, "sealed": column.sealed}
    moved = await database.fetch(
        "update {table} set {sealed} = (select o.{sealed} from {table} o where o.{id} <> {table}.{id}) "
        "returning {id}::text as id".format(**words).encode()
    )
    assert len(moved) == 2
    done = await Resealing(database, Seal(f"{key()}\n{old}")).all(lambda *_: None)
    assert sorted(done.unopened) == sorted(f"{column.table} {row['id']}" for row in moved)


async def test_cookies_that_are_sealed_while_a_key_changes_name_no_key_too_new(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.sealing._LOOK_S", 0.0)
    old, new = key(), key()
    looks = iter([old, old, old])  # at the beginning and before two of the cookies
    run = str(uuid4())
    kept = [KeptCookie(run_id=run, site="s", cookie=session(f"c{number}")) for number in range(4)]
    await RunCookies(database, Seal(lambda: next(looks, f"{new}\n{old}"))).save(kept)
    assert not (await Resealing(database, Seal(f"{new}\n{old}")).all(lambda *_: None)).unopened
    assert len(await RunCookies(database, Seal(new)).load(run, "s")) == 4


async def test_cookies_of_whoever_was_idle_while_a_key_was_changed_and_forgotten_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.sealing._LOOK_S", 0.0)
    new = key()
    looks = iter([key()])
    kept = KeptCookie(run_id=str(uuid4()), site="s", cookie=session("late"))
    store = RunCookies(database, Seal(lambda: next(looks, new)))
    await store.save([kept])
    assert await store.load(kept.run_id, "s") == [kept.cookie]
    assert (await Resealing(database, Seal(new)).all(lambda *_: None)).rows == 1
    assert await Resealing(database, Seal(new)).in_use() == {Seal(new).key_id: 1}


def rotating(environ: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli", "keys", "rotate", "--settle", "1"]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def test_a_rotation_that_was_killed_goes_on_and_forgets_the_old_key(
    engines: Any, database: Database, tmp_path: Path
) -> None:
    environ = {**os.environ, **engines.environ, "TRAWL_DATA": str(tmp_path)}
    (tmp_path / "secrets").mkdir()
    file = SealKeys(tmp_path / "secrets" / "seal_key")
    file.path.write_text(key())
    (old,) = file.all()
    running = Seal(lambda: "\n".join(file.all()))
    await post(database, running, 2000)

    deadline = time.monotonic() + 120
    async with database.transaction() as connection:
        # Its last piece cannot be sealed anew meanwhile, however quick it is and however late we look.
        await connection.execute("select 1 from mails order by id desc limit 1 for update")
        killed = rotating(environ)
        while len(await Resealing(database, running).in_use()) < 2:
            assert time.monotonic() < deadline and killed.poll() is None
            await asyncio.sleep(0.01)
        killed.kill()
        killed.wait()
    new = file.all()
    assert len(new) == 2 and new[1] == old, "what is not sealed anew yet still opens"
    while running.key_id != Seal(new[0]).key_id:
        assert time.monotonic() < deadline, "a process takes the new key up by itself, at its first seal after a second"
        running.seal(b"", "a look")
        await asyncio.sleep(0.01)
    await post(database, running)

    again = rotating(environ)
    out, err = await asyncio.to_thread(again.communicate)
    assert again.returncode == 0, err
    assert "1 keys forgotten" in out and file.all() == new[:1]
    assert await Resealing(database, running).in_use() == {Seal(new[0]).key_id: 2001}
    assert not (await Resealing(database, Seal(f"{key()},{new[0]}")).all(lambda *_: None)).unopened


async def test_what_was_moved_to_another_row_does_not_open_and_keeps_the_old_key(
    engines: Any, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    file = SealKeys(tmp_path / "secrets" / "seal_key")
    file.path.write_text(key())
    await post(database, Seal(file.all()[0]), 3)
    moved = await database.fetch(
        "update mails set sealed = (select sealed from mails order by id limit 1) "
        "where id = (select max(id::text) from mails)::uuid returning id::text"
    )
    refused = rotating({**os.environ, **engines.environ, "TRAWL_DATA": str(tmp_path)})
    _, err = await asyncio.to_thread(refused.communicate)
    assert refused.returncode == 1 and f"mails {moved[0]['id']}" in err
    assert len(file.all()) == 2
