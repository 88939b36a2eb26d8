"""What must be there before a process can work: topics, tables, the administrator, the command line's own key.

`up` does this between engines and processes; `trawl provision` does it for servers of one's own. Everything may be done
twice, and by several at once.
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.auth.callers import Caller
from api.auth.first import ADMINISTRATOR, ensure_administrator
from api.auth.keys import Keys
from api.auth.passwords import Passwords
from api.auth.visits import Visit
from cli.place import CLI_KEY
from infra.clickhouse.migrate import migrate as migrate_clickhouse
from infra.kafka.provision import provision as provision_topics
from infra.local.folder import DataFolder
from infra.local.private_files import create_file, make_folder, replace_file
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.migrate import migrate as migrate_postgres
from infra.postgres.pool import Database
from infra.settings import Settings

GENERATED = ("signing_key", "dashboards_key", "seal_key")
"""Secrets that processes read from the data folder and that nobody has to choose."""
SECRET_BYTES = 32

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Provisioned:
    """What was new. `password` is the administrator's, at the one moment when it can be known."""

    topics: list[str]
    migrations: list[str]
    password: str | None


async def provision(settings: Settings, say: Say = lambda _: None) -> Provisioned:
    """Brings everything to where the processes expect it; `say` is told what is being done."""
    _generate_secrets(settings.data)
    say("topics")
    topics = await provision_topics(settings.address("kafka"))
    say("PostgreSQL's tables")
    migrations = await migrate_postgres(settings.address("postgres_owner"))
    say("ClickHouse's tables")
    migrations += await asyncio.to_thread(
        migrate_clickhouse, settings.address("clickhouse"), settings.clickhouse_cluster
    )
    say("accounts")
    async with Database(settings.address("postgres"), max_size=2, application_name="trawl-provision") as database:
        accounts = PostgresAccounts(database)
        async with Passwords() as passwords:
            password = await ensure_administrator(accounts, passwords)
        await ensure_cli_key(accounts, settings.data)
    return Provisioned(topics=topics, migrations=migrations, password=password)


def _generate_secrets(data: Path) -> None:
    for folder in (data, data / "secrets"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        make_folder(folder)
    for name in GENERATED:
        if not os.environ.get(f"TRAWL_SECRET_{name.upper()}"):
            create_file(DataFolder(data).secret_file(name), secrets.token_urlsafe(SECRET_BYTES))


async def ensure_cli_key(accounts: PostgresAccounts, data: Path) -> None:
    """Keeps an API key of the administrator in the data folder: whoever may read the folder may use the command line.

    A key that the database does not know (another database, or revoked) is replaced.
    """
    file = DataFolder(data).secret_file(CLI_KEY)
    try:
        known = await accounts.by_key(hashlib.sha256(file.read_text().strip().encode()).digest())
    except FileNotFoundError:
        known = None
    found = await accounts.credential(ADMINISTRATOR)
    if known or found is None:
        return
    caller = Caller(user_id=found.user.id, username=found.user.username, role=found.user.role, via="key",
                    credential_id="", expires_at=None)  # fmt: skip
    _, key = await Keys(accounts).make(caller, "command line of the data folder", None, Visit())
    replace_file(file, key)
