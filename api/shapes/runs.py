"""A job's runs, its log, its progress and what becomes of its results, as v1 tells them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from api.services.cursors import Page
from api.services.history import Cleanup, RunTold
from api.services.log_lines import Level, LogLine, Source
from api.services.progress import Status, phase_of, progress, status_of
from api.services.remaining import Remaining
from api.shapes.jobs import CountsBody, ProgressBody
from schemas.ledger import Job, Run

_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"
_RUN_ID = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"
_AT = "2026-01-05T10:30:00.120Z"
_COUNTS = {name: 0 for name in CountsBody.model_fields} | {"requested": 15, "fetched": 14, "failed": 1, "stored": 42}
_RUN: dict[str, Any] = {
    "run_id": _RUN_ID,
    "job_id": _JOB,
    "version": 1,
    "kind": "crawl",
    "revision": 1,
    "status": "completed",
    "phase": "completed",
    "stopped": False,
    "created_at": "2026-01-05T10:30:00Z",
    "started_at": _AT,
    "completed_at": "2026-01-05T10:34:15Z",
    "duration_seconds": 254.88,
    "records_collected": 42,
    "records_processed": 42,
    "errors": 1,
    "warnings": 2,
    "performance_metrics": {
        "avg_response_time_ms": 456.1,
        "total_requests": 17,
        "cache_hits": 3,
        "data_size_mb": 2.4,
    },
    "error_details": None,
    "counts": _COUNTS,
    "acknowledged_at": None,
    "cleaned_at": None,
}
_LINE: dict[str, Any] = {
    "id": "0d9f3c1e-7a6b-4c5d-8e9f-001122334455",
    "at": _AT,
    "level": "info",
    "source": "page",
    "message": "fetched 200 http://127.0.0.1:8090/",
    "job_id": _JOB,
    "run_id": _RUN_ID,
    "details": {"url": "http://127.0.0.1:8090/", "outcome": "fetched", "status": 200, "records": 20, "reason": ""},
}


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class PerformanceBody(BaseModel):
    """What the run's visits came to; cache hits were answered with 304. Null before the first one is stored."""

    avg_response_time_ms: float | None
    total_requests: int
    cache_hits: int
    data_size_mb: float


class RunBody(BaseModel):
    """One execution of a job. `errors` are pages that failed; `warnings` are visits that had to be repeated, and
    records that were rejected. `version` is that of the job's description which is pinned to it."""

    model_config = _shown(_RUN)

    run_id: str
    job_id: str
    version: int | None
    kind: str
    revision: int
    status: Status
    phase: str
    stopped: bool
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    records_collected: int = Field(description="Found on pages.")
    records_processed: int = Field(description="Cleaned and stored.")
    errors: int
    warnings: int
    performance_metrics: PerformanceBody
    error_details: str | None = Field(description="Why the run failed.")
    counts: CountsBody
    acknowledged_at: datetime | None
    cleaned_at: datetime | None = Field(description="Since when its records are removed.")


class RunPage(BaseModel):
    """Runs, the newest first."""

    model_config = _shown({"runs": [_RUN], "total": 1, "limit": 50, "offset": 0})

    runs: list[RunBody]
    total: int
    limit: int
    offset: int


class JobLogEntry(BaseModel):
    """A line of the log. `source`: a page's visit (the same line as the live stream's `log`), a change of the run's
    state, or something that somebody did. `details` are the parts of the sentence."""

    id: str
    at: datetime
    level: Level
    source: Source
    message: str
    job_id: str
    run_id: str | None
    details: dict[str, Any]


class JobLogPage(BaseModel):
    """A piece of the log, in the order of time."""

    model_config = _shown({"logs": [_LINE], "next_cursor": None})

    logs: list[JobLogEntry]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next piece; null at the end.")


class RemainingBody(BaseModel):
    """Seconds from now: between `low` and `high`; null where that cannot be said. `reason` says from what, or why
    not."""

    low: float | None
    high: float | None
    reason: str


class ProgressTold(BaseModel):
    """How far a run is, and how long it will go on."""

    model_config = _shown(
        {
            "job_id": _JOB,
            "run_id": _RUN_ID,
            "status": "running",
            "phase": "running",
            "progress": {
                "current_page": 23,
                "total_pages": 100,
                "percent_complete": 23.0,
                "current_operation": "Processing pages",
            },
            "counts": _COUNTS,
            "remaining_seconds": {"low": 7.4, "high": 21.0, "reason": "9.6 pages a second lately."},
        }
    )

    job_id: str
    run_id: str
    status: Status
    phase: str
    progress: ProgressBody
    counts: CountsBody
    remaining_seconds: RemainingBody


class CleanupBody(BaseModel):
    """Asked without `confirm` nothing is removed, and the answer says what `confirm` is to be."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"confirm": "3f9a11c0"}]})

    run_id: str | None = Field(None, max_length=100, description="A run of this job; the newest one by default.")
    confirm: str | None = Field(None, max_length=100)


class CleanupTold(BaseModel):
    """What is, or was, removed. Accounts, URLs, log and trends of the run stay."""

    model_config = _shown(
        {"job_id": _JOB, "run_id": _RUN_ID, "dataset": "shop", "records": 42, "confirm": "3f9a11c0", "removed": False}
    )

    job_id: str
    run_id: str
    dataset: str
    records: int
    confirm: str
    removed: bool


def run_body(told: RunTold) -> RunBody:
    """A run with its figures."""
    run, figures = told.run, told.figures
    ended = run.finished_at or datetime.now(UTC)
    seconds = round((ended - run.started_at).total_seconds(), 3) if run.started_at else None
    metrics = PerformanceBody(
        avg_response_time_ms=round(figures.mean_ms, 1) if figures else None,
        total_requests=figures.visits if figures else 0,
        cache_hits=figures.unchanged if figures else 0,
        data_size_mb=round(figures.bytes / 1e6, 3) if figures else 0.0,
    )
    return RunBody(
        run_id=run.id, job_id=run.job_id, version=run.job_version, kind=run.kind, revision=run.revision,
        status=status_of(run.state), phase=phase_of(run), stopped=run.stopped_at is not None,
        created_at=run.created_at, started_at=run.started_at, completed_at=run.finished_at, duration_seconds=seconds,
        records_collected=run.counts.extracted, records_processed=run.counts.stored, errors=run.counts.failed,
        warnings=(figures.retried if figures else 0) + run.counts.rejected, performance_metrics=metrics,
        error_details=(run.reason or "The run failed.") if run.state == "failed" else None, counts=_counts(run),
        acknowledged_at=run.acknowledged_at, cleaned_at=run.cleaned_at,
    )  # fmt: skip


def run_page(told: Sequence[RunTold], total: int, limit: int, offset: int) -> RunPage:
    """A piece of the history."""
    return RunPage(runs=[run_body(each) for each in told], total=total, limit=limit, offset=offset)


def log_page(job: Job, run: Run | None, page: Page[LogLine]) -> JobLogPage:
    """A piece of the log."""
    lines = [
        JobLogEntry(
            id=line.id, at=line.at, level=line.level, source=line.source, message=line.message, job_id=job.id,
            run_id=run.id if run else None, details=dict(line.details),
        )
        for line in page.items
    ]  # fmt: skip
    return JobLogPage(logs=lines, next_cursor=page.next_cursor)


def progress_told(run: Run, remaining: Remaining) -> ProgressTold:
    """How far it is."""
    seen = progress(run.state, run.counts, run.max_pages, phase_of(run))
    return ProgressTold(
        job_id=run.job_id,
        run_id=run.id,
        status=status_of(run.state),
        phase=phase_of(run),
        progress=ProgressBody.model_validate(seen, from_attributes=True),
        counts=_counts(run),
        remaining_seconds=RemainingBody(low=remaining.low, high=remaining.high, reason=remaining.reason),
    )


def cleanup_told(cleanup: Cleanup) -> CleanupTold:
    """What is removed, or would be."""
    run = cleanup.run
    return CleanupTold(
        job_id=run.job_id, run_id=run.id, dataset=run.dataset, records=run.counts.stored, confirm=cleanup.confirm,
        removed=cleanup.done,
    )  # fmt: skip


def _counts(run: Run) -> CountsBody:
    return CountsBody(**msgspec.structs.asdict(run.counts))
