"""What became of a task, as it is told to everybody."""

from schemas.closings import Closed
from schemas.events import FetchResult, PageOutcome
from schemas.exchange import masked
from schemas.ids import outcome_id
from schemas.media import media_type
from schemas.moments import of_epoch
from streams.extraction.closings import Answer

MAX_HEADERS = 4096
"""Characters of a response's headers that its outcome repeats; the first ones, whole."""


def outcome_of(answer: Answer, verdict: Closed) -> PageOutcome:
    """The outcome of an answer that counted; `final` unless the row waits for its next try."""
    closing, result, run = answer.closing, answer.result, answer.reader.run
    return PageOutcome(
        id=outcome_id(closing.run_id, closing.url_fp, closing.attempt, closing.fetch_id),
        run_id=closing.run_id,
        job_id=run.job_id,
        dataset=run.dataset,
        url=result.url,
        url_fp=closing.url_fp,
        host=closing.host,
        outcome=closing.outcome,
        klass=closing.klass,
        final=not verdict.retried,
        status=closing.status,
        depth=result.depth,
        attempt=closing.attempt,
        fetch_id=closing.fetch_id,
        records=closing.records if verdict.held else 0,
        links=len(closing.links),
        new_links=verdict.new_links,
        body_size=result.body_size,
        elapsed_ms=result.elapsed_ms,
        fetched_at=result.fetched_at,
        reason=closing.reason,
        kind=result.kind,
        hops=result.hops,
        retry_at=_time(closing.retry_at) if verdict.retried else "",
        address=result.address,
        http_version=result.http_version,
        tls_version=result.tls_version,
        dns_ms=result.dns_ms,
        connect_ms=result.connect_ms,
        tls_ms=result.tls_ms,
        first_byte_ms=result.first_byte_ms,
        wire_size=result.wire_size,
        content_type=media_type(result.headers)[:100],
        content_hash=result.content_hash,
        headers=_told(result),
        body_ref=result.body_ref,
        screenshot_ref=result.screenshot_ref,
    )


def _time(seconds: float | None) -> str:
    return "" if seconds is None else of_epoch(seconds)


def _told(result: FetchResult) -> list[tuple[str, str]]:
    """Headers as far as MAX_HEADERS goes; masked once more, since others than our fetchers may publish pages."""
    room, told = MAX_HEADERS, []
    for name, value in result.headers:
        shown = masked(name, value)
        room -= len(name) + len(shown)
        if room < 0:
            break
        told.append((name, shown))
    return told
