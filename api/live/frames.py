"""The frames that a WebSocket carries: `{"type", "data"}`, with `id` and `cursor` beside; made once for all who get
them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import msgspec
import orjson

from api.errors import Code
from api.ports.live import Place
from api.services.log_lines import level_of, page_details, page_sentence
from api.services.progress import progress, status_of
from schemas.errors import CodecError
from schemas.events import CleanBatch, CleanRecord, PageOutcome, RecordMarks, RunCounts, RunEvent, Trend
from schemas.events.runs import RunState
from schemas.heads import BatchHead
from schemas.ledger import OPEN_STATES

FrameType = Literal["progress", "log", "status", "complete", "error", "record", "marks", "trend", "gap"]
LiveEvent = RunEvent | PageOutcome | CleanBatch | BatchHead | RecordMarks | Trend

_TAIL = 2100
"""Characters at the end of a frame in which its cursor lies."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame without its last bracket. `id` names the item that it tells; empty where it is a picture of how things
    stand, which may be told again."""

    kind: str
    body: str
    id: str = ""

    def text(self, cursor: str = "") -> str:
        """The whole frame. Ids and cursors are plain ASCII without quotes."""
        name = f',"id":"{self.id}"' if self.id else ""
        after = f',"cursor":"{cursor}"' if cursor else ""
        return f"{self.body}{name}{after}}}"


@dataclass(slots=True)
class Parcel:
    """A message of Kafka as listeners get it; its frames are made when the first of them asks. `told_before` counts
    frames of the same message that it does not have, and `cut` says that there are more."""

    topic: str
    partition: int
    offset: int
    event: LiveEvent
    size: int
    told_before: int = 0
    cut: bool = False
    stored: bool = False
    _frames: tuple[Frame, ...] | None = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        """Its partition."""
        return self.topic, self.partition

    @property
    def run_id(self) -> str:
        """Whose it is."""
        return self.event.run_id

    @property
    def dataset(self) -> str:
        """Where its records go."""
        return self.event.dataset

    @property
    def ends(self) -> bool:
        """Whether it is the end of its run."""
        return isinstance(self.event, RunEvent) and self.event.kind == "state" and self.event.state not in OPEN_STATES

    def rest(self, told: int) -> "Parcel":
        """Without so many of its first frames."""
        left = self.frames[told:]
        return replace(self, told_before=self.told_before + told, _frames=left)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """What listeners are told; nothing of a batch with a record that is none, as if it had none at all."""
        if self._frames is None:
            try:
                self._frames = tuple(_frames(self.event))
            except CodecError:
                self._frames = ()
        return self._frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What nobody keeps of a topic: from these offsets by partition until before those; `to` is None where the topic
    itself is gone."""

    topic: str
    first: dict[int, int]
    to: dict[int, int] | None
    reason: Literal["retention", "topic_recreated", "log_shortened", "too_many"]
    message: str


def _frames(event: LiveEvent) -> list[Frame]:
    match event:
        case RunEvent():
            return of_event(event)
        case PageOutcome():
            return [of_outcome(event)]
        case CleanBatch():
            return of_batch(event, event.records)
        case BatchHead():
            return of_batch(event, event.opened())
        case RecordMarks():
            return [frame("marks", msgspec.to_builtins(event), event.id)]
        case Trend():
            return [frame("trend", msgspec.structs.asdict(event), event.id)]


def frame(kind: str, data: dict[str, Any], identity: str = "") -> Frame:
    """A frame of any type."""
    try:
        text = orjson.dumps({"type": kind, "data": data}).decode()
    except TypeError:  # numbers beyond 64 bits are JSON too
        text = json.dumps({"type": kind, "data": data}, ensure_ascii=False, separators=(",", ":"))
    return Frame(kind, text[:-1], _plain(identity))


def _plain(identity: str) -> str:
    """An id as it may stand between quotes: ours are UUIDs, outsiders' may be anything."""
    return identity if identity.isascii() and identity.isprintable() and not set(identity) & {'"', "\\"} else ""


def error(code: Code, message: str, identity: str = "", *, reason: str = "") -> Frame:
    """An error, mostly before the socket is closed because of it. `reason` says to machines what sockets alone know,
    where the code is that of its kind."""
    data = {"code": code, "message": message}
    return frame("error", data | ({"reason": reason} if reason else {}), identity)


def of_gap(gap: Gap) -> Frame:
    """What is missing, and why."""
    first = {str(partition): offset for partition, offset in gap.first.items()}
    to = None if gap.to is None else {str(partition): offset for partition, offset in gap.to.items()}
    return frame("gap", {"topic": gap.topic, "from": first, "to": to, "reason": gap.reason, "message": gap.message})


def progress_frame(job_id: str, state: RunState, counts: RunCounts, max_pages: int | None) -> Frame:
    """Progress, in exactly the five fields of the specification."""
    return frame("progress", {"job_id": job_id, **asdict(progress(state, counts, max_pages))})


def of_state(
    job_id: str, run_id: str, state: RunState, counts: RunCounts, reason: str, paused: bool = False, identity: str = ""
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
    found = [frame("status", data, identity and f"{identity}/status")]
    if state == "failed":
        name = identity and f"{identity}/error"
        found.append(error("SERVER_ERROR", reason or "The run failed.", name, reason="RUN_FAILED"))
    if state not in OPEN_STATES:
        found.append(frame("complete", data, identity and f"{identity}/complete"))
    return found


def of_event(event: RunEvent) -> list[Frame]:
    """A run event."""
    found = [progress_frame(event.job_id, event.state, event.counts, event.max_pages)]
    if event.kind == "state":
        found += of_state(event.job_id, event.run_id, event.state, event.counts, event.reason, event.paused, event.id)
    return found


def of_outcome(outcome: PageOutcome) -> Frame:
    """A page's outcome as a line of the run's log."""
    return frame(
        "log",
        {
            "job_id": outcome.job_id,
            "run_id": outcome.run_id,
            "level": level_of(outcome),
            "message": page_sentence(outcome),
            "at": outcome.fetched_at,
            **page_details(outcome),
        },
        outcome.id,
    )


def of_batch(batch: CleanBatch | BatchHead, records: Sequence[CleanRecord]) -> list[Frame]:
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
        for record in records
    ]


def cursor_of(text: str) -> str:
    """The cursor of a frame's text; empty where it has none. It stands at the end, where data never does."""
    _, mark, rest = text[-_TAIL:].rpartition(',"cursor":"')
    return rest[:-2] if mark and rest.endswith('"}') and '"' not in rest[:-2] else ""


def is_live(event: object) -> bool:
    """Whether listeners are told of it."""
    return isinstance(event, LiveEvent)
