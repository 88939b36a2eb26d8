"""ClickHouse from the chdb package, behind our own HTTP front."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.local.engine import Command
from infra.local.folder import DataFolder
from infra.local.ports import LOOPBACK
from infra.local.private_files import make_folder

DATABASE = "trawl"
USER = "trawl"
PROBE_S = 1.0
_SECRET = "clickhouse"


@dataclass(frozen=True)
class ClickHouse:
    """The server of one data folder."""

    folder: DataFolder
    port: int
    name: str = "clickhouse"

    @property
    def url(self) -> str:
        """As clickhouse-connect's settings want it: with user, password and database."""
        return f"http://{USER}:{self.folder.secret(_SECRET)}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def _home(self) -> Path:
        return self.folder.path / "clickhouse"

    async def prepare(self) -> None:
        """Makes the folder and the password."""
        make_folder(self._home)
        self.folder.secret(_SECRET)

    def command(self) -> Command:
        """The front, which holds the engine. It finishes running queries; killed, the engine recovers its parts."""
        options = {
            "folder": self._home,
            "port": self.port,
            "user": USER,
            "password-file": self.folder.secret_file(_SECRET),
            "database": DATABASE,
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        # The engine reads a config.xml in its working folder: it must be one where there is none but ours.
        return Command(
            (sys.executable, "-m", "infra.local.clickhouse_front", *arguments),
            {"TZ": "UTC", "PYTHONPATH": _import_path()},
            folder=self._home,
            patience_s=30.0,
        )

    async def ready(self) -> bool:
        """Whether it answers /ping."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PROBE_S):
                return await _pongs(self.port)
        return False


def _import_path() -> str:
    """Where the front finds this package, which need not be installed."""
    ours = str(Path(__file__).parents[2])
    return os.pathsep.join(filter(None, (ours, os.environ.get("PYTHONPATH"))))


async def _pongs(port: int) -> bool:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(b"GET /ping HTTP/1.0\r\n\r\n")
        return b" 200 " in await reader.readline()
    finally:
        writer.close()
