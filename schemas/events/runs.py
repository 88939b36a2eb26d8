"""How runs go: state changes and progress."""

from typing import Literal

import msgspec

from schemas.events.base import Event

RunState = Literal["queued", "running", "finishing", "completed", "failed", "cancelled"]


class RunCounts(msgspec.Struct, frozen=True, kw_only=True):
    """A run's accounts. requested = queued + issued + fetched + failed + filtered at every moment."""

    requested: int = 0
    queued: int = 0
    issued: int = 0
    fetched: int = 0
    failed: int = 0
    filtered: int = 0
    extracted: int = 0
    stored: int = 0
    rejected: int = 0
    dropped: int = 0


class RunEvent(Event, kw_only=True, frozen=True):
    """A run changed its state or made progress.

    `completed` carries the end offsets of the topics that hold the run's events, so that a live client which has
    read up to them has seen every record before it is told that the run is over.
    """

    id: str
    run_id: str
    job_id: str
    dataset: str
    kind: Literal["state", "progress"]
    state: RunState
    at: str
    counts: RunCounts = RunCounts()
    max_pages: int | None = None
    reason: str = ""
    paused: bool = False
    end_offsets: dict[str, dict[str, int]] = {}

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.run_id

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, ""
