"""What a visit brought back, and what became of its task."""

from schemas.events.base import Event
from schemas.events.requests import SourceKind


class FetchResult(Event, kw_only=True, frozen=True):
    """One exchange with a host: a response (`status`) or a failure (`failure` of `schemas/outcomes.py`).

    `fetch_id` is new for each exchange: extraction claims the frontier's row with it, so that of several answers
    to one task exactly one counts. `body` is zstd-compressed (base64 in JSON); one that is too large for a message
    is in the blob store under `body_ref`. `reason` is a sentence for people. `resting` says that the host keeps
    failing and is left alone for `retry_after` seconds: its URLs wait, and this try does not count; `given_up` that
    the job's patience with it has ended. Milliseconds of an exchange's parts are None where there was no such part,
    as on a connection that was kept open.
    """

    fetch_id: str
    run_id: str
    url_fp: str
    url: str
    host: str
    attempt: int
    depth: int = 0
    hops: int = 0
    tries: int = 0
    fetched_at: str = ""
    status: int | None = None
    headers: list[tuple[str, str]] = []
    body: bytes = b""
    body_size: int = 0
    wire_size: int = 0
    elapsed_ms: float = 0.0
    address: str = ""
    failure: str | None = None
    reason: str = ""
    retry_after: float | None = None
    kind: SourceKind = "page"
    body_ref: str = ""
    content_hash: str = ""
    http_version: str = ""
    tls_version: str = ""
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    screenshot_ref: str = ""
    resting: bool = False
    given_up: bool = False

    def event_id(self) -> str:
        return self.fetch_id

    def partition_key(self) -> str:
        return self.url_fp

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, self.url_fp


class PageOutcome(Event, kw_only=True, frozen=True):
    """What became of one task, told once its row in the frontier is closed or queued again (`final` is false)."""

    id: str
    run_id: str
    job_id: str
    dataset: str
    url: str
    url_fp: str
    host: str
    outcome: str
    klass: str
    final: bool = True
    status: int | None = None
    depth: int = 0
    attempt: int = 1
    fetch_id: str = ""
    records: int = 0
    links: int = 0
    new_links: int = 0
    body_size: int = 0
    elapsed_ms: float = 0.0
    fetched_at: str = ""
    reason: str = ""
    kind: SourceKind = "page"
    hops: int = 0
    retry_at: str = ""
    """When it is tried again, if it is (RFC 3339)."""
    address: str = ""
    http_version: str = ""
    tls_version: str = ""
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    wire_size: int = 0
    content_type: str = ""
    content_hash: str = ""
    headers: list[tuple[str, str]] = []
    body_ref: str = ""
    screenshot_ref: str = ""

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.run_id

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, self.url_fp
