"""The frames that a WebSocket carries: `{"type": …, "data": {…}}`, made once and shared by all who get them."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import msgspec
import orjson

from api.services.progress import progress, status_of
from schemas.events import CleanBatch, PageOutcome, RunCounts, RunEvent, Trend
from schemas.events.runs import RunState
from schemas.ledger import OPEN_STATES, StoredRecord, StoredTrend

FrameType = Literal["progress", "log", "status", "complete", "error", "record", "trend"]

_LEVELS = {"fetched": "info", "failed": "warning", "filtered": "info"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as text. `identity` names what it tells, so that nothing is told twice; empty: it may be."""

    text: str
    identity: str = ""
    is_record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What one message of Kafka becomes. `ends` is set on the frames that end a run's stream, and `stored` says how
    many records the run has then."""

    topic: str
    run_id: str
    dataset: str
    frames: tuple[Frame, ...]
    ends: bool = False
    stored: int = 0

    @property
    def size(self) -> int:
        """Roughly the bytes that it takes while it waits."""
        return sum(len(frame.text) for frame in self.frames)


def frame(kind: FrameType, data: dict[str, Any], identity: str = "") -> Frame:
    """A frame of any type."""
    return Frame(orjson.dumps({"type": kind, "data": data}).decode(), identity, kind == "record")


def error(code: str, message: str) -> Frame:
    """An error, before the socket is closed because of it."""
    return frame("error", {"code": code, "message": message})


def progress_frame(job_id: str, state: RunState, counts: RunCounts, max_pages: int | None) -> Frame:
    """Progress, in exactly the five fields of the specification."""
    return frame("progress", {"job_id": job_id, **asdict(progress(state, counts, max_pages))})


def of_state(
    job_id: str, run_id: str, state: RunState, counts: RunCounts, reason: str, paused: bool = False
) -> list[Frame]:
    """What a change of state says: `status`; at the end of a run `complete` too, and before it `error` if it failed.
    A run that stands still is in the phase `paused`, as at `GET /api/v1/jobs/{id}`."""
    data = {
        "job_id": job_id,
        "run_id": run_id,
        "status": status_of(state),
        "phase": "paused" if paused and state in ("queued", "running") else state,
        "paused": paused,
        "reason": reason,
        "counts": msgspec.structs.asdict(counts),
    }
    found = [frame("status", data)]
    if state == "failed":
        found.append(error("RUN_FAILED", reason or "The run failed."))
    if state not in OPEN_STATES:
        found.append(frame("complete", data))
    return found


def of_event(event: RunEvent) -> list[Frame]:
    """A run event."""
    found = [progress_frame(event.job_id, event.state, event.counts, event.max_pages)]
    if event.kind == "state":
        found += of_state(event.job_id, event.run_id, event.state, event.counts, event.reason, event.paused)
    return found


def of_outcome(outcome: PageOutcome) -> Frame:
    """A page's outcome as a line of the run's log."""
    what = f"{outcome.outcome} {outcome.status}" if outcome.status else outcome.outcome
    again = "" if outcome.final else "; it will be tried again"
    return frame(
        "log",
        {
            "job_id": outcome.job_id,
            "run_id": outcome.run_id,
            "level": _LEVELS.get(outcome.klass, "info") if outcome.final else "warning",
            "message": f"{what} {outcome.url}{again}",
            "at": outcome.fetched_at,
            "url": outcome.url,
            "outcome": outcome.outcome,
            "status": outcome.status,
            "records": outcome.records,
            "reason": outcome.reason,
        },
        f"outcome {outcome.id}",
    )


def of_batch(batch: CleanBatch) -> list[Frame]:
    """The records of a batch."""
    shared = {
        "job_id": batch.job_id,
        "run_id": batch.run_id,
        "dataset": batch.dataset,
        "url": batch.url,
        "fetched_at": batch.fetched_at,
    }
    return [
        frame("record", {"id": record.id, "key": record.key, **shared, "data": record.data}, record.id)
        for record in batch.records
    ]


def of_stored(record: StoredRecord, job_id: str, run_id: str, dataset: str) -> Frame:
    """A record that was stored before anyone listened; the same frame as when it passed."""
    at = record.fetched_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    shared = {"job_id": job_id, "run_id": run_id, "dataset": dataset, "url": record.url, "fetched_at": at}
    data = {"id": record.id, "key": record.key, **shared, "data": orjson.Fragment(record.data)}
    return frame("record", data, record.id)


def of_trend(trend: Trend) -> Frame:
    """A trend as it is noticed."""
    return frame("trend", msgspec.structs.asdict(trend), f"trend {trend.id}")


def of_stored_trend(trend: StoredTrend) -> Frame:
    """A trend that was noticed before anyone listened."""
    at = trend.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return frame("trend", {"version": 1, **asdict(trend), "at": at}, f"trend {trend.id}")
