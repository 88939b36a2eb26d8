"""Jobs, runs, and what became of them: the shapes in which the stores hand them to whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias

from schemas.events.runs import RunCounts, RunState
from schemas.job import JobDescription
from schemas.priorities import RANKS

OPEN_STATES: frozenset[RunState] = frozenset({"queued", "running", "finishing"})
"""The states of a run that is not over."""
ENDED_STATES: frozenset[RunState] = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A run that is about to be opened. `description` is the job description that is pinned to it, as JSON data;
    `priority` is -1, 0 or 1 for low, normal and high; the job of an `estimate` is nobody's to see; `ready_made` names
    which of the product's own descriptions this is, but for its pace and its limit of pages."""

    run_id: str
    job_id: str
    owner: str
    name: str
    dataset: str
    description: dict[str, Any]
    priority: int
    max_pages: int
    kind: Literal["crawl", "estimate", "replay"] = "crawl"
    ready_made: str | None = None

    @classmethod
    def of(
        cls, description: JobDescription, *, run_id: str, job_id: str, owner: str, name: str, dataset: str = "",
        kind: Literal["crawl", "estimate", "replay"] = "crawl",
    ) -> Self:  # fmt: skip
        """As a job is described; the dataset is its own, unless one is given."""
        return cls(
            run_id=run_id,
            job_id=job_id,
            owner=owner,
            name=name,
            dataset=dataset or description.dataset_name,
            description=description.model_dump(mode="json"),
            priority=RANKS[description.options.priority],
            max_pages=description.options.max_pages,
            kind=kind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesWanted:
    """Which stored pages a replay reads: those of one crawl (None: the newest that completed), or with `since` or
    `until` those that any crawl of the job read then; `pattern` is searched for in their URLs, empty for all."""

    run_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a job, with its accounts. `delay` (seconds) replaces the description's where it is set;
    `revision` is which one of its dataset its records are; `job_version` (None: not known) is the version of the job
    whose description is pinned to it; somebody has taken note of its end since `acknowledged_at`; its records are to
    go since `cleanup_at`, and gone since `cleaned_at`."""

    id: str
    job_id: str
    owner: str
    dataset: str
    state: RunState
    reason: str
    max_pages: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelled_at: datetime | None
    counts: RunCounts
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    priority: int = 0
    delay: float | None = None
    kind: Literal["crawl", "estimate", "replay"] = "crawl"
    revision: int = 1
    job_version: int | None = None
    acknowledged_at: datetime | None = None
    cleanup_at: datetime | None = None
    cleaned_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether something may still happen to it."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to scrape, kept, with its newest run, which stands for it (None: it has never run). `version` counts its
    descriptions from 1; an archived job is in no list that does not ask for it."""

    id: str
    owner: str
    name: str
    dataset: str
    description: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    run: Run | None
    version: int = 1
    versioned_at: datetime | None = None
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobVersion:
    """A job as it was described for a while; `made_by` is a user's id, empty where the job's door did not say."""

    version: int
    name: str
    dataset: str
    description: dict[str, Any]
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs a list holds. None means any; `states` are those of the newest run, and `created` for none; `text` is
    looked for in names. The case of `type`, `text` and `dataset` does not matter."""

    owner: str | None = None
    states: tuple[str, ...] | None = None
    type: str | None = None
    text: str | None = None
    dataset: str | None = None
    enabled: bool | None = None
    archived: bool | None = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOrder:
    """`by` is created_at, updated_at, name or status; `down`: the greatest first."""

    by: Literal["created_at", "updated_at", "name", "status"] = "created_at"
    down: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What somebody did with a job, from the audit log."""

    id: str
    at: datetime
    actor: str
    action: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A run changed its state."""

    id: str
    at: datetime
    state: RunState
    reason: str
    paused: bool
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """How far a run had come at a moment: `known` pages that are its own to visit (left out ones apart), `done` of
    them."""

    at: datetime
    known: int
    done: int


@dataclass(frozen=True, slots=True)
class HostLoad:
    """What waits at a host, and the seconds between two visits there."""

    host: str
    queued: int
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What one visit came to, as ClickHouse holds it; the same as the event that told it."""

    id: str
    at: datetime
    url: str
    outcome: str
    klass: str
    final: bool
    status: int | None
    records: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """What a run's visits came to, as ClickHouse holds them. Milliseconds, bytes; `unchanged` pages were answered with
    304, `retried` visits were not the last ones of their page."""

    run_id: str
    visits: int
    mean_ms: float
    unchanged: int
    bytes: int
    retried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlFate:
    """One URL of a run's frontier: where it stands, and how its task ended once it is done."""

    url_fp: str
    url: str
    host: str
    depth: int
    state: str
    attempt: int
    outcome: str | None
    klass: str | None
    status: int | None
    records: int
    found_on: str
    found_at: datetime
    closed_at: datetime | None
    reason: str
    hops: int = 0
    not_before: datetime | None = None
    kind: str = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One visit to a URL as ClickHouse holds it; `final` says that it closed the task."""

    attempt: int
    outcome: str
    status: int | None
    reason: str
    at: datetime
    elapsed_ms: float
    final: bool
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostWait:
    """What a run's URLs at one host wait for. `ready_at`: when the first of them may go; `next_visit` and `delay`: the
    host's own pace over all runs (None before the first visit); `visits_today`: those of all runs of the job."""

    host: str
    queued: int
    issued: int
    ready_at: datetime
    next_visit: datetime | None
    delay: float
    visits_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSample:
    """What an estimate's run has seen of one host: URLs that belong to the job, visits, and what a visit took."""

    host: str
    known: int
    visited: int
    seconds: float | None
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A clean record as ClickHouse holds it; `data` is JSON text, exactly as published."""

    id: str
    key: str
    url: str
    data: str
    fetched_at: datetime
    completeness: float = 100.0
    quality: float = 100.0
    language: str = ""
    word_count: int = 0
    category: str = ""
    data_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMark:
    """What trends said of a record against what it knew before, as ClickHouse holds it; `fields` is JSON text, field →
    [from, to]."""

    record_id: str
    key: str
    state: str
    other: str
    fields: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter:
    """A dead letter as ClickHouse holds it. `value` is the text of the original bytes, or `base64:` and their code;
    empty in lists."""

    id: str
    topic: str
    partition: int
    offset: int
    stage: str
    code: str
    reason: str
    run_id: str
    value: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PageAgain:
    """A page that is to be read again: only while its task is open."""

    run_id: str
    url_fp: str


@dataclass(frozen=True, slots=True)
class PartAgain:
    """A part of an upload that is to be taken again. `place` is how the place begins by which it was counted."""

    run_id: str
    part: int
    place: str


@dataclass(frozen=True, slots=True)
class BatchAgain:
    """A batch that its run has counted as rejected, and that comes again as another one."""

    run_id: str
    batch: str
    anew: str


Again: TypeAlias = PageAgain | PartAgain | BatchAgain
"""What a dead letter that is sent again finds of itself in the accounts of its run."""


@dataclass(frozen=True, slots=True)
class Asked:
    """When a letter was sent again, None where it is to be sent now; or how its run has closed without it (an outcome,
    `taken`, `unknown`), so that it would come to nothing."""

    at: datetime | None = None
    closed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTrend:
    """A trend as ClickHouse holds it; the fields are those of the event."""

    id: str
    dataset: str
    run_id: str
    record_key: str
    field: str
    series: str
    kind: str
    direction: str
    score: float
    confidence: float
    before: float
    after: float
    change: float
    at: datetime
    record_id: str
    url: str
    values: list[float]
    sentence: str
    detector: str = "point"
    phase: str = "began"
    closes: str = ""
    rule: str = ""
