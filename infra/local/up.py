"""`trawl up`: lock, secrets, engines, provisioning, processes; and the way back down."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

from infra.local import engines
from infra.local.engine import Command
from infra.local.errors import EngineMissing
from infra.local.keeper import Unit
from infra.local.plan import Endpoints, ProcessSpec, Provision, UpSettings, Watcher
from infra.local.ports import require_free
from infra.local.supervisor import Supervisor

T = TypeVar("T")


class Up:
    """A running Trawl. Entering the context returns when each process is ready or has been given up.

    Raises LocalError when the folder, a port or an engine cannot be had; then everything has been stopped again.
    Leaving it drains: processes first, each after those that wait for it, engines last.
    """

    def __init__(
        self, settings: UpSettings, provision: Provision, processes: Sequence[ProcessSpec], watcher: Watcher
    ) -> None:
        self.settings = settings
        self.folder = settings.folder
        self._provision = provision
        self._processes = processes
        self._watcher = watcher
        self._stack = AsyncExitStack()
        self._supervisor: Supervisor | None = None
        self._endpoints: Endpoints | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Where everything listens, once the engines run."""
        if self._endpoints is None:
            raise RuntimeError("Trawl is not up")
        return self._endpoints

    async def __aenter__(self) -> "Up":
        async with AsyncExitStack() as stack:
            await self._come_up(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def status(self) -> dict[str, object]:
        """The document of `status.json`, as of now."""
        return self._supervisor.status() if self._supervisor else {}

    async def _come_up(self, stack: AsyncExitStack) -> None:
        if sys.platform != "linux":
            raise EngineMissing("`trawl up` needs Linux. Elsewhere use docker-compose.yml, or servers of your own.")
        settings, folder = self.settings, self.folder
        stack.enter_context(folder.locked(settings.command))
        for door in settings.doors:
            require_free(door)
        chosen = engines.choose(settings, self._fetching())
        endpoints = self._endpoints = engines.endpoints(settings, chosen)
        environ = _children_environ(settings, endpoints)
        supervisor = self._supervisor = await stack.enter_async_context(
            Supervisor(folder.logs, environ, tell=self._watcher.happened, write_status=folder.write_status)
        )
        await engines.start(chosen, supervisor, self._watcher.happened)
        folder.write_endpoints(endpoints.document())
        stack.callback(folder.withdraw_endpoints)
        await self._provision(endpoints)
        for process in self._processes:
            for unit in _units(process, self._processes, [engine.name for engine in chosen]):
                supervisor.start(unit)
        await supervisor.settled()

    def _fetching(self) -> Callable[[int, int], None]:
        """The watcher's method for the threads that fetch: it is called in the event loop."""
        loop = asyncio.get_running_loop()

        def tell(done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._watcher.fetching, done, total)

        return tell


async def run(up: Up, body: Callable[[Up], Awaitable[T]] | None = None) -> T | None:
    """Keeps it up until SIGINT, SIGTERM or SIGHUP, or until `body` is done; then drains.

    A second signal ends the processes without waiting for their work. Returns what `body` returned, None when a signal
    came first.
    """

    async def serve() -> T | None:
        async with up:
            return await (body(up) if body else asyncio.get_running_loop().create_future())

    work = asyncio.create_task(serve())
    # The first cancels the body; cancelling the drain that follows makes it hurry.
    with _signals(work.cancel):
        try:
            return await work
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if this and this.cancelling():  # whoever runs us gave up, not the person at the keyboard
                raise
            return None


@contextlib.contextmanager
def _signals(handler: Callable[[], object]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    chosen = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in chosen:
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in chosen:
            loop.remove_signal_handler(number)


def _children_environ(settings: UpSettings, endpoints: Endpoints) -> dict[str, str]:
    inherited = {name: value for name, value in settings.environ.items() if name != "TRAWL_POSTGRES_OWNER"}
    return inherited | {
        "TRAWL_DATA": str(settings.folder.path),
        "TRAWL_KAFKA": endpoints.kafka,
        "TRAWL_POSTGRES": endpoints.postgres,
        "TRAWL_CLICKHOUSE": endpoints.clickhouse,
    }


def _units(process: ProcessSpec, everyone: Sequence[ProcessSpec], engines: Sequence[str]) -> list[Unit]:
    by_name = {spec.name: spec for spec in everyone}
    waits_for = [instance for name in process.waits_for for instance in by_name[name].instances()]
    command = Command(process.argv, process.environ, patience_s=process.patience_s)
    return [Unit(name, lambda: command, (*engines, *waits_for)) for name in process.instances()]
