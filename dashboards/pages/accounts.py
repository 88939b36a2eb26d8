"""Whether a run's sums close."""

from dataclasses import dataclass

from schemas.events import RunCounts


@dataclass(frozen=True, slots=True)
class Account:
    """One sum: what came in, and where all of it is. `over` is what the parts have too many (or, negative, too few)."""

    whole: str
    total: int
    parts: tuple[tuple[str, int], ...]
    over: int


def accounts(counts: RunCounts) -> tuple[Account, Account]:
    """Of pages and of records. Pages add up at every moment; records that are on their way are a part of theirs."""
    pages = (
        ("waiting", counts.queued),
        ("under way", counts.issued),
        ("fetched", counts.fetched),
        ("failed", counts.failed),
        ("filtered", counts.filtered),
    )
    settled = counts.stored + counts.rejected + counts.dropped
    records = (
        ("stored", counts.stored),
        ("rejected", counts.rejected),
        ("filtered", counts.dropped),
        ("on their way", max(0, counts.extracted - settled)),
    )
    return (
        Account("requested", counts.requested, pages, sum(part for _, part in pages) - counts.requested),
        Account("extracted", counts.extracted, records, sum(part for _, part in records) - counts.extracted),
    )
