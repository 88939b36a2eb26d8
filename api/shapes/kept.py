"""Jobs that are kept, and their versions, as v1 tells them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from api.services.cursors import Page
from schemas.ledger import JobVersion

_JOB: dict[str, Any] = {"urls": ["http://127.0.0.1:8090/"], "name": "shop", "options": {"max_pages": 2000}}
_VERSION: dict[str, Any] = {
    "version": 1,
    "name": "shop",
    "dataset": "shop",
    "made_at": "2026-01-05T10:30:00Z",
    "made_by": "7d0b3f0e-2f86-4c80-9d27-0f4f7f1a5d3e",
}


class JobChange(RootModel[dict[str, Any]]):
    """Fields of a job description that are to be different (`name`, `urls`, `options`, `extract`, `enabled` …, also in
    the older forms `url`, `config`, `selectors`). Unknown ones are a 422."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "shop, twice a day", "options": {"max_pages": 500}}]}
    )


class VersionSummary(BaseModel):
    """A version in a list; `made_by` is a user's id, empty where a Kafka message made the job."""

    version: int
    name: str
    dataset: str
    made_at: datetime
    made_by: str


class VersionWhole(VersionSummary):
    """A version with the whole description."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_VERSION, "job": _JOB}]})

    job: dict[str, Any]


class VersionPage(BaseModel):
    """A piece of the list, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"versions": [_VERSION], "next_cursor": None}]})

    versions: list[VersionSummary]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next piece; null at the end.")


def version_page(page: Page[JobVersion]) -> VersionPage:
    """A piece of the list."""
    return VersionPage(
        versions=[VersionSummary(**_head(version)) for version in page.items], next_cursor=page.next_cursor
    )


def version_whole(version: JobVersion) -> VersionWhole:
    """One of them."""
    return VersionWhole(**_head(version), job=version.description)


def _head(version: JobVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in VersionSummary.model_fields}
