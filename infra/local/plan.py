"""What `trawl up` is asked to do, and what it tells about it."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from infra.local.folder import DataFolder
from infra.local.keeper import Event
from infra.local.ports import Port

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
