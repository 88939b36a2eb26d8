"""What the warehouse needs: a ledger of what it is about to insert, and a place to insert it."""

from collections.abc import Sequence
from typing import Protocol

from schemas.inserts import Rows
from schemas.intents import Intent, Sums


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
