"""PostgreSQL alone: what happens to its folder between starts."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from infra.local.bounded_log import BoundedLog
from infra.local.child import Child
from infra.local.folder import DataFolder
from infra.local.ports import free_port
from infra.local.postgres import Postgres
from infra.local.postgres_home import settle
from tests.engines import fresh_folder


@asynccontextmanager
async def running(folder: DataFolder) -> AsyncIterator[Postgres]:
    postgres = Postgres(folder, free_port())
    await postgres.prepare()
    child = await Child.start(postgres.command(), BoundedLog(folder.logs / "postgres.log"), dict(os.environ))
    try:
        async with asyncio.timeout(60):
            while not await postgres.ready():  # noqa: ASYNC110 - it can only be asked
                await asyncio.sleep(0.02)
        yield postgres
    finally:
        await child.stop()


async def test_an_interrupted_first_start_and_a_lost_secret_are_mended() -> None:
    with fresh_folder() as folder:
        folder.create()
        half = settle(folder.path).folder / "cluster.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("18")
        async with running(folder) as postgres:
            lost = folder.secret("postgres-app")
            with psycopg.connect(postgres.url) as app:
                assert app.execute("show fsync").fetchone() == ("on",)
        folder.secret_file("postgres-app").unlink()
        async with running(folder) as postgres:
            assert folder.secret("postgres-app") != lost
            with psycopg.connect(postgres.url) as app:
                assert app.execute("select current_user").fetchone() == ("trawl_app",)
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(postgres.url.replace(folder.secret("postgres-app"), lost))
            with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
                psycopg.connect(postgres.url.replace("trawl_app", "postgres"))
        for path in (folder.logs / "postgres.log", settle(folder.path).cluster / "postgresql.conf"):
            assert lost not in path.read_text(), "a password has no business there"
