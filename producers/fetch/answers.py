"""What a visit asks, and what an exchange brought back, as the event that travels. Pure."""

import hashlib
import threading
import uuid
from functools import lru_cache
from typing import NamedTuple

import zstandard
from msgspec.structs import replace

from producers.politeness.retry_after import retry_after
from schemas.codec import dumps
from schemas.events import FetchResult, FetchTask
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse, ExchangeResult, masked

MAX_COMPRESSED = 1_400_000
"""Bytes of a compressed body that fit into a message as base64."""

MAX_HEADERS = 32_768
"""Bytes of headers, as they are written into the message, that travel with a page; what comes after is left out."""


class Packed(NamedTuple):
    """A body as it travels, and the SHA-256 of what it is: one hash tells whether a page has changed and whether two
    are the same, also where somebody would like two to look the same (xxh3 can be made to)."""

    data: bytes
    content_hash: str


NOTHING = Packed(b"", "")


def packed(body: bytes) -> Packed:
    """zstd and its hash; some 2 ms for each MB."""
    if not body:
        return NOTHING
    return Packed(_compressor(threading.get_ident()).compress(body), hashlib.sha256(body).hexdigest())


@lru_cache(maxsize=64)
def _compressor(_thread: int) -> zstandard.ZstdCompressor:
    """One for each thread, because a compressor is nobody's to share; making one costs as much as a small page."""
    return zstandard.ZstdCompressor(level=1)


def request_of(task: FetchTask, cookie: str = "", credentials: tuple[str, str] | None = None) -> ExchangeRequest:
    """The exchange that a task asks for, with what the run has been given and what opens the site."""
    visit = task.visit
    return ExchangeRequest(
        url=task.url,
        headers=_headers(task, cookie, credentials),
        connect_timeout=min(visit.connect_timeout, task.timeout),
        read_timeout=min(visit.read_timeout, task.timeout),
        total_timeout=task.timeout,
        max_body=task.max_body,
        method=visit.method,
        body=visit.body.encode() if visit.body else b"",
        content_types=tuple(visit.content_types),
        proxy=visit.proxy,
        http2=visit.http2,
        render=visit.render,
    )


def _headers(task: FetchTask, cookie: str, credentials: tuple[str, str] | None) -> tuple[tuple[str, str], ...]:
    """The job's own, and over them what the visit needs; names are compared without case."""
    visit = task.visit
    if not (cookie or credentials or visit.etag or visit.last_modified):
        own = tuple(task.headers.items())
        return (("User-Agent", task.user_agent), *own) if task.user_agent else own
    found = {name.lower(): (name, value) for name, value in task.headers.items()}
    if task.user_agent:
        found["user-agent"] = "User-Agent", task.user_agent
    if visit.etag:
        found.setdefault("if-none-match", ("If-None-Match", visit.etag))
    if visit.last_modified:
        found.setdefault("if-modified-since", ("If-Modified-Since", visit.last_modified))
    for name, value in [("Cookie", cookie), *([credentials] if credentials else [])]:
        if value:
            before = found.get("cookie", ("", ""))[1] if name.lower() == "cookie" else ""
            found[name.lower()] = name, f"{before}; {value}" if before else value
    return tuple(found.values())


def answer_of(
    task: FetchTask, result: ExchangeResult, fetched_at: str, now: float, body: Packed = NOTHING, body_ref: str = ""
) -> FetchResult:
    """A page or a failure, under a fetch id of its own. `body` is the result's; with a `body_ref` it is kept there."""
    if isinstance(result, ExchangeFailure):
        refusal = refusal_of(task, result.kind, result.reason, fetched_at, result.elapsed_ms)
        return replace(refusal, given_up=result.final, status=result.status, address=result.address)
    times = result.times
    return FetchResult(
        fetch_id=str(uuid.uuid4()),
        run_id=task.run_id,
        url_fp=task.url_fp,
        url=task.url,
        host=task.host,
        attempt=task.attempt,
        depth=task.depth,
        hops=task.hops,
        tries=task.tries,
        fetched_at=fetched_at,
        status=result.status,
        headers=_bounded(result),
        body=b"" if body_ref else body.data,
        body_ref=body_ref,
        body_size=result.body_size,
        wire_size=result.wire_size,
        content_hash=body.content_hash,
        elapsed_ms=round(times.total, 3),
        dns_ms=_ms(times.dns),
        connect_ms=_ms(times.connect),
        tls_ms=_ms(times.tls),
        first_byte_ms=_ms(times.first_byte),
        address=result.address,
        http_version=result.http_version,
        tls_version=result.tls_version or "",
        retry_after=retry_after(result.header("retry-after"), now),
        screenshot_ref=result.screenshot_ref,
        kind=task.visit.kind,
    )


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _bounded(result: ExchangeResponse) -> list[tuple[str, str]]:
    room, kept = MAX_HEADERS, []
    for name, value in result.headers:
        shown = masked(name, value)  # the run's jar has taken its cookies
        room -= len(dumps((name, shown)))  # a control character is six bytes there
        if room < 0:
            break
        kept.append((name.lower(), shown))
    return kept


def refusal_of(task: FetchTask, kind: str, reason: str, fetched_at: str, elapsed_ms: float = 0.0) -> FetchResult:
    """No page: `kind` is a failure of the exchange or an outcome such as `robots_denied`."""
    return FetchResult(
        fetch_id=str(uuid.uuid4()),
        run_id=task.run_id,
        url_fp=task.url_fp,
        url=task.url,
        host=task.host,
        attempt=task.attempt,
        depth=task.depth,
        hops=task.hops,
        tries=task.tries,
        fetched_at=fetched_at,
        elapsed_ms=round(elapsed_ms, 3),
        failure=kind,
        reason=reason,
        kind=task.visit.kind,
    )
