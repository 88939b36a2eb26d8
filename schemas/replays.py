"""A replay in PostgreSQL: what it reads, how far it is, and the pages that are its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

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
