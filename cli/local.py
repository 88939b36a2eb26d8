"""Puts `trawl up` together: settings, ports, engines, provisioning, processes, and what people see of it."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cli.board import Board
from cli.processes import specifications
from cli.provision import Provisioned, provision
from infra.local.folder import DataFolder
from infra.local.jars import cache_folder
from infra.local.keeper import Event
from infra.local.plan import Endpoints, UpSettings
from infra.local.ports import Port, free_port
from infra.local.up import Up, run
from infra.settings import Settings
from infra.tls import Certificate

T = TypeVar("T")
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # recognised, not bound


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the command line asked for beside the settings; 0 takes any free port."""

    command: str
    kafka_port: int = 9092
    fetchers: int = 1
    environ: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    """More addresses for people, to be told with the others."""


@dataclass(frozen=True)
class Doors:
    """The ports that people know, each chosen."""

    host: str
    gateway: int
    dashboards: int
    metrics: int
    metrics_host: str = "127.0.0.1"
    tls: tuple[Path, Path] | None = None
    """The certificate and its key, with which the gateway and the dashboards speak TLS."""

    @classmethod
    def choose(cls, settings: Settings) -> "Doors":
        """As configured; any free one where that is 0."""
        taken: list[int] = []
        for wished in (settings.port, settings.dashboards_port, settings.metrics_port):
            taken.append(wished or free_port(avoid=taken))
        gateway, dashboards, metrics = taken
        Certificate.of(settings.tls_cert, settings.tls_key)  # what cannot be used is said before anything starts
        tls = (settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
        return cls(settings.host, gateway, dashboards, metrics, settings.metrics_host, tls)

    def ports(self) -> tuple[Port, ...]:
        """To be looked at before anything starts."""
        return (
            Port(self.gateway, "the gateway", "--port or TRAWL_PORT", self.host),
            Port(self.dashboards, "the dashboards", "--dashboards-port or TRAWL_DASHBOARDS_PORT", self.host),
            Port(self.metrics, "the metrics", "--metrics-port or TRAWL_METRICS_PORT", self.metrics_host),
        )

    def addresses(self) -> dict[str, str]:
        """As people type them on this machine."""
        host, scheme = _typed(self.host), "https" if self.tls else "http"
        return {
            "gateway": f"{scheme}://{host}:{self.gateway}",
            "dashboards": f"{scheme}://{host}:{self.dashboards}",
            "metrics": f"http://{_typed(self.metrics_host)}:{self.metrics}/metrics",
            **({"certificate": str(self.tls[0])} if self.tls else {}),
        }

    def environ(self) -> dict[str, str]:
        """For the processes."""
        tls = {"TRAWL_TLS_CERT": str(self.tls[0]), "TRAWL_TLS_KEY": str(self.tls[1])} if self.tls else {}
        return {
            **tls,
            "TRAWL_HOST": self.host,
            "TRAWL_PORT": str(self.gateway),
            "TRAWL_DASHBOARDS_PORT": str(self.dashboards),
            "TRAWL_METRICS_PORT": str(self.metrics),
        }


def _typed(host: str) -> str:
    host = "127.0.0.1" if host in _EVERYWHERE else host
    return f"[{host}]" if ":" in host else host


class _Watcher:
    def __init__(self, board: Board) -> None:
        self._board = board

    def happened(self, event: Event) -> None:
        self._board.tell(event.name, str(event.state), event.text)

    def fetching(self, done: int, total: int) -> None:
        self._board.downloading(done, total)


@dataclass(frozen=True)
class Standing:
    """A Trawl that is up: where it is, what provisioning made, what could not be started."""

    folder: Path
    endpoints: Mapping[str, str]
    made: Provisioned
    down: Mapping[str, str]
    settings: Settings


def keep_up(settings: Settings, wishes: Wishes, board: Board, body: Callable[[Standing], Awaitable[T]]) -> T | None:
    """Brings everything up, awaits `body`, drains. None when a signal came before `body` was done.

    The board draws while things start and stop; in between the terminal belongs to `body`.
    """
    import asyncio

    made: list[Provisioned] = []
    doors = Doors.choose(settings)

    async def prepare(endpoints: Endpoints) -> None:
        known = settings.model_copy(update={name: value for name, value in endpoints.document().items() if value})
        made.append(await provision(known, board.note))
        board.note("")

    async def within(up: Up) -> T:
        board.stop()
        try:
            return await body(_standing(up, made[0], settings))
        finally:
            board.start()

    async def whole() -> T | None:
        up = Up(_up_settings(settings, wishes, doors), prepare, specifications(wishes.fetchers), _Watcher(board))
        return await run(up, within)

    with board:
        return asyncio.run(whole())


def _up_settings(settings: Settings, wishes: Wishes, doors: Doors) -> UpSettings:
    environ = {**os.environ, **doors.environ(), **wishes.environ}
    return UpSettings(
        folder=DataFolder(settings.data),
        cache=cache_folder(environ),
        command=wishes.command,
        kafka=settings.kafka,
        postgres=settings.postgres,
        postgres_owner=settings.postgres_owner,
        clickhouse=settings.clickhouse,
        kafka_port=wishes.kafka_port,
        doors=doors.ports(),
        addresses={**doors.addresses(), **_outside(settings), **wishes.addresses},
        mirror=settings.mirror,
        environ=environ,
    )


def _outside(settings: Settings) -> dict[str, str]:
    """Where browsers reach the gateway through a proxy; commands on this machine go straight to it."""
    return {"public": settings.public_url} if settings.public_url else {}


def _standing(up: Up, made: Provisioned, settings: Settings) -> Standing:
    processes = up.status().get("processes")
    entries: Sequence[tuple[str, Mapping[str, str]]] = list(processes.items()) if isinstance(processes, dict) else []
    down = {name: entry["why"] for name, entry in entries if entry["state"] == "down"}
    known = settings.model_copy(update={name: value for name, value in up.endpoints.document().items() if value})
    return Standing(up.folder.path, up.endpoints.document(), made, down, known)
