"""What asks for work: a run to open, a page to fetch."""

from typing import Any, Literal

import msgspec

from schemas.events.base import Event
from schemas.ids import digest


class ScrapeRequest(Event, kw_only=True, frozen=True):
    """Asks for one run. Ours point to a run that PostgreSQL already holds; an outsider's carries the job itself.

    `job` is a job description (`schemas/job.py`), checked by intake so that every wrong field is named in the
    dead letter and not only the first.
    """

    run_id: str | None = None
    job: dict[str, Any] | None = None

    def event_id(self) -> str:
        return self.run_id or digest("scrape-request", repr(self.job))

    def partition_key(self) -> str:
        return self.run_id or self.event_id()

    def trace_of(self) -> tuple[str, str]:
        return self.run_id or "", ""


class Politeness(msgspec.Struct, frozen=True, kw_only=True):
    """How gently the host of a task wants to be treated by this run; the host lease keeps the strictest of all."""

    respect_robots: bool = True
    delay: float = 1.0
    concurrency: int = 1
    adaptive: bool = True
    patience: float = 900.0


SourceKind = Literal["page", "sitemap", "feed"]
"""What a URL is to its run: a page to read, or a list of pages that are seeds."""


class RenderVisit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a browser makes the visit (`schemas/job/options.py`, Render)."""

    wait_until: Literal["domcontentloaded", "load", "networkidle"] = "load"
    wait_for: str | None = None
    screenshot: bool = False


class Visit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a visit sends and how, as far as it differs from a plain GET; seconds.

    `cookies` go to the hosts of the run's seeds only. `credentials` is the id of stored ones, never the secret:
    Kafka holds none. `etag` and `last_modified` make the visit conditional. `rested` says why nothing need be asked:
    the page was seen not long ago.
    """

    kind: SourceKind = "page"
    method: str = "GET"
    body: str | None = None
    cookies: dict[str, str] = {}
    keep_cookies: bool = True
    credentials: str = ""
    proxy: str = ""
    http2: bool = False
    connect_timeout: float = 10.0
    read_timeout: float = 15.0
    content_types: list[str] = []
    etag: str = ""
    last_modified: str = ""
    rested: str = ""
    render: RenderVisit | None = None


class FetchTask(Event, kw_only=True, frozen=True):
    """One visit to one URL, issued by dispatch; `attempt` fences answers to earlier issues of the same row."""

    run_id: str
    url_fp: str
    url: str
    host: str
    attempt: int
    depth: int = 0
    hops: int = 0
    tries: int = 0
    politeness: Politeness = Politeness()
    user_agent: str = ""
    headers: dict[str, str] = {}
    timeout: float = 30.0
    max_body: int = 10_000_000
    visit: Visit = Visit()
    issued_at: str = ""

    def event_id(self) -> str:
        return digest(self.run_id, self.url_fp, str(self.attempt))

    def partition_key(self) -> str:
        return self.host

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, self.url_fp
