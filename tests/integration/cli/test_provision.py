"""Provisioning on real engines: done twice it changes nothing, and the command line gets a key that works."""

import asyncio
import hashlib
import stat
from pathlib import Path

import pytest

from cli.place import CLI_KEY
from cli.provision import GENERATED, provision
from infra.clickhouse.client import connect
from infra.kafka.tail import Tail
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.pool import Database
from infra.settings import Settings
from schemas.accounts import Act, User
from schemas.topics import topics
from tests.engines import Engines


@pytest.fixture
def settings(engines: Engines, tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path / "data", kafka=engines.kafka, postgres=engines.postgres,
        postgres_owner=engines.postgres_owner, clickhouse=engines.clickhouse,
    )  # fmt: skip


async def keys_owner(settings: Settings) -> tuple[str, User]:
    """The id of the key in the folder and whose it is, as the gateway would look it up."""
    key = (settings.data / "secrets" / CLI_KEY).read_text()
    async with Database(settings.address("postgres"), max_size=2) as database:
        found = await PostgresAccounts(database).by_key(hashlib.sha256(key.encode()).digest())
    assert found, "the database does not know the key"
    return found.id, found.user


async def test_everything_is_there_and_a_second_time_changes_nothing(settings: Settings) -> None:
    said: list[str] = []
    await provision(settings, said.append)
    assert said == ["topics", "PostgreSQL's tables", "ClickHouse's tables", "accounts"]
    async with Tail(settings.address("kafka"), list(topics())) as tail:
        assert set(tail.positions()) == set(topics())
    client = connect(settings.address("clickhouse"))
    assert client.command("select count() from records where dataset = 'never used'") == 0
    client.close()
    key = (settings.data / "secrets" / CLI_KEY).read_text()
    again = await provision(settings)
    assert (again.topics, again.migrations, again.password) == ([], [], None)
    assert (settings.data / "secrets" / CLI_KEY).read_text() == key


async def test_several_at_once_agree(settings: Settings) -> None:
    done = await asyncio.gather(*[provision(settings) for _ in range(3)])
    assert sum(entry.password is not None for entry in done) <= 1
    assert (await keys_owner(settings))[1].username == "admin"


async def test_the_key_is_the_administrators_and_a_revoked_one_is_replaced(settings: Settings) -> None:
    await provision(settings)
    key_id, owner = await keys_owner(settings)
    assert (owner.username, owner.role) == ("admin", "admin")
    async with Database(settings.address("postgres"), max_size=2) as database:
        assert await PostgresAccounts(database).revoke_key(
            owner.id, key_id, Act(actor="test", action="api_key_revoked")
        )
    await provision(settings)
    assert (await keys_owner(settings))[0] != key_id


async def test_secrets_are_for_nobody_else(settings: Settings) -> None:
    await provision(settings)
    secrets = settings.data / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {file.name for file in secrets.iterdir()} == {*GENERATED, CLI_KEY}
    for file in secrets.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(file.read_text()) >= 43
