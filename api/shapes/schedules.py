"""Schedules as v1 tells them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from schemas.job.schedule import Schedule
from schemas.recurrence import CatchUp, Kind, Overlap
from schemas.schedules import Firing, FiringOutcome, JobSchedule

_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"
_TIME = {"at": "2026-01-06T01:00:00Z", "local": "2026-01-06T02:00:00+01:00"}
_SCHEDULE: dict[str, Any] = {
    "job_id": _JOB,
    "job_name": "shop",
    "kind": "cron",
    "expression": "0 2 * * *",
    "timezone": "Europe/Berlin",
    "jitter": 300.0,
    "catch_up": "last",
    "overlap": "skip",
    "enabled": True,
    "paused_at": None,
    "next_at": "2026-01-06T01:02:11Z",
    "due_at": "2026-01-06T01:00:00Z",
}
_FIRING: dict[str, Any] = {
    "due_at": "2026-01-05T01:00:00Z",
    "until": "2026-01-05T01:00:00Z",
    "times": 1,
    "outcome": "started",
    "why": "",
    "run_id": "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f",
    "decided_at": "2026-01-05T01:02:12Z",
}


def _shown(example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class ScheduleBody(BaseModel):
    """When a job runs by itself. `expression` is five cron fields, seconds, or a moment, by `kind`."""

    model_config = _shown(_SCHEDULE)

    job_id: str
    job_name: str
    kind: Kind
    expression: str
    timezone: str
    jitter: float
    catch_up: CatchUp
    overlap: Overlap
    enabled: bool = Field(description="That of the job: a disabled one is not started.")
    paused_at: datetime | None
    due_at: datetime | None = Field(description="The next time; null where there is no more.")
    next_at: datetime | None = Field(description="The next time with its jitter.")


class SchedulePage(BaseModel):
    """A piece of the list, the next one to fire first."""

    model_config = _shown({"schedules": [_SCHEDULE], "next_cursor": None})

    schedules: list[ScheduleBody]
    next_cursor: str | None


class TimeBody(BaseModel):
    """One moment, in UTC and as the clocks of the time zone show it."""

    at: datetime
    local: str


class TimesBody(BaseModel):
    """Times to come, without jitter; none of a schedule that is paused or whose job is disabled."""

    model_config = _shown({"timezone": "Europe/Berlin", "times": [_TIME]})

    timezone: str
    times: list[TimeBody]


class PreviewAsked(BaseModel):
    """A schedule to try."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"schedule": {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}, "count": 3}]},
    )

    schedule: Schedule = Field(description="As in a job; a text is cron in UTC.")
    count: int = Field(10, ge=1, le=100)


class FiringBody(BaseModel):
    """What became of one time, or of a streak of `times` that were missed."""

    model_config = _shown(_FIRING)

    due_at: datetime
    until: datetime
    times: int
    outcome: FiringOutcome
    why: str = Field(description="Why it was not started; empty otherwise.")
    run_id: str | None
    decided_at: datetime | None


class FiringPage(BaseModel):
    """A piece of the list, the newest first."""

    model_config = _shown({"firings": [_FIRING], "next_cursor": None})

    firings: list[FiringBody]
    next_cursor: str | None


def schedule_body(known: JobSchedule) -> ScheduleBody:
    """A schedule as it is shown."""
    names = ("job_id", "job_name", "jitter", "catch_up", "overlap", "enabled", "paused_at", "due_at", "next_at")
    recurrence = known.recurrence
    return ScheduleBody(
        kind=recurrence.kind,
        expression=recurrence.expression,
        timezone=recurrence.zone,
        **{name: getattr(known, name) for name in names},
    )


def times_body(zone: str, times: Sequence[datetime]) -> TimesBody:
    """Moments on two clocks."""
    local = ZoneInfo(zone)
    return TimesBody(timezone=zone, times=[TimeBody(at=one, local=one.astimezone(local).isoformat()) for one in times])


def firing_body(firing: Firing) -> FiringBody:
    """A firing as it is shown."""
    return FiringBody(**{name: getattr(firing, name) for name in FiringBody.model_fields})
