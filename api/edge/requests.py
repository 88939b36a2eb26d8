"""The outermost layer: gives a request its id, measures and logs it, and answers when everything else failed."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.auth.origins import secure
from api.edge.admission import Admission
from api.edge.versions import choose
from api.errors import ApiError, invalid, unavailable
from api.metrics import Metrics
from api.ports import Telemetry
from schemas.events import RequestLog
from schemas.moments import rfc3339

log = structlog.get_logger()

_UPGRADED = 101
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}").fullmatch
_HARMLESS = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        "cache-control": "no-store",
    }.items()
)
"""What every answer says unless it says otherwise."""
_SECURE = (*_HARMLESS, (b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
_HEALTH = frozenset({"/health", "/api/v1/health", "/api/v1/health/", "/api/v1/system/health"})
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# However it is written: only one spelling is routed, but every one may hold a token that is good.
_LINK = re.compile(r".*?/(sign-in|reset-password)/+.", re.IGNORECASE | re.DOTALL).match


@dataclass(slots=True)
class _Exchange:
    """One request on its way, or one socket; `status` stays 0 until an answer has begun."""

    scope: Scope
    request_id: str
    secure: bool = False
    began: float = field(default_factory=time.perf_counter)
    status: int = 0

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.began


def elapsed_of(connection: HTTPConnection) -> float:
    """Seconds since a request came, by the clock of X-Process-Time."""
    began: float = connection.scope["state"]["began"]
    return time.perf_counter() - began


class Edge:
    """Pure ASGI: a framework's middleware class would buffer streams and hide disconnections."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, telemetry: Telemetry, public_url: str = "", room: int = 256
    ) -> None:
        """`room` is how many requests may be under way at most; health is told besides."""
        self._app = app
        self._admission = Admission(room)
        self._metrics = metrics
        self._telemetry = telemetry
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        exchange = _Exchange(scope, _request_id(scope), secure(scope.get("scheme", ""), self._public_url))
        scope.setdefault("state", {}).update(request_id=exchange.request_id, began=exchange.began)
        if scope["type"] == "websocket":
            return await self._socket(exchange, receive, send)
        await self._http(exchange, receive, send)

    async def _socket(self, exchange: _Exchange, receive: Receive, send: Send) -> None:
        """Told once, when it is over: how its upgrade was answered, and how long it stood open."""
        scope = exchange.scope

        async def dressed(message: Message) -> None:
            if message["type"] == "websocket.accept":
                exchange.status = _UPGRADED
                message["headers"] = _with(message, _told(exchange))
            elif message["type"] == "websocket.http.response.start":
                exchange.status = message["status"]
                _dress(message, exchange)
            elif message["type"] == "websocket.close":
                exchange.status = exchange.status or 403  # which is what a server makes of it before an upgrade
            await send(message)

        try:
            refusal = _unusable(scope)
            answer: ASGIApp = problems.answer(refusal, HTTPConnection(scope)) if refusal else self._app
            await answer(scope, receive, dressed)
        except Exception:
            exchange.status = exchange.status or 500
            raise
        finally:
            self._tell(exchange)

    async def _http(self, exchange: _Exchange, receive: Receive, send: Send) -> None:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                _dress(message, exchange)
            await send(message)

        try:
            unusable = _unusable(exchange.scope)
            with self._metrics.in_flight.track_inprogress(), self._admitted(exchange.scope) as full:
                refusal = full or unusable
                if refusal:
                    await _refuse(refusal, exchange, dressed)
                else:
                    await self._app(exchange.scope, receive, dressed)
        except Exception:
            log.exception("request_failed", request_id=exchange.request_id, path=_told_path(exchange.scope))
            if exchange.status:
                raise  # the answer has begun: breaking the connection is the only honest end
            sentence = f"Something failed here; it is in the log under {exchange.request_id}."
            await _refuse(ApiError(500, "SERVER_ERROR", sentence), exchange, dressed)
        finally:
            self._tell(exchange)

    @contextmanager
    def _admitted(self, scope: Scope) -> Iterator[ApiError | None]:
        """What a request too many is told, and that at once: each one more would make all that are inside slower.
        Whoever balances load asks for health and must not take a gateway for dead that is only busy."""
        if scope["path"] in _HEALTH:
            yield None
            return
        ticket = self._admission.enter(time.monotonic())
        if ticket is None:
            self._metrics.refused.labels("in_flight").inc()
            yield unavailable("Too many requests at once; try again shortly.", self._admission.retry_after())
            return
        try:
            yield None
        finally:
            self._admission.leave(ticket, time.monotonic())

    def _tell(self, exchange: _Exchange) -> None:
        scope, elapsed = exchange.scope, exchange.elapsed
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        asked = scope.get("method", "GET")  # a socket's is told to nobody, and can be no other
        method = asked if asked in _METHODS else "OTHER"  # a label that callers invent never ends
        self._metrics.requests.labels(method, route, str(exchange.status)).inc()
        if exchange.status != _UPGRADED:  # how long a socket stands open is no time of an answer
            self._metrics.request_seconds.labels(route).observe(elapsed)
        client = scope.get("client")
        kept = self._telemetry(
            RequestLog(
                id=str(uuid4()),
                at=rfc3339(datetime.now(UTC)),
                method=asked[:16],
                path=_told_path(scope),
                route=route,
                status=exchange.status,
                elapsed_ms=round(elapsed * 1000, 3),
                user=scope["state"].get("user", ""),
                request_id=exchange.request_id,
                address=client[0] if client else "",
                user_agent=Headers(scope=scope).get("user-agent", "")[:300],
            )
        )
        if not kept:
            self._metrics.request_logs_dropped.inc()


def _told_path(scope: Scope) -> str:
    """The path as logs may have it: a one-time link in it lets somebody in."""
    path = str(scope["path"])
    found = _LINK(path)
    return f"/{found[1].lower()}/{{token}}" if found else path[:2000]


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID(given) else f"req_{uuid4().hex}"


def _unusable(scope: Scope) -> ApiError | None:
    """A version that there is not; or NUL in an address, which no store can hold and nobody means. A version that there
    is has been followed before anything is said in it."""
    if unknown := choose(scope):
        return unknown
    if "\x00" in scope["path"]:
        return invalid("path", "A NUL character is not allowed.", "NUL_CHARACTER")
    if b"%00" in scope["query_string"]:
        return invalid("query", "A NUL character is not allowed.", "NUL_CHARACTER")
    return None


async def _refuse(error: ApiError, exchange: _Exchange, send: Send) -> None:
    content = problems.body(error, exchange.scope)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()]
    await send({"type": "http.response.start", "status": error.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _dress(message: Message, exchange: _Exchange) -> None:
    headers = _with(message, _told(exchange))
    said = {name.lower() for name, _ in headers}
    message["headers"] = headers + [one for one in (_SECURE if exchange.secure else _HARMLESS) if one[0] not in said]


def _told(exchange: _Exchange) -> list[tuple[bytes, bytes]]:
    """What only we know of an exchange: its id, its time, how its caller stands to the limit."""
    found = [(b"x-request-id", exchange.request_id.encode("latin-1")), (b"x-process-time", b"%.6f" % exchange.elapsed)]
    rate = exchange.scope["state"].get("rate", {})
    return found + [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in rate.items()]


def _with(message: Message, ours: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """A message's headers, ours in the place of others of the same name."""
    replaced = {name for name, _ in ours}
    return [header for header in message.get("headers", ()) if header[0].lower() not in replaced] + ours
