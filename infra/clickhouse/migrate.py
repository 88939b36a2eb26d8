"""Brings a ClickHouse database to the newest numbered migration; every statement may be said twice."""

import hashlib
from importlib.resources import files

from infra.clickhouse.client import connect
from infra.clickhouse.cluster import clustered
from infra.errors import InfraError

_LEDGER = """create table if not exists migrations (name String, sha256 String, applied_at DateTime default now())
engine = ReplacingMergeTree order by name"""


class MigrationChanged(InfraError):
    """A migration that was already applied has another content now."""


def migrate(url: str, cluster: str | None = None) -> list[str]:
    """Applies what is missing and returns its names. ClickHouse has no transactions here: a file that stopped
    half-way is said again from its first statement, which is why each says `if not exists`. On a `cluster` every
    node gets its replicated tables and the tables that see them as one."""
    client = connect(url)
    try:
        for statement in _turned(_LEDGER, cluster):
            client.command(statement)
        done = {str(row[0]): str(row[1]) for row in client.query("select name, sha256 from migrations").result_rows}
        applied = []
        folder = files("infra.clickhouse").joinpath("migrations")
        for entry in sorted(folder.iterdir(), key=lambda file: file.name):
            if not entry.name.endswith(".sql"):
                continue
            script = entry.read_text()
            fingerprint = hashlib.sha256(script.encode()).hexdigest()
            if entry.name in done:
                if done[entry.name] != fingerprint:
                    raise MigrationChanged(f"Migration {entry.name} was applied with another content; add a new file.")
                continue
            for statement in statements(script):
                for turned in _turned(statement, cluster):
                    client.command(turned)
            client.insert("migrations", [[entry.name, fingerprint]], column_names=["name", "sha256"])
            applied.append(entry.name)
        return applied
    finally:
        client.close()


def _turned(statement: str, cluster: str | None) -> list[str]:
    return clustered(statement, cluster) if cluster else [statement]


def statements(script: str) -> list[str]:
    """The statements of a script; a semicolon at the end of a line ends one."""
    bare = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in bare.split(";\n") if part.strip().rstrip(";")]
