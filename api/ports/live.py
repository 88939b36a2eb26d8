"""What passes by, and how the system is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from schemas.events import Event
from schemas.message import Message


class Feed(Protocol):
    """Live messages of some topics: in order and without a gap within a partition, for as long as it is read."""

    def __aiter__(self) -> AsyncIterator[Message]: ...

    def positions(self) -> dict[str, dict[int, int]]:
        """By topic and partition the offset after the last message that was handed out."""
        ...


OpenFeed = Callable[[float], AbstractAsyncContextManager[Feed]]
"""Opens a feed of the live topics that begins so many seconds ago."""

Telemetry = Callable[[Event], bool]
"""Publishes soon, or answers False when the event had to be dropped; never waits."""


@dataclass(frozen=True, kw_only=True)
class ProcessHealth:
    """A process as its supervisor sees it; `why` says why it is not running, in words that may come from its log, and
    `ending` as much of that as strangers may know."""

    state: str
    restarts: int = 0
    why: str = ""
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Behind:
    """What waits for one stage in one topic, and for how long the oldest has waited, in seconds."""

    stage: str
    topic: str
    messages: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What the health answer is made of. A check that raises, or takes too long, is a dependency that is down."""

    dependencies: dict[str, Callable[[], Awaitable[object]]]
    """By name, what must return for the dependency to be up."""
    processes: Callable[[], dict[str, ProcessHealth]]
    """Empty where no supervisor runs here."""
    behind: Callable[[], Sequence[Behind]] = tuple
    """Stages that are too far behind."""
