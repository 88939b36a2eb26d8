"""What extraction needs from its surroundings: the run's rules, and the transaction that closes tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.events.requests import SourceKind
from schemas.job import Freshness, JobDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The pinned side of a run: what extraction may rely on not changing. `whole_run` is the job's newest run that had
    read everything when this one was made, empty where there is none; None where nobody needs to know."""

    id: str
    job_id: str
    dataset: str
    description: JobDescription
    revision: int = 1
    whole_run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLink:
    """A link as a row of the frontier: queued when `outcome` is None, else closed at once as filtered.

    The depth of a source is how many indexes it was reached through.
    """

    url_fp: str
    url: str
    host: str
    depth: int
    hops: int = 0
    outcome: str | None = None
    reason: str = ""
    kind: SourceKind = "page"


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
    said then (outcome, class, reason, records) where that was something else."""

    held: bool
    new_links: int = 0
    retried: bool = False
    before: tuple[str, str, str, int] | None = None


class TaskLedger(Protocol):
    """The frontier, as extraction sees it."""

    async def run(self, run_id: str) -> Run | None:
        """The run's pinned rules; None for a run that was deleted or never was. May be remembered."""
        ...

    async def trail(self, run_id: str, url_fp: str) -> list[str]:
        """The URLs whose redirects led to a row, nearest first, as far as the run knows them."""
        ...

    async def remembered(self, run_id: str, url_fps: Sequence[str]) -> dict[str, bytes]:
        """url_fp → the packed links of pages that the run's job has seen."""
        ...

    async def close(self, closings: Sequence[Closing]) -> list[Closed]:
        """One transaction for all of them, in order; each (run, url) at most once in a call.

        Promise: of all answers to one row exactly one is ever held; links, sums and batch counts are written with it
        or not at all. Said again with the same fetch id it is held again and changes nothing, and is told what it said
        before if it says something else now. An outage is waited out.
        """
        ...
