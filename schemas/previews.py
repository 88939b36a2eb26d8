"""A preview: the question on its way from the gateway to extraction, and what the rules make of one stored page."""

from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.job import JobDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewQuestion:
    """A page of a job, and the job with the rules that are tried."""

    id: str
    job_id: str
    url_fp: str
    description: JobDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCopy:
    """The visit that brought a page, between two moments (epoch seconds)."""

    run_id: str
    fetch_id: str
    url: str
    since: float
    until: float


class PreviewProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that cannot be used: its place within `extract` (`fields.price.css`), and what to change."""

    place: str
    reason: str


class PreviewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`records` are raw, as extraction found them, before cleaning. `found`: there is a stored copy, `fetched_at`
    (RFC 3339) by `run_id`; `reason` says why there is none, or why it could not be read; `notes` what was cut off;
    `elapsed_ms` how long it all took, from when the question was seen."""

    found: bool = False
    run_id: str = ""
    fetched_at: str = ""
    records: list[dict[str, Any]] = []
    notes: list[str] = []
    problems: list[PreviewProblem] = []
    reason: str = ""
    elapsed_ms: float = 0.0
