"""A job before it runs, as v1 tells it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.services.checking import Checked
from api.services.estimates import Estimate, Sureness
from api.shapes.errors import FaultBody
from schemas.job import JobDescription

_JOB: dict[str, Any] = {
    "urls": ["http://127.0.0.1:8090/"],
    "options": {"max_depth": 3, "max_pages": 2000, "delay": 1.0},
}
_ESTIMATE: dict[str, Any] = {
    "seeds": [
        {
            "url": "http://127.0.0.1:8090/",
            "outcome": "fetched",
            "status": 200,
            "reachable": True,
            "robots_allowed": True,
            "sentence": "The page was fetched.",
        }
    ],
    "pages": 128,
    "sure": "at_least",
    "seconds": 128.0,
    "visited": 10,
    "hosts": [{"host": "127.0.0.1:8090", "pages": 128, "visited": 10, "delay": 1.0, "seconds_a_visit": 0.11}],
    "notes": [],
}


class SourceBody(BaseModel):
    """Where a job would begin. `allowed`: by its address, as far as that shows without a visit."""

    url: str
    canonical: str | None
    allowed: bool
    robots_allowed: bool | None = Field(description="What robots.txt says; null where that was not known in time.")
    reason: str


class JobChecked(BaseModel):
    """A job as it would be run, and what stands against it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "valid": True,
                    "errors": [],
                    "sources": [
                        {
                            "url": "https://shop.example",
                            "canonical": "https://shop.example/",
                            "allowed": True,
                            "robots_allowed": True,
                            "reason": "",
                        }
                    ],
                    "dataset": "shop",
                    "job": _JOB,
                }
            ]
        }
    )

    valid: bool = Field(description="Whether it would be taken.")
    errors: list[FaultBody]
    sources: list[SourceBody] = Field(description="Where it would begin (the first hundred).")
    dataset: str = Field(description="Where its records would go.")
    job: dict[str, Any] = Field(description="The whole description with its defaults.")


class SeedBody(BaseModel):
    """What came of one seed; null where no visit came to it in time."""

    url: str
    outcome: str | None
    status: int | None
    reachable: bool | None
    robots_allowed: bool | None
    sentence: str


class HostBody(BaseModel):
    """One host of the sample: URLs that belong to the job, the host's own pace (robots.txt, its answers), and what a
    visit took from its issue to its end."""

    host: str
    pages: int
    visited: int
    delay: float
    seconds_a_visit: float | None


class EstimateBody(BaseModel):
    """What a job would come to. `sure`: `exact` (every page was met), `at_least` (there are more), `limit` (max_pages
    ends it), `unknown` (no seed was reached). `seconds` is the time at the allowed rate."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ESTIMATE]})

    seeds: list[SeedBody]
    pages: int | None
    sure: Sureness
    seconds: float | None
    visited: int
    hosts: list[HostBody]
    notes: list[str]


def checked(job: JobDescription, found: Checked, robots: Mapping[str, bool]) -> JobChecked:
    """The answer to a job that was checked; `robots` says by url what is known of robots.txt."""
    return JobChecked(
        valid=not found.faults,
        errors=[FaultBody(field=fault.field, message=fault.message, code=fault.code) for fault in found.faults],
        sources=[SourceBody(**asdict(source), robots_allowed=robots.get(source.url)) for source in found.sources],
        dataset=job.dataset_name,
        job=job.model_dump(mode="json"),
    )


def estimated(estimate: Estimate) -> EstimateBody:
    """An estimate as v1 tells it."""
    return EstimateBody(
        seeds=[SeedBody(**asdict(seed)) for seed in estimate.seeds],
        pages=estimate.pages,
        sure=estimate.sure,
        seconds=estimate.seconds,
        visited=estimate.visited,
        hosts=[
            HostBody(
                host=host.host,
                pages=host.known,
                visited=host.visited,
                delay=host.delay,
                seconds_a_visit=None if host.seconds is None else round(host.seconds, 3),
            )
            for host in estimate.hosts
        ],
        notes=list(estimate.notes),
    )
