"""`trawl up`: lock, secrets, engines, provisioning, processes; and the way back down."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from infra.local.clickhouse import ClickHouse
from infra.local.engine import Command, Engine
from infra.local.errors import EngineFailed, LocalError
from infra.local.folder import DataFolder
from infra.local.kafka import Kafka
from infra.local.keeper import Event, State, Unit
from infra.local.ports import Port, remembered_port, require_free
from infra.local.postgres import Postgres
from infra.local.supervisor import Supervisor

T = TypeVar("T")
KAFKA_PORT = 9092


@dataclass(frozen=True)
class Endpoints:
    """Where everything listens. The owner's URL is for migrations only and is not given to the processes."""

    kafka: str
    postgres: str
    postgres_owner: str
    clickhouse: str
    others: Mapping[str, str] = field(default_factory=dict)
    """The addresses for people: gateway, dashboards, metrics."""

    def document(self) -> dict[str, str]:
        """The document of `endpoints.json`."""
        engines = ("kafka", "postgres", "postgres_owner", "clickhouse")
        return {name: getattr(self, name) for name in engines} | dict(self.others)


@dataclass(frozen=True)
class ProcessSpec:
    """A process of Trawl: `count` copies of one command, started when the named ones are ready."""

    name: str
    argv: tuple[str, ...]
    waits_for: tuple[str, ...] = ()
    count: int = 1
    environ: Mapping[str, str] = field(default_factory=dict)
    patience_s: float = 15.0

    def instances(self) -> list[str]:
        """The name, or name-1, name-2 … where there are several."""
        return [self.name] if self.count == 1 else [f"{self.name}-{number + 1}" for number in range(self.count)]


@dataclass(frozen=True)
class UpSettings:
    """What `trawl up` was asked to do. An engine whose address is given is not started: it is yours."""

    folder: DataFolder
    cache: Path
    command: str = "trawl up"
    kafka: str | None = None
    postgres: str | None = None
    postgres_owner: str | None = None
    clickhouse: str | None = None
    kafka_port: int = KAFKA_PORT
    """A port that people know; 0 for any free one."""
    doors: tuple[Port, ...] = ()
    """Ports that processes will listen on: looked at before anything starts."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """The addresses for people, for `endpoints.json`."""
    mirror: str | None = None
    """A Maven repository to fetch the jars from instead of the default one."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


class Watcher(Protocol):
    """Whoever shows people what happens; called in the event loop, must not block."""

    def happened(self, event: Event) -> None:
        """A unit's state changed."""

    def fetching(self, done: int, total: int) -> None:
        """The broker's jars arrive: bytes so far, bytes in all."""


Provision = Callable[[Endpoints], Awaitable[None]]


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

    def hurry(self) -> None:
        """Does not wait any longer for processes to finish their work."""
        if self._supervisor:
            self._supervisor.hurry()

    async def _come_up(self, stack: AsyncExitStack) -> None:
        settings, folder = self.settings, self.folder
        stack.enter_context(folder.locked(settings.command))
        for door in settings.doors:
            require_free(door)
        engines = _engines(settings, self._fetching())
        endpoints = self._endpoints = _endpoints(settings, engines)
        environ = _children_environ(settings, endpoints)
        supervisor = self._supervisor = await stack.enter_async_context(
            Supervisor(folder.logs, environ, tell=self._watcher.happened, write_status=folder.write_status)
        )
        await _start_engines(engines, supervisor, self._watcher)
        folder.write_endpoints(endpoints.document())
        stack.callback(folder.withdraw_endpoints)
        await self._provision(endpoints)
        for process in self._processes:
            for unit in _units(process, self._processes, [engine.name for engine in engines]):
                supervisor.start(unit)
        await supervisor.settled()

    def _fetching(self) -> Callable[[int, int], None]:
        loop = asyncio.get_running_loop()
        return lambda done, total: loop.call_soon_threadsafe(self._watcher.fetching, done, total) and None


async def run(up: Up, body: Callable[[Up], Awaitable[T]] | None = None) -> T | None:
    """Keeps it up until SIGINT, SIGTERM or SIGHUP, or until `body` is done; then drains.

    A second signal ends the processes without waiting for their work. Returns what `body` returned, None when a signal
    came first.
    """

    async def serve() -> T | None:
        async with up:
            return await (body(up) if body else asyncio.get_running_loop().create_future())

    work = asyncio.create_task(serve())
    with _signals(lambda: work.cancel() if not work.cancelling() else up.hurry()):
        try:
            return await work
        except asyncio.CancelledError:
            if not work.cancelled():
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


@dataclass(frozen=True)
class Engines:
    """The engines to start; None for one that is yours."""

    kafka: Kafka | None
    postgres: Postgres | None
    clickhouse: ClickHouse | None

    def __iter__(self) -> Iterator[Engine]:
        for engine in (self.kafka, self.postgres, self.clickhouse):
            if engine:
                yield engine


def _engines(settings: UpSettings, progress: Callable[[int, int], None]) -> Engines:
    folder, ports = settings.folder, settings.folder.path / "ports.json"
    kafka = None
    if settings.kafka is None:
        if settings.kafka_port:
            require_free(Port(settings.kafka_port, "Kafka", "TRAWL_KAFKA_PORT"))
        kafka = Kafka(
            folder.path / "kafka",
            settings.cache,
            settings.kafka_port or remembered_port(ports, "kafka"),
            remembered_port(ports, "kafka-controller"),
            settings.mirror,
            progress,
            settings.environ,
        )
    return Engines(
        kafka,
        Postgres(folder, remembered_port(ports, "postgres")) if settings.postgres is None else None,
        ClickHouse(folder, remembered_port(ports, "clickhouse")) if settings.clickhouse is None else None,
    )


def _endpoints(settings: UpSettings, engines: Engines) -> Endpoints:
    postgres = engines.postgres
    return Endpoints(
        kafka=engines.kafka.address if engines.kafka else settings.kafka or "",
        postgres=postgres.url if postgres else settings.postgres or "",
        postgres_owner=postgres.owner_url if postgres else settings.postgres_owner or settings.postgres or "",
        clickhouse=engines.clickhouse.url if engines.clickhouse else settings.clickhouse or "",
        others=settings.addresses,
    )


def _children_environ(settings: UpSettings, endpoints: Endpoints) -> dict[str, str]:
    inherited = {name: value for name, value in settings.environ.items() if name != "TRAWL_POSTGRES_OWNER"}
    return inherited | {
        "TRAWL_DATA": str(settings.folder.path),
        "TRAWL_KAFKA": endpoints.kafka,
        "TRAWL_POSTGRES": endpoints.postgres,
        "TRAWL_CLICKHOUSE": endpoints.clickhouse,
    }


async def _start_engines(engines: Iterable[Engine], supervisor: Supervisor, watcher: Watcher) -> None:
    """Prepares and starts them side by side. Raises the first error; the others are then no longer waited for."""

    async def start(engine: Engine) -> None:
        watcher.happened(Event(engine.name, State.WAITING, "being prepared"))
        await engine.prepare()
        supervisor.start(Unit(engine.name, engine.command, ready=engine.ready, is_engine=True))
        for keeper in await supervisor.settled([engine.name]):
            raise EngineFailed(f"{engine.name} did not come up: {keeper.why}. Its log: {supervisor.log_of(engine.name)}")

    try:
        async with asyncio.TaskGroup() as group:
            for engine in engines:
                group.create_task(start(engine))
    except* LocalError as problems:
        raise problems.exceptions[0] from None


def _units(process: ProcessSpec, everyone: Sequence[ProcessSpec], engines: Sequence[str]) -> list[Unit]:
    by_name = {spec.name: spec for spec in everyone}
    waits_for = [instance for name in process.waits_for for instance in by_name[name].instances()]
    command = Command(process.argv, process.environ, patience_s=process.patience_s)
    return [Unit(name, lambda: command, (*engines, *waits_for)) for name in process.instances()]
