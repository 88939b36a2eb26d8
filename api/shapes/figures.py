"""The system's figures as v1 tells them."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from api.config import VERSION
from api.services.figures import Counted
from api.services.progress import status_of
from schemas.figures import Figures


class PagesCounted(BaseModel):
    """Of all runs: requested is fetched, failed, filtered and what is still under way."""

    requested: int
    fetched: int
    failed: int
    filtered: int


class RecordsCounted(BaseModel):
    """Of all runs."""

    extracted: int
    stored: int
    rejected: int


class ExportsCounted(BaseModel):
    """Files that are there, those that wait or failed, bytes and downloads."""

    by_status: dict[str, int]
    size_bytes: int
    downloads: int


class StorageCounted(BaseModel):
    """What the warehouse holds, compressed as it is on disk."""

    rows: int
    size_bytes: int
    tables: dict[str, dict[str, int]]


class JobsCounted(BaseModel):
    """Jobs by the status of their newest run; one that has never run is queued."""

    total: int
    by_status: dict[str, int]


class StatsBody(BaseModel):
    """`scope` is `own` for your own objects, `all` for the whole system (with `system_monitoring`), which alone shows
    `storage`; that is null while the warehouse does not answer. Some seconds old at most."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scope": "own",
                    "version": VERSION,
                    "uptime_seconds": 3600.0,
                    "jobs": {"total": 3, "by_status": {"completed": 2, "running": 1}},
                    "runs": 5,
                    "pages": {"requested": 900, "fetched": 850, "failed": 20, "filtered": 30},
                    "records": {"extracted": 850, "stored": 845, "rejected": 5},
                    "exports": {"by_status": {"completed": 2}, "size_bytes": 120345, "downloads": 4},
                    "storage": None,
                }
            ]
        }
    )

    scope: Literal["own", "all"]
    version: str
    uptime_seconds: float
    jobs: JobsCounted
    runs: int
    pages: PagesCounted
    records: RecordsCounted
    exports: ExportsCounted
    storage: StorageCounted | None


def stats_body(counted: Counted, uptime: float) -> StatsBody:
    """Figures as v1 tells them."""
    figures = counted.figures
    tables = counted.storage
    storage = None
    if tables is not None:
        storage = StorageCounted(
            rows=sum(one.rows for one in tables),
            size_bytes=sum(one.bytes for one in tables),
            tables={one.table: {"rows": one.rows, "size_bytes": one.bytes} for one in tables},
        )
    return StatsBody(
        scope="all" if counted.everyone else "own",
        version=VERSION,
        uptime_seconds=round(uptime, 1),
        jobs=JobsCounted(total=sum(figures.jobs.values()), by_status=_statuses(figures.jobs)),
        runs=figures.runs,
        storage=storage,
        **_sums(figures),
    )


def _sums(figures: Figures) -> dict[str, BaseModel]:
    return {
        "pages": PagesCounted(
            requested=figures.pages_requested,
            fetched=figures.pages_fetched,
            failed=figures.pages_failed,
            filtered=figures.pages_filtered,
        ),
        "records": RecordsCounted(
            extracted=figures.records_extracted, stored=figures.records_stored, rejected=figures.records_rejected
        ),
        "exports": ExportsCounted(
            by_status=dict(figures.exports), size_bytes=figures.export_bytes, downloads=figures.downloads
        ),
    }


def _statuses(jobs: Mapping[str, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for state, count in jobs.items():
        word = "queued" if state == "created" else status_of(state)  # type: ignore[arg-type]  # the store's own words
        counts[word] = counts.get(word, 0) + count
    return counts
