"""What of all that passes by is worth telling: pure."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from schemas.events import RecordMarks, RunEvent, Trend
from schemas.webhooks import EventName

_SHOWN_MARKS = 20
_OF_TREND = (
    "dataset", "run_id", "record_key", "field", "kind", "direction", "detector", "confidence", "before", "after",
    "change", "at", "record_id", "url", "sentence", "rule",
)  # fmt: skip
_OVER: dict[str, EventName] = {
    "completed": "run.completed",
    "failed": "run.failed",
    "cancelled": "run.cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that somebody may want to know. `kind` and `confidence` are a trend's; `summary` is one line."""

    event_id: str
    event: EventName
    run_id: str
    at: datetime
    summary: str
    data: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    confidence: float = 1.0


def happening(event: object) -> Happening | None:
    """A run that ended, a trend that began, records that are new, changed or gone; None for everything else."""
    if isinstance(event, RunEvent):
        return _run(event)
    if isinstance(event, Trend):
        return _trend(event)
    return _marks(event) if isinstance(event, RecordMarks) else None


def _run(event: RunEvent) -> Happening | None:
    name = _OVER.get(event.state)
    if event.kind != "state" or name is None:
        return None
    counts = event.counts
    summary = (
        f"{counts.stored} records of {counts.fetched} pages" if name == "run.completed" else event.reason or event.state
    )
    data = {"run_id": event.run_id, "job_id": event.job_id, "dataset": event.dataset, "state": event.state,
            "reason": event.reason, "counts": msgspec.to_builtins(counts), "at": event.at}  # fmt: skip
    return Happening(
        event_id=event.id, event=name, run_id=event.run_id, at=_moment(event.at), summary=summary, data=data
    )


def _trend(event: Trend) -> Happening | None:
    if event.phase != "began":
        return None
    data = {"trend_id": event.id} | {name: getattr(event, name) for name in _OF_TREND}
    summary = event.sentence or f"{event.field} of {event.record_key}: {event.before:g} → {event.after:g}"
    return Happening(event_id=event.id, event="trend", run_id=event.run_id, at=_moment(event.at), summary=summary,
                     data=data, kind=event.kind, confidence=event.confidence)  # fmt: skip


def _marks(event: RecordMarks) -> Happening | None:
    told = [mark for mark in event.marks if mark.state in ("new", "changed", "gone")]
    if not told:
        return None
    counts = dict(Counter(mark.state for mark in told))
    summary = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    data = {"run_id": event.run_id, "job_id": event.job_id, "dataset": event.dataset, "counts": counts, "at": event.at,
            "records": [msgspec.to_builtins(mark) for mark in told[:_SHOWN_MARKS]]}  # fmt: skip
    return Happening(event_id=event.id, event="records.changed", run_id=event.run_id, at=_moment(event.at),
                     summary=summary, data=data)  # fmt: skip


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.astimezone()
