"""What is stored for good, and what was sent once more."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from schemas.accounts import Act
from schemas.choosing import FieldCondition, FieldOrder, RankedRecord
from schemas.ledger import Again, Asked, Attempt, StoredLetter, StoredMark, StoredRecord, StoredTrend


class Records(Protocol):
    """What is stored for good."""

    async def records(
        self,
        dataset: str,
        run_id: str,
        after: tuple[str, str] | None,
        limit: int,
        where: Sequence[FieldCondition] = (),
    ) -> list[StoredRecord]:
        """Records of a run in the order of (key, id), after a position; only those that are so in every field."""
        ...

    async def ranked(
        self,
        dataset: str,
        run_id: str,
        order: FieldOrder,
        after: tuple[float, str, str] | None,
        limit: int,
        where: Sequence[FieldCondition] = (),
    ) -> list[RankedRecord]:
        """The same in the order of (rank, key, id)."""
        ...

    async def marks(
        self, dataset: str, run_id: str, state: str | None, after: tuple[str, str, str] | None, limit: int
    ) -> list[StoredMark]:
        """Marks of a run's records in the order of (key, record id, state), after a position; `state` only of one."""
        ...

    async def trends(
        self,
        runs: Sequence[str] | None,
        *,
        dataset: str | None = None,
        kind: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[StoredTrend]:
        """Newest first, after the position (at, id); None for the trends of all runs."""
        ...

    async def letters(
        self,
        *,
        topic: str | None = None,
        stage: str | None = None,
        code: str | None = None,
        run_id: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[StoredLetter]:
        """Dead letters without their values, newest first, after the position (at, id)."""
        ...

    async def letter(self, letter_id: str) -> StoredLetter | None:
        """One dead letter, whole."""
        ...

    async def batch(self, run_id: str, batch_id: str) -> int | None:
        """How many records of a batch were stored or left out by filters; None: it did not come so far."""
        ...

    async def attempts(self, run_id: str, url_fp: str, limit: int) -> list[Attempt]:
        """Visits to one URL, the first one first."""
        ...


class Resent(Protocol):
    """Remembers which dead letters were sent again."""

    async def ask(self, letter_id: str, act: Act, again: Again | None) -> Asked:
        """Whether it is to be sent. The first who asks has the run's accounts make room for what comes `again`, in the
        same transaction; audited once."""
        ...

    async def done(self, letter_id: str) -> None:
        """It is in its topic."""
        ...


Resend = Callable[[str, str, bytes, Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Topic, key, value, headers: returns once the broker has the message."""
