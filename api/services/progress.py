"""How far a run is, in the words of the v1 interface."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.events import RunCounts
from schemas.events.runs import RunState
from schemas.ledger import Run

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
StatusAsked = Literal["created", "queued", "running", "completed", "failed", "cancelled"]

STATES: dict[StatusAsked, tuple[RunState | Literal["created"], ...]] = {
    "created": ("created",),
    "queued": ("created", "queued"),
    "running": ("running", "finishing"),
    "completed": ("completed",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
"""Which states of a run each of the five status words stands for, to whoever asks for a list. A job that has never run
is `created`, which the first interface tells as `queued`."""

_STATUS: dict[RunState, Status] = {
    "queued": "queued",
    "running": "running",
    "finishing": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_OPERATIONS: dict[RunState, str] = {
    "queued": "Waiting to start",
    "running": "Processing pages",
    "finishing": "Storing the last records",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
}


_PHASES = {"paused": "Paused", "stopping": "Finishing the pages under way", "cancelling": "Cancelling"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """D's progress: `total_pages` is None while nobody can know it, `percent_complete` is 100 only at the end."""

    current_page: int
    total_pages: int | None
    percent_complete: float
    current_operation: str


def status_of(state: RunState) -> Status:
    """The status word of a state."""
    return _STATUS[state]


NOT_STARTED = Progress(current_page=0, total_pages=None, percent_complete=0.0, current_operation="Not started")
"""The progress of a job that has never run."""


def phase_of(run: Run) -> str:
    """What is going on in more detail than the status word: the state, or `cancelling`, `stopping`, `paused`."""
    if run.open and run.cancelled_at:
        return "cancelling"
    if run.state in ("queued", "running"):
        if run.stopped_at:
            return "stopping"
        if run.paused_at:
            return "paused"
    return run.state


def progress(state: RunState, counts: RunCounts, max_pages: int | None, phase: str = "") -> Progress:
    """How far a run with these accounts is. While links are still being found, the total is what is known by now."""
    current = counts.fetched + counts.failed
    known = counts.requested - counts.filtered
    total: int | None = max(current, min(known, max_pages or known))
    if state == "queued" or not counts.requested:
        total = None
    percent = round(100.0 * current / total, 1) if total else 0.0
    if state == "completed":
        percent = 100.0
    elif state in ("queued", "running", "finishing"):
        percent = min(percent, 99.9)
    return Progress(
        current_page=current,
        total_pages=total,
        percent_complete=percent,
        current_operation=_PHASES.get(phase, _OPERATIONS[state]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds: how long a run waited and worked, and how long the rest will take at the speed until now."""

    queued_seconds: float
    running_seconds: float
    estimated_seconds_left: float | None


def timing(run: Run, now: datetime) -> Timing:
    """The times of a run as of `now`; the estimate is None before the first page and for a run that is over."""
    started = run.started_at or run.finished_at or now
    worked = max(0.0, ((run.finished_at or now) - started).total_seconds())
    seen = progress(run.state, run.counts, run.max_pages)
    left = None
    if run.open and seen.total_pages and seen.current_page:
        left = round(worked / seen.current_page * (seen.total_pages - seen.current_page), 1)
    return Timing(
        queued_seconds=round(max(0.0, (started - run.created_at).total_seconds()), 3),
        running_seconds=round(worked, 3),
        estimated_seconds_left=left,
    )
