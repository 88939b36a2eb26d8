"""Jobs and runs as v1 tells them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal, cast

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.services.control import Priority
from api.services.jobs import PRIORITIES
from api.services.progress import Status, phase_of, progress, status_of, timing
from schemas.ledger import Job, Run

_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"
_RUN = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"
_WORDS: dict[int, Priority] = {rank: cast(Priority, word) for word, rank in PRIORITIES.items()}


def links(job_id: str) -> dict[str, str]:
    """Where a job's things are, relative to this gateway."""
    base = f"/api/v1/jobs/{job_id}"
    names = ("records", "urls", "trends", "stream", "pause", "resume", "stop", "cancel", "retry", "replay")
    return {"self": base, **{name: f"{base}/{name}" for name in names}}


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
}


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class JobHead(BaseModel):
    """A job and the run that stands for it: its newest one."""

    job_id: str
    run_id: str
    name: str
    dataset: str
    status: Status
    created_at: datetime
    links: dict[str, str] = Field(description="Where the job's things are, on this gateway.")


class JobAccepted(JobHead):
    """A run was opened; it will be begun within moments."""

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

    model_config = _shown({**HEAD, "status": "running", "phase": "running", "progress": _PROGRESS, "records": 400})

    phase: str = Field(
        description="More exact than `status`: queued, running, paused, stopping, cancelling, finishing …"
    )
    progress: ProgressBody
    records: int = Field(description="Records stored by now.")


class JobStatus(JobHead):
    """Everything about a job and one of its runs: the newest, or the one that was asked for."""

    model_config = _shown(_STATUS)

    phase: str = Field(
        description="More exact than `status`: queued, running, paused, stopping, cancelling, finishing …"
    )
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


class JobPage(BaseModel):
    """A piece of the list, newest first."""

    model_config = _shown(
        {
            "jobs": [{**HEAD, "status": "running", "phase": "running", "progress": _PROGRESS, "records": 400}],
            "next_cursor": None,
        }
    )

    jobs: list[JobSummary]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next piece; null at the end.")


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


class RunChange(BaseModel):
    """What is to be different from now on; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"priority": "high", "delay": 0.5}]})

    priority: Priority | None = Field(None, description="Its share among its owner's runs at each host.")
    delay: float | None = Field(None, ge=0, le=3600, description="Seconds between two visits to one host.")

    @model_validator(mode="after")
    def _something(self) -> "RunChange":
        if self.priority is None and self.delay is None:
            raise ValueError("give priority, delay, or both")
        return self


class JobControlled(BaseModel):
    """How a job's newest run goes on after it was paused, resumed, stopped or changed."""

    model_config = _shown(
        {
            "job_id": _JOB,
            "run_id": _RUN,
            "status": "running",
            "phase": "paused",
            "stopped": False,
            "priority": "normal",
            "delay": 1.0,
        }
    )

    job_id: str
    run_id: str
    status: Status
    phase: str
    stopped: bool
    priority: Priority
    delay: float


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
    return {
        "job_id": job.id,
        "run_id": run.id,
        "name": job.name,
        "dataset": run.dataset,
        "status": status_of(run.state),
        "phase": phase_of(run),
        "created_at": job.created_at,
        "links": links(job.id),
        "progress": ProgressBody(**asdict(progress(run.state, run.counts, run.max_pages, phase_of(run)))),
    }


def summary(job: Job) -> JobSummary:
    """A job as a line of a list."""
    return JobSummary(**_head(job), records=job.run.counts.stored)


def whole(job: Job, waits: Sequence[str] = ()) -> JobStatus:
    """A job with its accounts and times."""
    run = job.run
    return JobStatus(
        **_head(job),
        **_pace(job),
        kind=run.kind,
        revision=run.revision,
        waits=list(waits),
        reason=run.reason,
        urls=job.description.get("urls", [])[:100],
        started_at=run.started_at,
        finished_at=run.finished_at,
        counts=CountsBody(**msgspec.structs.asdict(run.counts)),
        timing=TimingBody(**asdict(timing(run, datetime.now(UTC)))),
    )


def _pace(job: Job) -> dict[str, Any]:
    pinned = job.description.get("options") or {}
    delay = job.run.delay if job.run.delay is not None else float(pinned.get("delay", 1.0))
    return {
        "stopped": job.run.stopped_at is not None,
        "priority": _WORDS.get(job.run.priority, "normal"),
        "delay": delay,
    }


def controlled(job: Job) -> JobControlled:
    """The answer to whatever changed how a run goes on."""
    run = job.run
    return JobControlled(
        job_id=job.id,
        run_id=run.id,
        status=status_of(run.state),
        phase=phase_of(run),
        **_pace(job),
    )


def ended(job_id: str, job: Job | None) -> JobEnded:
    """The answer to cancel and delete; None for a job that was deleted."""
    if job is None:
        return JobEnded(job_id=job_id, run_id=None, status=None, phase="deleted", deleted=True)
    run = job.run
    return JobEnded(job_id=job_id, run_id=run.id, status=status_of(run.state), phase=phase_of(run), deleted=False)
