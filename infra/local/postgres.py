"""PostgreSQL from the programs of a package: TCP on loopback, SCRAM passwords, an owner and a least-rights role."""

import asyncio
import contextlib
import hashlib
import signal
import struct
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from infra.local.engine import Command
from infra.local.errand import errand
from infra.local.folder import DataFolder
from infra.local.ports import LOOPBACK
from infra.local.postgres_home import PostgresHome, give, make_own_folder, settle
from infra.local.private_files import replace_file

DATABASE = "trawl"
OWNER, APP = "trawl_owner", "trawl_app"
PROBE_S = 1.0
_PROTOCOL_3 = 196608
_HBA = f"host {DATABASE} {OWNER},{APP} {LOOPBACK}/32 scram-sha-256\n"
_ROLES_DONE = "trawl-roles.sha256"


@dataclass(frozen=True)
class Postgres:
    """The server of one data folder."""

    folder: DataFolder
    port: int
    name: str = "postgres"

    @property
    def owner_url(self) -> str:
        """For migrations only."""
        return self._url(OWNER, self.folder.secret("postgres-owner"))

    @property
    def url(self) -> str:
        """For the processes."""
        return self._url(APP, self.folder.secret("postgres-app"))

    def _url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{DATABASE}"

    async def prepare(self) -> None:
        """Makes the cluster once, then keeps its configuration and passwords as they should be."""
        home = await asyncio.to_thread(settle, self.folder.path)
        roles = _roles(self.folder.secret("postgres-owner"), self.folder.secret("postgres-app"))
        if not home.cluster.exists():
            await _create(home, roles)
        _configure(home)
        if _done(home.cluster) != _fingerprint(roles):
            await _single_user(home, home.cluster, roles)
            _write(home.cluster / _ROLES_DONE, _fingerprint(roles), home)

    def command(self) -> Command:
        """The postmaster. Stopped "fast" (SIGINT); orphaned, "immediately" (SIGQUIT), and the next start recovers."""
        home = settle(self.folder.path)
        argv = (str(home.programs / "bin" / "postgres"), "-D", str(home.cluster), "-c", f"port={self.port}")
        return Command(
            argv,
            folder=home.cluster,
            account=home.account,
            stop_signal=signal.SIGINT,
            patience_s=20.0,
            orphan_signal=signal.SIGQUIT,
        )

    async def ready(self) -> bool:
        """Whether it asks for a password; while it starts or recovers it answers with an error instead."""
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(PROBE_S):
                return await _asks_for_password(self.port)
        return False


def _roles(owner: str, app: str) -> list[str]:
    """The statements that make the roles and give them these passwords, one a line; may be run again."""
    script = files("infra.local").joinpath("postgres_roles.sql").read_text().format(owner=owner, app=app)
    return [line for line in script.splitlines() if not line.startswith("--")]


def _fingerprint(statements: list[str]) -> str:
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()


def _done(cluster: Path) -> str:
    """What the roles were last set to; running PostgreSQL once more at each start would cost a second."""
    marker = cluster / _ROLES_DONE
    return marker.read_text() if marker.exists() else ""


async def _create(home: PostgresHome, roles: list[str]) -> None:
    """Makes the cluster beside its place and moves it there when it is whole: an interrupted start leaves no half."""
    draft = home.folder / "cluster.new"
    make_own_folder(draft, home.account)
    options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=reject", "--data-checksums"]
    await _run(home, ["initdb", "-D", str(draft), *options])
    await _single_user(home, draft, [f"CREATE DATABASE {DATABASE};", *roles])
    _write(draft / _ROLES_DONE, _fingerprint(roles), home)
    draft.rename(home.cluster)


def _configure(home: PostgresHome) -> None:
    _write(home.cluster / "postgresql.conf", files("infra.local").joinpath("postgres.conf").read_text(), home)
    _write(home.cluster / "pg_hba.conf", _HBA, home)


def _write(path: Path, content: str, home: PostgresHome) -> None:
    replace_file(path, content)
    give(path, home.account)


async def _single_user(home: PostgresHome, cluster: Path, statements: list[str]) -> None:
    """Runs statements without a server: no port is open, and passwords go through a pipe, not through arguments."""
    # A statement that fails must not be quoted in the log: it may hold a password.
    options = ["-c", "exit_on_error=true", "-c", "log_statement=none", "-c", "log_min_error_statement=panic"]
    await _run(home, ["postgres", "--single", "-D", str(cluster), *options, "postgres"], "\n".join([*statements, ""]))


async def _run(home: PostgresHome, words: list[str], text: str = "") -> None:
    argv = [str(home.programs / "bin" / words[0]), *words[1:]]
    await errand(f"Setting PostgreSQL up ({words[0]})", argv, text=text, folder=home.folder, account=home.account)


async def _asks_for_password(port: int) -> bool:
    """Sends a StartupMessage and looks for AuthenticationSASL (PostgreSQL documentation, Message Formats)."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        body = struct.pack(">i", _PROTOCOL_3) + f"user\0{APP}\0database\0{DATABASE}\0\0".encode()
        writer.write(struct.pack(">i", len(body) + 4) + body)
        return await reader.readexactly(1) == b"R"
    finally:
        writer.close()
