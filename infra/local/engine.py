"""What the supervisor needs to know of a program, and what `trawl up` needs to know of an engine."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Account:
    """A user and group to run as, by number."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """How to start one program and how to end it."""

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment that all children share, of which one that runs as somebody else gets little."""
    folder: Path | None = None
    """Where it runs; the supervisor's own folder when None."""
    account: Account | None = None
    """Whom it runs as; the supervisor's own user when None."""
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 15.0
    """How long it may take to stop before it is killed."""
    orphan_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when the supervisor dies without a word."""


_FOR_OTHERS = ("PATH", "LANG", "TZ", "NOTIFY_SOCKET")


def environment(account: Account | None, shared: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a program: what all share, and its own. One that runs as somebody else is not told what
    our user's environment holds (passwords, keys), only what every program needs."""
    if account:
        shared = {name: shared[name] for name in _FOR_OTHERS if name in shared}
    return {**shared, **own}


class Engine(Protocol):
    """One of Kafka, PostgreSQL and ClickHouse, run from packages.

    Promises: `prepare` may be called any number of times, also after it was interrupted; after it, `command` names a
    program that keeps its state through kill -9; `ready` never raises and never takes longer than a second or so.
    """

    @property
    def name(self) -> str:
        """The engine's name in events, logs and status."""

    async def prepare(self) -> None:
        """Does what must be done before the start: files, formatting, accounts."""

    def command(self) -> Command:
        """How to start it."""

    async def ready(self) -> bool:
        """Whether it answers its clients now."""
