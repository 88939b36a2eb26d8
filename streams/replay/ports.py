"""What replaying needs of its surroundings: the list of replays, and the pages that Kafka still holds."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from schemas.message import Message
from schemas.replays import Candidate, Offsets, Planned, Replay, Standing, Taken


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
