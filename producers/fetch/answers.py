"""What an exchange brought back, as the event that travels. Pure."""

import uuid

import zstandard

from producers.politeness.retry_after import retry_after
from schemas.events import FetchResult, FetchTask
from schemas.exchange import ExchangeRequest, ExchangeResponse, ExchangeResult

MAX_COMPRESSED = 1_400_000
"""Bytes of a compressed body that fit into a message as base64."""

MAX_HEADERS = 32_768
"""Characters of headers that travel with a page; what comes after them is left out."""

_compressor = zstandard.ZstdCompressor(level=1)


def request_of(task: FetchTask) -> ExchangeRequest:
    """The exchange that a task asks for."""
    headers = dict(task.headers)
    if task.user_agent:
        headers["User-Agent"] = task.user_agent
    return ExchangeRequest(
        url=task.url,
        headers=tuple(headers.items()),
        connect_timeout=min(10.0, task.timeout),
        read_timeout=min(15.0, task.timeout),
        total_timeout=task.timeout,
        max_body=task.max_body,
    )


def answer_of(task: FetchTask, result: ExchangeResult, fetched_at: str, now: float) -> FetchResult:
    """A page or a failure, under a fetch id of its own."""
    if not isinstance(result, ExchangeResponse):
        return refusal_of(task, result.kind, result.reason, fetched_at, result.elapsed_ms)
    body = _compressor.compress(result.body) if result.body else b""
    if len(body) > MAX_COMPRESSED:
        reason = f"The page is {len(body)} bytes even when compressed; {MAX_COMPRESSED} can travel."
        return refusal_of(task, "too_large", reason, fetched_at, result.times.total)
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
        headers=_bounded(result.headers),
        body=body,
        body_size=result.body_size,
        wire_size=result.wire_size,
        elapsed_ms=round(result.times.total, 3),
        address=result.address,
        retry_after=retry_after(result.header("retry-after"), now),
    )


def _bounded(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    room, kept = MAX_HEADERS, []
    for name, value in headers:
        room -= len(name) + len(value)
        if room < 0:
            break
        kept.append((name.lower(), value))
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
    )
