"""What passes by, and how the system is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from schemas.events import Event
from schemas.message import Message
from schemas.past import PastMessage, Piece

Place = tuple[str, int]
"""A topic and the number of one of its partitions."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What of some topics is read: from `since` seconds ago on or, where `first` names an offset, from there; with
    `until` these places alone, each up to its offset or to what is its end now."""

    topics: Sequence[str]
    since: float = 0.0
    first: Mapping[Place, int] | None = None
    until: Mapping[Place, int] | None = None


class Feed(Protocol):
    """Messages of some topics: in order and without a gap within a partition, as far as the topic keeps them. It fails
    when a topic is deleted or made anew meanwhile: each message is of the topic whose id is in `ids`."""

    def __aiter__(self) -> AsyncIterator[Message]: ...

    def positions(self) -> dict[str, dict[int, int]]:
        """By topic and partition the offset after the last message that was handed out."""
        ...

    @property
    def ids(self) -> Mapping[str, UUID]:
        """Each topic's id; one that was made anew has another."""
        ...

    @property
    def begins(self) -> Mapping[Place, int]:
        """Where `first` was given, the oldest offset that is still there."""
        ...


OpenFeed = Callable[[Reading], AbstractAsyncContextManager[Feed]]
"""Opens a feed."""

StoredUpTo = Callable[[], Awaitable[Mapping[Place, int]]]
"""The offset of each place before which everything is in the warehouse."""


class Past(Protocol):
    """What the warehouse holds of the live topics, in the order of their offsets."""

    async def held(self, piece: Piece, firsts: Sequence[int], ends: Sequence[int]) -> dict[int, int]:
        """How many items (records, not batches) it has of each partition between these offsets."""
        ...

    async def messages(
        self, piece: Piece, partition: int, first: int, end: int, skip: int, limit: int
    ) -> list[PastMessage]:
        """Those of a partition from `first` until before `end`, without the first `skip` items, at most `limit` items:
        the last message may have more of them."""
        ...


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
