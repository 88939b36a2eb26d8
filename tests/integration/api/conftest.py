"""The gateway as its own process on the real engines."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.main import ensure_administrator
from infra.clickhouse.migrate import migrate as migrate_clickhouse
from infra.kafka.provision import provision
from infra.local.ports import free_port
from infra.postgres.migrate import migrate as migrate_postgres
from infra.postgres.pool import Database

_STARTING_S = 180.0


@dataclass
class Served:
    """A gateway process: where it is, and how to end it and begin it again."""

    environ: dict[str, str]
    port: int
    metrics_port: int
    folder: Path
    password: str
    program: tuple[str, ...] = ("cli", "gateway")
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when the process says that it is ready (sd_notify)."""
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard, (self.folder / "log").open("ab") as log:
            heard.bind(str(notify))
            heard.settimeout(_STARTING_S)
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.program], env=self.environ | {"NOTIFY_SOCKET": str(notify)}, stderr=log
            )
            while b"READY=1" not in heard.recv(4096):
                assert self.process.poll() is None, self.log()

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self, *, kill: bool = False) -> int:
        """Its exit code."""
        assert self.process
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        return self.process.wait(120)


@pytest.fixture(scope="module")
def program() -> tuple[str, ...]:
    """What `python -m` runs as the gateway; a module of tests may have another."""
    return ("cli", "gateway")


@pytest.fixture(scope="module")
def served(engines: Any, program: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway on the engines with an administrator whose password is known."""

    async def prepared() -> str:
        await provision(engines.kafka)
        await migrate_postgres(engines.postgres_owner)
        async with Database(engines.postgres_owner) as owner:
            await owner.fetch("delete from users where username = 'admin'")
            # What others tried here before, from the same address, is no guess of these tests.
            await owner.fetch("delete from attempts")
            await owner.fetch("delete from rate_buckets")
        async with Database(engines.postgres) as database:
            return await ensure_administrator(database) or ""

    migrate_clickhouse(engines.clickhouse)
    port, metrics_port = free_port(), free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TRAWL_")},
        **engines.environ,
        "TRAWL_PORT": str(port),
        "TRAWL_METRICS_PORT": str(metrics_port),
        "TRAWL_SECRET_SIGNING_KEY": "a seed for tests",
        "TRAWL_SECRET_DASHBOARDS_KEY": "another for tests",
        "TRAWL_SECRET_SEAL_KEY": secrets.token_urlsafe(32),
        # These tests ask more in a second than an account may in a minute; test_edge.py has the product's own limits.
        "TRAWL_RATE_LIMITS": '{"*": {"limit": 1000000, "burst": 1000000, "block": 0}}',
        "TRAWL_CONNECTIONS_PER_ADDRESS": "10000",
        # The document's examples ask for mail, which is refused where none is sent. It waits here: no notifier runs.
        "TRAWL_SMTP_URL": "smtp://127.0.0.1:9",
    }
    found = Served(environ, port, metrics_port, tmp_path_factory.mktemp("gateway"), asyncio.run(prepared()),
                   program)  # fmt: skip
    found.start()
    try:
        yield found
    finally:
        if found.process and found.process.poll() is None:
            found.stop()


async def administrator(served: Served) -> dict[str, str]:
    """Headers with which requests are the administrator's."""
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        answer = await http.post("/api/v1/auth/login", json={"username": "admin", "password": served.password})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}
