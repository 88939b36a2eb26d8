"""What the gateway answered and what the processes said, as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """One request that a gateway answered. `user` is the caller's id, empty where nobody was signed in."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which requests: each that is given must fit. `path` is how the path begins; `status` one status, or a class of
    them as 4 or 5."""

    since: datetime
    until: datetime | None = None
    user: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """One line of a process's log, secrets redacted."""

    id: str
    at: datetime
    level: str
    process: str
    instance: str
    event: str
    run_id: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """Which lines: each that is given must fit, and the level be one of `levels`."""

    levels: tuple[str, ...]
    since: datetime
    until: datetime | None = None
    process: str | None = None
    event: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPace:
    """The requests of a stretch of time that begins at the epoch second `second`; times are milliseconds."""

    second: int
    requests: int
    refused: int
    failed: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFigures:
    """The requests of one operation."""

    method: str
    route: str
    requests: int
    failed: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Requests of one caller to one operation that a limit turned away (429), and when the last one came."""

    route: str
    user: str
    address: str
    requests: int
    last: datetime


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """What the gateways answered since a moment, added up: by time, by operation, by status; the slowest requests, and
    who was refused most."""

    pace: tuple[RequestPace, ...] = ()
    routes: tuple[RouteFigures, ...] = ()
    statuses: tuple[tuple[int, int], ...] = ()
    slowest: tuple[StoredRequest, ...] = ()
    refused: tuple[Refused, ...] = ()
