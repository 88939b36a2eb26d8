"""The lines of a run's log: the same whether they are told live or read back from the stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from schemas.ledger import Done, Turn

Level = Literal["info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("info", "warning", "error")
Source = Literal["page", "run", "audit"]

_OF_CLASS: dict[str, Level] = {"fetched": "info", "failed": "warning", "filtered": "info"}
_TURNS = {
    "queued": "The run waits for its start",
    "running": "The run goes on",
    "finishing": "Every page is done; the last records are being stored",
    "completed": "The run has completed",
    "failed": "The run has failed",
    "cancelled": "The run was cancelled",
}


class Seen(Protocol):
    """What a visit came to: an event, or a row."""

    @property
    def url(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def klass(self) -> str: ...
    @property
    def final(self) -> bool: ...
    @property
    def status(self) -> int | None: ...
    @property
    def records(self) -> int: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line. `details` are what its kind has beside the sentence."""

    id: str
    at: datetime
    level: Level
    source: Source
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


def level_of(seen: Seen) -> Level:
    """A page that failed, or is to be tried again, is a warning."""
    return _OF_CLASS.get(seen.klass, "info") if seen.final else "warning"


def page_details(seen: Seen) -> dict[str, Any]:
    """What a line about a visit has beside its sentence."""
    return {
        "url": seen.url,
        "outcome": seen.outcome,
        "status": seen.status,
        "records": seen.records,
        "reason": seen.reason,
    }


def page_sentence(seen: Seen) -> str:
    """A visit in one line."""
    what = f"{seen.outcome} {seen.status}" if seen.status else seen.outcome
    return f"{what} {seen.url}{'' if seen.final else '; it will be tried again'}"


def page_line(identity: str, at: datetime, seen: Seen) -> LogLine:
    """A visit."""
    return LogLine(
        id=identity, at=at, level=level_of(seen), source="page", message=page_sentence(seen),
        details=page_details(seen),
    )  # fmt: skip


def turn_line(turn: Turn) -> LogLine:
    """A change of the run's state."""
    said = "The run is paused" if turn.paused else _TURNS.get(turn.state, f"The run is {turn.state}")
    level: Level = "error" if turn.state == "failed" else "info"
    message = f"{said}: {turn.reason}" if turn.reason else f"{said}."
    return LogLine(
        id=turn.id, at=turn.at, level=level, source="run", message=message,
        details={"state": turn.state, "reason": turn.reason},
    )  # fmt: skip


def act_line(done: Done) -> LogLine:
    """What somebody did."""
    message = f"{done.action.replace('_', ' ').capitalize()} by {done.actor}."
    details = {"actor": done.actor, "action": done.action}
    return LogLine(id=done.id, at=done.at, level="info", source="audit", message=message, details=details)
