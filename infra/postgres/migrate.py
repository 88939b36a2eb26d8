"""Brings a database to the newest numbered migration.

Several may try at once and one does it: the lock is polled, because waiting inside PostgreSQL for an advisory lock
holds a snapshot that deadlocks with `create index concurrently`. An applied file must not change: its sum is kept.
"""

import asyncio
import hashlib
from importlib.resources import files

import psycopg
from psycopg import sql

from infra.errors import InfraError

_LOCK = 7_241_001
_LEDGER = """create table if not exists migrations (
    name text primary key, sha256 text not null, applied_at timestamptz not null default now())"""


class MigrationChanged(InfraError):
    """A migration that was already applied has another content now."""


def _scripts() -> list[tuple[str, str]]:
    folder = files("infra.postgres").joinpath("migrations")
    return sorted((entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql"))


async def migrate(owner_url: str, app_role: str = "trawl_app") -> list[str]:
    """Applies what is missing, as the owner, one transaction a file; returns the names that were applied.

    Creates the least-rights role without a password where it does not exist (a server of one's own).
    """
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        while True:
            row = await (await connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
            if row and row[0]:
                break
            await asyncio.sleep(0.1)
        try:
            return await _apply(connection, app_role)
        finally:
            await connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


async def _apply(connection: psycopg.AsyncConnection, app_role: str) -> list[str]:
    role = await (await connection.execute("select 1 from pg_roles where rolname = %s", (app_role,))).fetchone()
    if role is None:
        await connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(app_role)))
    await connection.execute(_LEDGER)
    done: dict[str, str] = dict(await (await connection.execute("select name, sha256 from migrations")).fetchall())
    applied = []
    for name, script in _scripts():
        fingerprint = hashlib.sha256(script.encode()).hexdigest()
        if name in done:
            if done[name] != fingerprint:
                raise MigrationChanged(f"Migration {name} was applied with another content; add a new file instead.")
            continue
        async with connection.transaction():
            await connection.execute(script.encode())
            await connection.execute("insert into migrations (name, sha256) values (%s, %s)", (name, fingerprint))
        applied.append(name)
    return applied
