"""Kafka from its jars: one KRaft node, broker and controller in one JVM, on loopback."""

import asyncio
import base64
import contextlib
import os
import shutil
import struct
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from infra.local.engine import Command
from infra.local.errand import errand
from infra.local.jars import Jar, Progress, pinned, provide
from infra.local.java import find_java
from infra.local.ports import LOOPBACK
from infra.local.private_files import create_file, make_folder, replace_file

HEAP = "512m"
PROBE_S = 1.0
_API_VERSIONS = 18
# Java reads file names in the locale's encoding.
_LOCALE = {"LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Kafka:
    """The broker of one data folder. `cache` holds the jars, which all data folders share."""

    folder: Path
    cache: Path
    port: int
    controller_port: int
    mirror: str | None = None
    progress: Progress = lambda done, total: None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    name: str = "kafka"

    @property
    def address(self) -> str:
        """host:port, as clients want it."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _scratch(self) -> Path:
        """Java unpacks native libraries into its temporary folder and leaves them there when it is killed."""
        return self.folder / "tmp"

    async def prepare(self) -> None:
        """Fetches the jars, writes the configuration, formats the log folder once."""
        stop = threading.Event()
        jars = pinned()
        try:
            await asyncio.to_thread(provide, jars, self.cache, mirror=self.mirror, progress=self.progress, stop=stop)
        finally:
            stop.set()
        make_folder(self.folder)
        shutil.rmtree(self._scratch, ignore_errors=True)
        make_folder(self._scratch)
        create_file(self.folder / "cluster-id", _new_cluster_id())
        self._configure()
        if not (self.folder / "log" / "meta.properties").exists():
            await self._format(jars)

    def command(self) -> Command:
        """One JVM. It may be killed: what was acknowledged is in the page cache, and the log is recovered."""
        argv = (*self._java(pinned()), "kafka.Kafka", str(self._properties))
        return Command(argv, _LOCALE, patience_s=20.0)

    async def ready(self) -> bool:
        """Whether it answers ApiVersions; a broker accepts requests only after it has caught up and registered."""
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(PROBE_S):
                return await _answers(self.port)
        return False

    def _configure(self) -> None:
        template = files("infra.local").joinpath("kafka.properties").read_text()
        filled = template.format(
            port=self.port, controller_port=self.controller_port, log=_escaped(self.folder / "log")
        )
        replace_file(self._properties, filled)
        replace_file(self.folder / "log4j2.properties", files("infra.local").joinpath("log4j2.properties").read_text())

    async def _format(self, jars: Sequence[Jar]) -> None:
        cluster = (self.folder / "cluster-id").read_text()
        words = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster, "-c", str(self._properties))
        await errand("Formatting Kafka's log folder", [*self._java(jars), *words], environ=_LOCALE)

    def _java(self, jars: Sequence[Jar]) -> tuple[str, ...]:
        # Exactly the pinned jars, not whatever else lies in the cache.
        path = ":".join(str(self.cache / "jars" / jar.file_name) for jar in jars)
        return (
            str(find_java(self.environ)),
            f"-Xmx{HEAP}",
            "-XX:+UseSerialGC",
            # The quick compiler only: half the CPU time to start (2.7 s instead of 4.8), and after half a million
            # messages it is still ahead; the thorough one would pay after hours of full load.
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",  # a file in /tmp for each JVM
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.io.tmpdir={self._scratch}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp",
            path,
        )


def _escaped(path: Path) -> str:
    """A path as a value of a Java properties file, which is Latin-1 with escapes."""
    units = str(path).replace("\\", "\\\\").encode("utf-16-be")
    return "".join(
        chr(unit) if 0x20 <= unit < 0x7F else f"\\u{unit:04x}" for (unit,) in struct.iter_unpack(">H", units)
    )


def _new_cluster_id() -> str:
    """Kafka's form of a UUID: URL-safe base64 without padding; its own never begin with a dash, nor does ours."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


async def _answers(port: int) -> bool:
    """Asks ApiVersions, version 0 (Kafka protocol guide): size, key, version, correlation, client id."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        body = struct.pack(">hhih", _API_VERSIONS, 0, 1, 5) + b"trawl"
        writer.write(struct.pack(">i", len(body)) + body)
        size, correlation, error = struct.unpack(">iih", await reader.readexactly(10))
        return bool(size > 6 and correlation == 1 and error == 0)
    finally:
        writer.close()
