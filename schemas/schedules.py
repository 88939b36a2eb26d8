"""Schedules as they pass between their store, the scheduler and the gateway."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from schemas.recurrence import CatchUp, Overlap, Recurrence

FiringOutcome: TypeAlias = Literal["started", "waiting", "skipped", "missed", "failed"]

DISABLED: Final = "The job is disabled (enabled: false) or archived."
"""Why a time was skipped, when it came and when its turn came after waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """What became of one time, or of a streak of `times` that were missed from `due_at` until `until`."""

    due_at: datetime
    until: datetime
    outcome: FiringOutcome
    times: int = 1
    why: str = ""
    run_id: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSchedule:
    """A job's schedule. `due_at` is the next time, `next_at` that with its jitter; None where there is no more."""

    job_id: str
    job_name: str
    owner: str
    recurrence: Recurrence
    jitter: float
    catch_up: CatchUp
    overlap: Overlap
    due_at: datetime | None
    next_at: datetime | None
    paused_at: datetime | None
    enabled: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A schedule whose time has come, by the store's clock `now`: `open` says whether a run of the job is, `waiting`
    how many firings wait for its end."""

    job_id: str
    recurrence: Recurrence
    jitter: float
    catch_up: CatchUp
    overlap: Overlap
    due_at: datetime
    next_at: datetime
    now: datetime
    enabled: bool
    open: bool
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is written of a due schedule: firings (one of which may start a run), and when it is due again."""

    firings: list[Firing]
    due_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobToRun:
    """What a run is opened from."""

    job_id: str
    owner: str
    name: str
    description: dict[str, Any] = field(repr=False)
