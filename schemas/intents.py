"""What the warehouse writes down before it inserts, and what the confirmation adds to the runs' accounts."""

from collections.abc import Sequence
from dataclasses import dataclass


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
