"""What a client that waited for its records gets."""

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from api.services.cursors import Page
from api.services.jobs import run_of
from api.services.progress import Status, status_of
from schemas.ledger import Job, StoredRecord

_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"


class ScrapeDone(BaseModel):
    """A job whose run is over, with its records. `pages` were fetched, `failed` were not."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": _JOB,
                    "run_id": "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f",
                    "status": "completed",
                    "reason": "",
                    "pages": 1,
                    "failed": 0,
                    "records": [{"sku": "LK-10042", "name": "Plum kettle", "price": 24.9}],
                    "next_cursor": None,
                }
            ]
        }
    )

    job_id: str
    run_id: str
    status: Status
    reason: str = Field(description="Why it failed; empty otherwise.")
    pages: int
    failed: int
    records: list[dict[str, Any]] = Field(description="In the order of their key; the first thousand.")
    next_cursor: str | None = Field(description="For the rest, at GET /api/v1/jobs/{id}/records.")


def scrape_done(job: Job, records: Page[StoredRecord]) -> ScrapeDone:
    """The answer."""
    run = run_of(job)
    return ScrapeDone(
        job_id=job.id,
        run_id=run.id,
        status=status_of(run.state),
        reason=run.reason,
        pages=run.counts.fetched,
        failed=run.counts.failed,
        records=[orjson.loads(record.data) for record in records.items],
        next_cursor=records.next_cursor,
    )
