"""The audit log, requests and log lines as v1 tells them."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.services.cursors import Page
from schemas.audit import AuditEntry, ChainStatus
from schemas.observed import StoredLine, StoredRequest

_AUDIT: dict[str, JsonValue] = {
    "id": 4711,
    "at": "2026-01-05T10:30:00.125Z",
    "actor": "5f0c6a4e-7c0b-4d0e-9c57-0a4b7b1f3c11",
    "username": "anna",
    "action": "job_created",
    "object": "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10",
    "request_id": "req_8c1d5f0b7e2a4936a1c4e7f05b9d2388",
    "address": "192.0.2.7",
    "details": {"run_id": "7d1f7a8e-1f3b-4c2c-9d3e-3b6f6a0e2d55"},
    "position": 4690,
}
_REQUEST: dict[str, JsonValue] = {
    "id": "c7a9e2d4-51b8-4c37-8e60-1b2d3f4a5c66",
    "at": "2026-01-05T10:30:00.125Z",
    "method": "GET",
    "path": "/api/v1/jobs",
    "route": "/api/v1/jobs",
    "status": 200,
    "elapsed_ms": 6.482,
    "user": "5f0c6a4e-7c0b-4d0e-9c57-0a4b7b1f3c11",
    "request_id": "req_8c1d5f0b7e2a4936a1c4e7f05b9d2388",
    "address": "192.0.2.7",
    "user_agent": "curl/8.5.0",
}
_LINE: dict[str, JsonValue] = {
    "id": "0e4b7c92-6d13-4f58-a2c7-93d1e8f0b574",
    "timestamp": "2026-01-05T10:30:15Z",
    "level": "info",
    "component": "dispatch",
    "message": "run_ended",
    "metadata": {"state": "completed", "seconds": 0.751, "instance": "worker-1:4711"},
}


class AuditLine(BaseModel):
    """What was done. `actor` is an account's id (with its `username`) or the name of a process; `position` is that of
    its seal in the chain, null for the moment until it has one."""

    id: int
    at: datetime
    actor: str
    username: str | None
    action: str
    object: str
    request_id: str
    address: str
    details: dict[str, Any]
    position: int | None


class AuditPage(BaseModel):
    """A piece of the list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"entries": [_AUDIT], "next_cursor": "WyI0NzExIl0"}]})

    entries: list[AuditLine]
    next_cursor: str | None


class ChainBody(BaseModel):
    """How far the log is sealed. `age_s`: seconds since the newest seal. Where lines wait for over a second, nobody
    seals: `oldest_waiting_s` says for how long. `trawl audit verify` holds every line against its seal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "position": 4690,
                    "audit_id": 4711,
                    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "sealed_at": "2026-01-05T10:30:00.531Z",
                    "age_s": 3.2,
                    "waiting": 0,
                    "oldest_waiting_s": 0.0,
                }
            ]
        }
    )

    position: int
    audit_id: int | None
    hash: str
    sealed_at: datetime | None
    age_s: float | None
    waiting: int
    oldest_waiting_s: float


class RequestLine(BaseModel):
    """A request that a gateway answered; `user` is the caller's id, empty where nobody was signed in."""

    id: str
    at: datetime
    method: str
    path: str
    route: str
    status: int
    elapsed_ms: float
    user: str
    request_id: str
    address: str
    user_agent: str


class RequestPage(BaseModel):
    """A piece of the list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"requests": [_REQUEST], "next_cursor": None}]})

    requests: list[RequestLine]
    next_cursor: str | None


class LogLineBody(BaseModel):
    """A line of a process's log: `component` is the process, `message` names what happened, `metadata` has the rest."""

    id: str
    timestamp: datetime
    level: str
    component: str
    message: str
    metadata: dict[str, Any] = Field(description="What else the line says; secrets are redacted.")


class LogPage(BaseModel):
    """A piece of the list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"logs": [_LINE], "next_cursor": None}]})

    logs: list[LogLineBody]
    next_cursor: str | None


def audit_page(page: Page[AuditEntry]) -> AuditPage:
    """A piece of the audit log."""
    return AuditPage(entries=[AuditLine(**asdict(entry)) for entry in page.items], next_cursor=page.next_cursor)


def chain_body(status: ChainStatus) -> ChainBody:
    """How far the sealer is."""
    head = status.head
    return ChainBody(
        position=head.position if head else 0,
        audit_id=head.audit_id if head else None,
        hash=head.hash.hex() if head else "",
        sealed_at=head.sealed_at if head else None,
        age_s=round((datetime.now(UTC) - head.sealed_at).total_seconds(), 3) if head else None,
        waiting=status.waiting,
        oldest_waiting_s=round(status.oldest_s, 3),
    )


def request_page(page: Page[StoredRequest]) -> RequestPage:
    """A piece of the request log."""
    return RequestPage(requests=[RequestLine(**asdict(one)) for one in page.items], next_cursor=page.next_cursor)


def log_page(page: Page[StoredLine]) -> LogPage:
    """A piece of the processes' logs."""
    return LogPage(logs=[_line(line) for line in page.items], next_cursor=page.next_cursor)


def _line(line: StoredLine) -> LogLineBody:
    more = {"run_id": line.run_id, "instance": line.instance}
    return LogLineBody(
        id=line.id,
        timestamp=line.at,
        level=line.level,
        component=line.process,
        message=line.event,
        metadata={**line.fields, **{name: value for name, value in more.items() if value}},
    )
