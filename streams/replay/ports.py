"""What replaying needs of its surroundings: the list of replays, and the pages that Kafka still holds."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from schemas.message import Message

Offsets: TypeAlias = Mapping[int, int]
"""Partition → offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay that has something to do. Epoch seconds; `since` and `until` bound when a page was read, None: they do
    not. `begun_at` and `ended_at` (None: one goes on) bound the sources' runs.

    `planned_to` is the fingerprint up to which the sources were looked at; None of `reads_to`: not all of them yet.
    Up to `published` all is in Kafka, up to `closing` rows may have been closed.
    """

    run_id: str
    sources: Sequence[str]
    since: float | None
    until: float | None
    pattern: str
    planned_to: str | None
    begun_at: float
    ended_at: float | None
    reads_to: Offsets | None
    published: Offsets
    closing: Offsets

    @property
    def by_visit(self) -> bool:
        """Whether a row is a visit: with several sources a URL may stand for several stored pages."""
        return len(self.sources) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A page of a source: the visit that closed its task there."""

    run_id: str
    url_fp: str
    fetch_id: str
    url: str
    host: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A page that becomes a row of the replay."""

    row: str
    host: str
    url: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A stored page that is a row of the replay, under way."""

    row: str
    fetch_id: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a replay's run stands: `wanted` until somebody ends it or all is read, `over` when nothing of it is to be
    told any more, `left` rows that are not closed."""

    wanted: bool
    paused: bool
    over: bool
    left: int


class Replays(Protocol):
    """PostgreSQL as replaying sees it. Every method is one transaction, safe to say twice; outages are waited out."""

    async def next(self) -> Replay | None:
        """The oldest replay that has something to do; not one that is paused."""
        ...

    async def candidates(self, replay: Replay, after: str | None) -> tuple[list[Candidate], str | None]:
        """Some pages of the sources in the order of fingerprint and run, and the fingerprint after which the next ones
        come; None: these were the last."""
        ...

    async def plan(self, run_id: str, rows: Sequence[Planned], to: str | None) -> bool:
        """Pages become rows, `to` says how far the sources were looked at. False: the run is not wanted any more."""
        ...

    async def begin(self, run_id: str, reads_from: Offsets, reads_to: Offsets) -> None:
        """Every page is a row."""
        ...

    async def standing(self, run_id: str) -> Standing:
        """How the run stands now."""
        ...

    async def take(self, replay: Replay, visits: Sequence[tuple[str, str, str]]) -> list[Taken]:
        """Of visits (source run, url_fp, fetch id) those that are rows of the replay and are not closed, or were closed
        by that very visit; the first are issued."""
        ...

    async def note(self, run_id: str, published: Offsets, closing: Offsets) -> None:
        """Up to here all is in Kafka, up to there rows may be closed from now on."""
        ...

    async def finish(self, run_id: str) -> None:
        """Everything that is stored was read: closes what was planned and is not there (`not_kept`)."""
        ...


class StoredPages(Protocol):
    """raw-pages from somewhere to somewhere, without a group."""

    async def span(self, since: float, until: float | None) -> tuple[Offsets, Offsets]:
        """Where the messages of a span of time (epoch seconds; None: until now) begin and end."""
        ...

    def read(
        self, begins: Offsets, ends: Offsets
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[list[Message], Offsets]]]:
        """Portions of messages with the positions after them, until every partition is at its end. What the topic does
        not keep any more is passed over."""
        ...
