"""What the processes say of themselves. Secrets are redacted before anything is written here."""

from typing import Any

from schemas.events.base import Event


class MetricSample(Event, kw_only=True, frozen=True):
    """All metrics of one process at one moment; `values` maps a Prometheus sample name with labels to its value."""

    id: str
    process: str
    instance: str
    at: str
    values: dict[str, float]

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.process


class RequestLog(Event, kw_only=True, frozen=True):
    """One request that the gateway answered."""

    id: str
    at: str
    method: str
    path: str
    route: str
    status: int
    elapsed_ms: float
    user: str = ""
    request_id: str = ""
    address: str = ""
    user_agent: str = ""

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return "gateway"


class LogEntry(Event, kw_only=True, frozen=True):
    """One structured log line of one process; `instance` is the copy of it, host and process id."""

    id: str
    at: str
    level: str
    process: str
    event: str
    run_id: str = ""
    fields: dict[str, Any] = {}
    instance: str = ""

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.process
