"""Jobs and runs as v1 tells them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from api.services.cursors import Page
from api.services.job_lists import Numbered
from api.services.progress import NOT_STARTED, Status, Timing, phase_of, progress, status_of, timing
from api.shapes.exports import ExportBody, export_body
from api.shapes.pages import PaginationBody, pagination
from schemas.events import RunCounts
from schemas.exports import Export
from schemas.ledger import Job, Run
from schemas.priorities import RANKS, Priority

_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"
_RUN = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"
_WORDS: dict[int, Priority] = {rank: word for word, rank in RANKS.items()}


def links(job_id: str) -> dict[str, str]:
    """Where a job's things are, relative to this gateway."""
    base = f"/api/v1/jobs/{job_id}"
    names = ("records", "results", "urls", "trends", "marks", "logs", "progress", "runs", "versions", "stream")
    deeds = ("start", "pause", "resume", "stop", "cancel", "retry", "replay", "clone")
    files = {"exports": f"/api/v1/exports/{job_id}", "convert": f"/api/v1/exports/{job_id}/convert"}
    return {"self": base, **{name: f"{base}/{name}" for name in (*names, *deeds)}, **files}


HEAD: dict[str, Any] = {
    "job_id": _JOB,
    "run_id": _RUN,
    "name": "shop",
    "dataset": "shop",
    "created_at": "2026-01-05T10:30:00Z",
    "links": links(_JOB),
}
"""What every example of a job begins with."""

_PROGRESS = {
    "current_page": 23,
    "total_pages": 100,
    "percent_complete": 23.0,
    "current_operation": "Processing pages",
}
_STATUS: dict[str, Any] = {
    **HEAD,
    "status": "running",
    "phase": "running",
    "version": 1,
    "updated_at": "2026-01-05T10:30:00Z",
    "archived": False,
    "type": "web_scraping",
    "enabled": True,
    "kind": "crawl",
    "revision": 1,
    "stopped": False,
    "priority": "normal",
    "delay": 1.0,
    "waits": [],
    "reason": "",
    "urls": ["http://127.0.0.1:8090/"],
    "started_at": "2026-01-05T10:30:00.120Z",
    "finished_at": None,
    "counts": {
        "requested": 100,
        "queued": 70,
        "issued": 7,
        "fetched": 22,
        "failed": 1,
        "filtered": 0,
        "extracted": 440,
        "stored": 400,
        "rejected": 0,
        "dropped": 0,
    },
    "progress": _PROGRESS,
    "timing": {"queued_seconds": 0.12, "running_seconds": 2.4, "estimated_seconds_left": 8.0},
    "exports": [],
}


_SUMMARY: dict[str, Any] = {
    **HEAD,
    "status": "running",
    "phase": "running",
    "version": 1,
    "updated_at": "2026-01-05T10:30:00Z",
    "archived": False,
    "type": "web_scraping",
    "enabled": True,
    "progress": _PROGRESS,
    "records": 400,
}
_PHASE = "More exact than `status`: created (never run), queued, running, paused, stopping, cancelling, finishing …"


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class JobHead(BaseModel):
    """A job and the run that stands for it: its newest one, null for a job that has never run."""

    job_id: str
    run_id: str | None
    name: str
    dataset: str
    status: Status
    created_at: datetime
    links: dict[str, str] = Field(description="Where the job's things are, on this gateway.")


class JobAccepted(JobHead):
    """A run was opened; it will be begun within moments."""

    run_id: str
    model_config = _shown({**HEAD, "status": "queued"})


class CountsBody(BaseModel):
    """The run's accounts: requested = queued + issued + fetched + failed + filtered, at every moment. Records:
    extracted = stored + rejected + dropped, once the run is over."""

    requested: int
    queued: int
    issued: int
    fetched: int
    failed: int
    filtered: int
    extracted: int
    stored: int
    rejected: int
    dropped: int


class ProgressBody(BaseModel):
    """`total_pages` is null while nobody can know it."""

    current_page: int
    total_pages: int | None
    percent_complete: float
    current_operation: str


class TimingBody(BaseModel):
    """Seconds."""

    queued_seconds: float
    running_seconds: float
    estimated_seconds_left: float | None


class JobSummary(JobHead):
    """A job in a list."""

    model_config = _shown(_SUMMARY)

    phase: str = Field(description=_PHASE)
    version: int = Field(description="Of its description, counted from 1; also its ETag.")
    updated_at: datetime
    archived: bool
    type: str
    enabled: bool
    progress: ProgressBody
    records: int = Field(description="Records stored by now.")


class JobStatus(JobHead):
    """Everything about a job and one of its runs: the newest, or the one that was asked for."""

    model_config = _shown(_STATUS)

    phase: str = Field(description=_PHASE)
    version: int = Field(description="Of its description, counted from 1; also its ETag.")
    updated_at: datetime
    archived: bool
    type: str
    enabled: bool
    kind: Literal["crawl", "estimate", "replay"] = Field(description="A replay reads stored pages and fetches nothing.")
    revision: int = Field(description="The revision of the dataset that its records are; crawls write the first.")
    stopped: bool = Field(description="It was told to end early, with what was under way.")
    priority: Priority = Field(description="Its share among its owner's runs, as it is now.")
    delay: float = Field(description="Seconds between two visits to one host, as the run asks for now.")
    waits: list[str] = Field(description="What it waits for beside its turn, such as a host's daily visits.")
    reason: str = Field(description="Why it failed, or what a replay did not find any more; empty otherwise.")
    urls: list[str] = Field(description="Where it began (the first hundred).")
    started_at: datetime | None
    finished_at: datetime | None
    counts: CountsBody
    progress: ProgressBody
    timing: TimingBody
    exports: list[ExportBody] = Field([], description="Files of that run, where the job itself is asked for.")
    job: dict[str, Any] | None = Field(None, description="The description as it is kept, where it was asked for.")


class JobPage(BaseModel):
    """A piece of the list."""

    model_config = _shown({"jobs": [_SUMMARY], "next_cursor": None, "pagination": None})

    jobs: list[JobSummary]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next piece; null at the end.")
    pagination: PaginationBody | None = Field(None, description="For a page that was asked for by its number.")


class JobEnded(BaseModel):
    """What became of a job that was cancelled or deleted."""

    model_config = _shown(
        {"job_id": _JOB, "run_id": _RUN, "status": "running", "phase": "cancelling", "deleted": False}
    )

    job_id: str
    run_id: str | None
    status: Status | None
    phase: str
    deleted: bool


def accepted(name: str, run: Run) -> JobAccepted:
    """The answer to an opened run."""
    return JobAccepted(
        job_id=run.job_id,
        run_id=run.id,
        name=name,
        dataset=run.dataset,
        status=status_of(run.state),
        created_at=run.created_at,
        links=links(run.job_id),
    )


def _head(job: Job) -> dict[str, Any]:
    run = job.run
    told = progress(run.state, run.counts, run.max_pages, phase_of(run)) if run else NOT_STARTED
    return {
        "job_id": job.id,
        "run_id": run.id if run else None,
        "name": job.name,
        "dataset": run.dataset if run else job.dataset,
        "status": status_of(run.state) if run else "queued",
        "phase": phase_of(run) if run else "created",
        "created_at": job.created_at,
        "links": links(job.id),
        "version": job.version,
        "updated_at": job.updated_at,
        "archived": job.archived_at is not None,
        "type": str(job.description.get("type", "")),
        "enabled": bool(job.description.get("enabled", True)),
        "progress": ProgressBody(**asdict(told)),
    }


def summary(job: Job) -> JobSummary:
    """A job as a line of a list."""
    return JobSummary(**_head(job), records=job.run.counts.stored if job.run else 0)


def job_page(page: Page[Job]) -> JobPage:
    """A piece of the list, to go on from by cursor."""
    return JobPage(jobs=[summary(job) for job in page.items], next_cursor=page.next_cursor)


def numbered_page(found: Numbered) -> JobPage:
    """A page of the list by its number."""
    place = pagination(found.page, found.per_page, found.total)
    return JobPage(jobs=[summary(job) for job in found.items], next_cursor=None, pagination=place)


def whole(job: Job, waits: Sequence[str] = (), exports: Sequence[Export] = (), *, described: bool = False) -> JobStatus:
    """A job with its accounts and times, and with its description if it is wanted."""
    run = job.run
    counts = run.counts if run else RunCounts()
    times = timing(run, datetime.now(UTC)) if run else NO_TIMES
    return JobStatus(
        **_head(job),
        **pace(job),
        kind=run.kind if run else "crawl",
        revision=run.revision if run else 1,
        waits=list(waits),
        reason=run.reason if run else "",
        urls=job.description.get("urls", [])[:100],
        started_at=run.started_at if run else None,
        finished_at=run.finished_at if run else None,
        counts=CountsBody(**msgspec.structs.asdict(counts)),
        timing=TimingBody(**asdict(times)),
        exports=[export_body(one) for one in exports],
        job=job.description if described else None,
    )


NO_TIMES = Timing(queued_seconds=0.0, running_seconds=0.0, estimated_seconds_left=None)
"""Of a job that has never run."""


def pace(job: Job) -> dict[str, Any]:
    """How fast its newest run goes, or its next one would."""
    pinned = job.description.get("options") or {}
    delay, priority = float(pinned.get("delay", 1.0)), pinned.get("priority", "normal")
    if job.run is None:
        return {"stopped": False, "priority": priority, "delay": delay}
    return {
        "stopped": job.run.stopped_at is not None,
        "priority": _WORDS.get(job.run.priority, "normal"),
        "delay": delay if job.run.delay is None else job.run.delay,
    }


def ended(job_id: str, job: Job | None) -> JobEnded:
    """The answer to cancel and delete; None for a job that was deleted."""
    if job is None or job.run is None:
        return JobEnded(job_id=job_id, run_id=None, status=None, phase="deleted", deleted=True)
    run = job.run
    return JobEnded(job_id=job_id, run_id=run.id, status=status_of(run.state), phase=phase_of(run), deleted=False)
