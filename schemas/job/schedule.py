"""When a job runs by itself."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from schemas.job.strings import Strict
from schemas.recurrence import CatchUp, Overlap, Recurrence, cron, zone_of

LEAST_INTERVAL_S = 60.0
_MOST_INTERVAL_S = 366 * 86_400.0
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").match
_LENGTH = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([smhdw])").fullmatch


def _seconds(value: Any) -> Any:
    """`90m` is short for 5400."""
    if not isinstance(value, str):
        return value
    found = _LENGTH(value.strip().lower())
    if found is None:
        raise ValueError("give seconds, or a number with s, m, h, d or w, such as 6h")
    return float(found[1]) * _UNITS[found[2]]


Interval = Annotated[
    float,
    Field(ge=LEAST_INTERVAL_S, le=_MOST_INTERVAL_S),
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": LEAST_INTERVAL_S, "maximum": _MOST_INTERVAL_S},
                {"type": "string", "pattern": r"^\s*[0-9]{1,9}(\.[0-9]{1,6})?\s*[smhdwSMHDW]\s*$"},
            ]
        }
    ),
]
"""Seconds, or a number with a unit."""


class Schedule(Strict):
    """One of cron, interval and at. A text in its place is cron in UTC."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {"cron": "0 2 * * 1-5", "timezone": "Europe/Berlin", "jitter": 300},
                {"interval": "6h", "catch_up": "none"},
                {"at": "2027-01-01T06:00:00", "timezone": "America/New_York"},
            ]
        },
    )

    cron: str | None = Field(
        None, max_length=200, description="Minute, hour, day, month, weekday; or @hourly, @daily, @weekly, @monthly."
    )
    interval: Interval | None = Field(None, description="Seconds from one to the next, or 90m, 6h, 2d.")
    at: datetime | None = Field(None, description="Once. Without an offset it is on the clocks of `timezone`.")
    timezone: str = Field("UTC", max_length=64, description="IANA name; it knows when its clocks are changed.")
    jitter: float = Field(0.0, ge=0, le=86_400, description="Up to so many seconds later, the same for each firing.")
    catch_up: CatchUp = Field(
        "last", description="What was missed while nobody could start it: none of it, the last, or all (20 at most)."
    )
    overlap: Overlap = Field("skip", description="While a run is open: skip the firing, queue it, or allow both.")

    @model_validator(mode="before")
    @classmethod
    def _other_forms(cls, value: Any) -> Any:
        """A text is cron; `time_zone` and `tz` are spellings of `timezone`."""
        if isinstance(value, str):
            return {"cron": value}
        if isinstance(value, dict):
            value = dict(value)
            for name in ("time_zone", "tz"):
                if name in value:
                    value.setdefault("timezone", value.pop(name))
        return value

    @field_validator("cron")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        return None if value is None else cron(value)

    @field_validator("at", mode="before")
    @classmethod
    def _dated(cls, value: Any) -> Any:
        """A bare number would be read as seconds since 1970, which nobody means."""
        if value is None or isinstance(value, datetime) or (isinstance(value, str) and _DATED(value)):
            return value
        raise ValueError("write a date and a time, such as 2027-01-01T06:00:00")

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        zone_of(value)
        return value

    @model_validator(mode="after")
    def _one_of_them(self) -> "Schedule":
        if sum(given is not None for given in (self.cron, self.interval, self.at)) != 1:
            raise ValueError("give exactly one of cron, interval, at")
        if self.at is not None:
            try:
                at = self.at if self.at.tzinfo else self.at.replace(tzinfo=zone_of(self.timezone))
                self.at = at.astimezone(UTC)
            except OverflowError:
                raise ValueError("at is no moment that any clock shows") from None
        return self

    def recurrence(self, anchor: datetime) -> Recurrence:
        """When it fires; an interval counts from `anchor`."""
        if self.cron is not None:
            return Recurrence(kind="cron", expression=self.cron, zone=self.timezone)
        if self.interval is not None:
            return Recurrence(kind="interval", expression=repr(self.interval), zone=self.timezone, anchor=anchor)
        assert self.at is not None
        return Recurrence(kind="once", expression=self.at.isoformat(), zone=self.timezone)
