"""What the warehouse needs: a ledger of what it is about to insert, and a place to insert it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One insert, decided before it is made: which offsets, which of their events are left out as repeats, and the
    moment that all its rows carry. Its token is the same whoever sends it again."""

    topic: str
    partition: int
    first: int
    last: int
    skipped: frozenset[str]
    ingested_at: str
    cluster: str
    confirmed: bool = False

    @property
    def token(self) -> str:
        """What ClickHouse recognises a repeated insert by."""
        return f"{self.cluster}/{self.topic}/{self.partition}/{self.first}-{self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What the confirmation of an intent adds to a run's accounts: nothing, if the run did not promise these batches,
    or had them confirmed before. The warehouse makes one a batch."""

    run_id: str
    batches: Sequence[str]
    stored: int
    rejected: int
    dropped: int


class IntentLedger(Protocol):
    """Intents in PostgreSQL. Every call is one transaction that first checks the epoch and raises Fenced when a
    newer owner has taken the partition. Outages are waited out."""

    async def take(self, topic: str, partition: int) -> tuple[int, Intent | None]:
        """The next epoch of the partition, and the newest intent if there is any."""
        ...

    async def moments(self, topic: str, partition: int) -> list[str]:
        """The moments that the rows of the partition's last ten intents carry, newest intent first."""
        ...

    async def begin(self, intent: Intent, epoch: int) -> None:
        """Writes the intent down before its rows are sent."""
        ...

    async def confirm(self, intent: Intent, epoch: int, sums: Sequence[Sums]) -> None:
        """ClickHouse has answered: the intent is confirmed and the runs' accounts get its sums, once."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table in one of ClickHouse's formats, and how many."""

    table: str
    body: bytes
    count: int
    format: str = "JSONEachRow"


class RowStore(Protocol):
    """ClickHouse, as the warehouse sees it."""

    async def insert(self, rows: Rows, token: str) -> None:
        """One insert, one block, one partition. Returns when it was answered; a time-out sends the same rows and the
        same token again, until then."""
        ...

    async def recent_ids(self, table: str, moments: Sequence[str], limit: int) -> list[str]:
        """The ids that the table received in the hour up to each of these moments, newest first, at most `limit`."""
        ...


class LogBounds(Protocol):
    """What a partition holds at this moment."""

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset that is still there, and the one after the last."""
        ...
