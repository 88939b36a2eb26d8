"""The real engines for tests: started when a test first asks, on free ports, in a folder of their own; once a session.

They run in an event loop in a thread of its own, so that tests with loops of their own may come and go, and so that the
thread to whose life the engines are bound stays.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

from infra.local import engines as local_engines
from infra.local.bounded_log import BoundedLog
from infra.local.child import Child
from infra.local.engine import Engine
from infra.local.folder import DataFolder
from infra.local.jars import cache_folder
from infra.local.plan import UpSettings
from infra.local.postgres_home import home_elsewhere

T = TypeVar("T")
PATIENCE_S = 240.0


class Engines:
    """Kafka, PostgreSQL and ClickHouse, with their addresses; `kill` and `restart` are for tests of faults.

    All methods block until what they say is true, and may be called from any thread.
    """

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engines", daemon=True)
        settings = UpSettings(folder, cache_folder(os.environ), kafka_port=0)
        folder.create()
        chosen = local_engines.choose(settings, lambda done, total: None)
        self._engines: dict[str, Engine] = {engine.name: engine for engine in chosen}
        self._children: dict[str, Child] = {}
        endpoints = local_engines.endpoints(settings, chosen)
        self.kafka = endpoints.kafka
        self.postgres = endpoints.postgres
        self.postgres_owner = endpoints.postgres_owner
        self.clickhouse = endpoints.clickhouse

    @property
    def environ(self) -> dict[str, str]:
        """What a process of Trawl must be given to work on these engines."""
        return {
            "TRAWL_DATA": str(self.folder.path),
            "TRAWL_KAFKA": self.kafka,
            "TRAWL_POSTGRES": self.postgres,
            "TRAWL_POSTGRES_OWNER": self.postgres_owner,
            "TRAWL_CLICKHOUSE": self.clickhouse,
        }

    def start(self) -> None:
        """Starts all three, side by side."""
        self._thread.start()
        self._do(self._start_all())

    def stop(self) -> None:
        """Stops them in good order, and the thread."""
        self._do(self._stop_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def kill(self, name: str) -> None:
        """SIGKILL to `kafka`, `postgres` or `clickhouse`; returns when it is dead. It stays so until `restart`."""
        self._do(self._kill(name))

    def restart(self, name: str) -> None:
        """Starts it again (killing it first if it runs); returns when it answers."""
        self._do(self._restart(name))

    def pid(self, name: str) -> int:
        """The process id of an engine that runs."""
        return self._children[name].pid

    def log(self, name: str) -> str:
        """What the engine has said."""
        return (self.folder.logs / f"{name}.log").read_text(errors="replace")

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _start_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name in self._engines:
                group.create_task(self._start(name))

    async def _start(self, name: str) -> None:
        engine = self._engines[name]
        await engine.prepare()
        child = await Child.start(engine.command(), BoundedLog(self.folder.logs / f"{name}.log"), _clean(os.environ))
        self._children[name] = child
        ended = asyncio.create_task(child.ended())
        while not await engine.ready():
            if ended.done():
                raise RuntimeError(f"{name} did not come up: {ended.result()}: {ended.result().last_lines}")
            await asyncio.wait({ended}, timeout=0.05)

    async def _kill(self, name: str) -> None:
        child = self._children.pop(name, None)
        if child:
            child.kill()
            await child.ended()

    async def _restart(self, name: str) -> None:
        await self._kill(name)
        await self._start(name)

    async def _stop_all(self) -> None:
        await asyncio.gather(*(child.stop() for child in self._children.values()))


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(("TRAWL_", "NOTIFY_"))}


@contextlib.contextmanager
def fresh_folder() -> Iterator[DataFolder]:
    """A data folder directly below the temporary folder, where another user can reach it; removed at the end.

    Not in pytest's own: that is closed to others, and PostgreSQL would have to live elsewhere.
    """
    parent = Path(tempfile.mkdtemp(prefix="trawl-test-"))
    if os.geteuid() == 0:
        parent.chmod(0o711)
    folder = DataFolder((parent / "data").resolve())
    try:
        yield folder
    finally:
        elsewhere = home_elsewhere(folder.path)
        if elsewhere:
            shutil.rmtree(elsewhere)
        shutil.rmtree(parent)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """The three engines, ready; shared by the whole session, so each test uses names of its own in them."""
    with fresh_folder() as folder:
        engines = Engines(folder)
        try:
            engines.start()
            yield engines
        finally:
            engines.stop()
