"""What the frontier in memory keeps: runs, their rows, and what a job remembers of a page."""

import time
from dataclasses import dataclass, field

from schemas.closings import Memory
from schemas.events import RunCounts
from schemas.events.requests import SourceKind
from schemas.freshness import Watched
from schemas.pinned import PinnedRun


@dataclass
class Row:
    """One URL of a run."""

    url: str
    host: str
    depth: int
    hops: int = 0
    state: str = "queued"
    attempt: int = 0
    tries: int = 0
    not_before: float = 0.0
    issued_at: float = 0.0
    published: bool = False
    counted: bool = False
    fetch_id: str | None = None
    outcome: str | None = None
    klass: str | None = None
    records: int = 0
    reason: str = ""
    kind: SourceKind = "page"
    priority: int = 0
    found_on: str = ""

    @property
    def costs(self) -> bool:
        """Its first visit is one of max_pages."""
        return not self.counted and self.hops == 0 and self.kind == "page"


@dataclass
class MemoryRun:
    """A run and its rows."""

    run: PinnedRun
    state: str = "queued"
    cancelled: bool = False
    paused: bool = False
    resumed_at: float = float("-inf")
    stopped: bool = False
    delay: float | None = None
    kind: str = "crawl"
    owner: str = ""
    opened_at: float = field(default_factory=time.monotonic)
    priority: int = 0
    event_seq: int = 0
    stored: int = 0
    rejected: int = 0
    dropped: int = 0
    sources: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    batches: dict[str, tuple[int, bool]] = field(default_factory=dict)

    @property
    def visited(self) -> int:
        return sum(row.counted for row in self.rows.values())

    def pause(self, paused: bool) -> None:
        """What the gateway does to pause it and to let it go on."""
        self.resumed_at = time.monotonic() if self.paused and not paused else self.resumed_at
        self.paused = paused

    @property
    def counts(self) -> RunCounts:
        rows = list(self.rows.values())
        return RunCounts(
            requested=len(rows),
            queued=sum(row.state == "queued" for row in rows),
            issued=sum(row.state == "issued" for row in rows),
            fetched=sum(row.klass == "fetched" for row in rows),
            failed=sum(row.klass == "failed" for row in rows),
            filtered=sum(row.klass == "filtered" for row in rows),
            extracted=sum(row.records for row in rows),
            stored=self.stored,
            rejected=self.rejected,
            dropped=self.dropped,
        )


@dataclass(frozen=True)
class Remembered:
    """What a job knows of a page."""

    seen: Memory
    watched: Watched
    due_at: float
