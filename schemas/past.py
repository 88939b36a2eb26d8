"""What was told before, as the warehouse holds it: events at their places in Kafka."""

from dataclasses import dataclass

from schemas.events import CleanBatch, PageOutcome, RunEvent, Trend


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a live topic: a run's, a dataset's, or (both empty) everybody's."""

    topic: str
    run_id: str = ""
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message of Kafka as far as it was stored; offset -1 for rows from before places were kept. Of a batch it has
    only what listeners are told: its name and its records."""

    partition: int
    offset: int
    event: CleanBatch | PageOutcome | RunEvent | Trend
