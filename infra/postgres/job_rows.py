"""Rows of jobs and runs as the shapes in which they are told."""

from collections.abc import Mapping
from typing import Any

from schemas.events import RunCounts
from schemas.ledger import Job, Run

_OF_RUN = (
    "owner",
    "dataset",
    "state",
    "reason",
    "max_pages",
    "created_at",
    "started_at",
    "finished_at",
    "cancelled_at",
    "paused_at",
    "stopped_at",
    "priority",
    "delay",
    "kind",
    "revision",
    "job_version",
    "acknowledged_at",
    "cleanup_at",
    "cleaned_at",
)


def counts_of(row: Mapping[str, Any]) -> RunCounts:
    """The accounts in a row of `runs`."""
    return RunCounts(**{name: row[name] for name in RunCounts.__struct_fields__})


def run_of(row: dict[str, Any]) -> Run:
    """A row of `runs`."""
    found = {name: row[name] for name in _OF_RUN}
    return Run(id=str(row["id"]), job_id=str(row["job_id"]), counts=counts_of(row), **found)


def job_of(row: dict[str, Any]) -> Job:
    """A row of the view `jobs_now`."""
    return Job(
        id=str(row["job_id"]),
        owner=row["job_owner"],
        name=row["name"],
        dataset=row["job_dataset"],
        description=row["description"],
        created_at=row["job_created_at"],
        updated_at=row["updated_at"],
        run=run_of(row) if row["id"] is not None else None,
        version=row["version"],
        versioned_at=row["versioned_at"],
        archived_at=row["archived_at"],
    )
