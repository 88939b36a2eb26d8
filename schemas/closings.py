"""What an answer asks of its task's row, and what becomes of that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from schemas.frontier import FoundLink
from schemas.job import Freshness

Before: TypeAlias = tuple[str, str, str, int]
"""How a row was closed: outcome, class, reason, records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the job remembers of a page for its later runs, where it asks for freshness (`schemas/freshness.py`).

    `seen_at` is the visit, in epoch seconds. `links` are packed by `streams/extraction/remembered.py`; None says that
    the host found nothing changed: links and hash stay, the rest is as the host says it now.
    """

    seen_at: float
    etag: str
    last_modified: str
    content_hash: str
    links: bytes | None
    freshness: Freshness


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What should become of one task, if this answer holds the claim on it.

    `retry_at` (epoch seconds) queues the row again instead of closing it; `counts` says whether this was a try at all
    (it was not where the host is being left alone). A failure must answer the newest attempt.
    A whole response (`whole`) counts whichever attempt brought it, since its fetcher does not ask the host again for
    the same try: as the end always, as the reason for another try while `tries` is still what the task said.
    """

    run_id: str
    url_fp: str
    host: str
    fetch_id: str
    attempt: int
    tries: int
    whole: bool
    outcome: str
    klass: str
    status: int | None = None
    reason: str = ""
    retry_at: float | None = None
    records: int = 0
    batches: Sequence[tuple[str, int]] = ()
    links: Sequence[FoundLink] = field(default_factory=tuple)
    source: str = ""
    counts: bool = True
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The answer of the transaction. `held`: this answer owns the row, now or since before a crash; `before` is what it
    said then, where that was something else."""

    held: bool
    new_links: int = 0
    retried: bool = False
    before: Before | None = None
