"""From what a visit brought back to what should become of its task. Pure but for dice and clock, which it is given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TypeAlias

from schemas.codec import dumps
from schemas.events import FetchResult, RecordBatch
from schemas.ids import digest
from schemas.outcomes import OUTCOMES, outcome_of_status
from schemas.retry import Retry, decide
from schemas.urls import UrlError, canonical, fingerprint, host_of
from streams.extraction.batches import batches_of
from streams.extraction.document import Document, read
from streams.extraction.errors import ExtractionError, UnreadableError
from streams.extraction.links import LinkVerdict, find_links, select
from streams.extraction.page_record import page_record
from streams.extraction.ports import Closing, FoundLink
from streams.extraction.reading import Reader

MAX_HOPS = 10
"""Redirects from one URL to the next, each a row of its own."""

Letter: TypeAlias = tuple[str, str, str, bytes]
"""(code, reason, id, value) of a record that is too large to travel."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What will be published if the closing is held."""

    result: FetchResult
    reader: Reader
    closing: Closing
    batches: list[RecordBatch] = field(default_factory=list)
    oversized: list[Letter] = field(default_factory=list)


def answer_failure(result: FetchResult, kind: str, reason: str, reader: Reader, now: datetime, dice: Random) -> Answer:
    """No page: another try, or the end of the row."""
    verdict = decide(
        kind, result.status, result.tries + 1, result.retry_after, now.timestamp(), dice.random, reader.retries
    )
    if isinstance(verdict, Retry):
        outcome, retry_at = OUTCOMES[verdict.outcome], verdict.not_before
    else:
        outcome, retry_at = OUTCOMES[verdict.outcome], None
    return Answer(
        result,
        reader,
        _closing(result, outcome.name, outcome.klass, reason or outcome.sentence, retry_at=retry_at),
    )


def answer_page(result: FetchResult, reader: Reader, now: datetime, dice: Random) -> Answer:
    """A response: a page, a redirect, or an error status."""
    outcome = outcome_of_status(result.status or 0)
    if outcome.name == "redirected":
        return _redirect(result, reader, now, dice)
    if outcome.name == "not_modified":
        return Answer(result, reader, _closing(result, outcome.name, outcome.klass, outcome.sentence))
    if outcome.name != "fetched":
        reason = f"The host answered with status {result.status}."
        verdict = decide(
            None, result.status, result.tries + 1, result.retry_after, now.timestamp(), dice.random, reader.retries
        )
        retry_at = verdict.not_before if isinstance(verdict, Retry) else None
        return Answer(
            result,
            reader,
            _closing(result, outcome.name, outcome.klass, reason, retry_at=retry_at),
        )
    try:
        return _page(result, reader, read(result))
    except UnreadableError as problem:
        return answer_failure(result, problem.outcome, str(problem), reader, now, dice)
    except ExtractionError as problem:
        return answer_failure(result, "extract_failed", str(problem), reader, now, dice)


def _page(result: FetchResult, reader: Reader, document: Document) -> Answer:
    records = reader.rules.extract(document) if reader.rules else [page_record(document)]
    obey = reader.run.description.options.respect_robots
    links: Sequence[LinkVerdict] = (
        select(find_links(document, obey_nofollow=obey), reader.scope, result.depth) if reader.follows else ()
    )
    made = batches_of(result, records, reader.clean, reader.run.job_id, reader.run.dataset, reader.run.revision)
    letters: list[Letter] = [
        (
            "record_too_large",
            big.reason,
            digest(result.fetch_id, "record", str(big.index)),
            dumps(big.record),
        )
        for big in made.oversized
    ]
    closing = _closing(
        result,
        "fetched",
        "fetched",
        " ".join(document.notes),
        records=sum(len(batch.records) for batch in made.batches),
        batches=[(batch.id, len(batch.records)) for batch in made.batches],
        links=[
            FoundLink(url_fp=link.fp, url=link.url, host=link.host, depth=link.depth, outcome=link.outcome,
                      reason=link.reason or "")
            for link in links
        ],
    )  # fmt: skip
    return Answer(result, reader, closing, made.batches, letters)


def _redirect(result: FetchResult, reader: Reader, now: datetime, dice: Random) -> Answer:
    """The target is a row of its own, one hop further, so that scope, leases and deduplication hold for it too."""
    location = next((value for name, value in result.headers if name == "location"), None)
    if location is None:
        return answer_failure(result, "malformed_response", "The redirect names no target.", reader, now, dice)
    try:
        target = canonical(location.encode("latin-1", "replace").decode("utf-8", "replace"), result.url)
    except UrlError as problem:
        return answer_failure(result, "malformed_response", f"The redirect leads nowhere: {problem}", reader, now, dice)
    if result.hops + 1 > MAX_HOPS:
        reason = f"More than {MAX_HOPS} redirects in a row."
        return answer_failure(result, "too_many_redirects", reason, reader, now, dice)
    outside = reader.scope.verdict(target, result.depth)
    # A run of seeds alone has no scope for links, but where its own pages have moved to still belongs to it.
    if outside == "too_deep":
        outside = None
    link = FoundLink(
        url_fp=fingerprint(target),
        url=target,
        host=host_of(target),
        depth=result.depth,
        hops=result.hops + 1,
        outcome="out_of_scope" if outside else None,
        reason=outside or "",
    )
    same = link.url_fp == result.url_fp
    if same:
        return answer_failure(result, "too_many_redirects", "The page redirects to itself.", reader, now, dice)
    closing = _closing(result, "redirected", "fetched", f"Redirected to {target}"[:500], links=[link])
    return Answer(result, reader, closing)


def _closing(
    result: FetchResult,
    outcome: str,
    klass: str,
    reason: str,
    *,
    retry_at: float | None = None,
    records: int = 0,
    batches: Sequence[tuple[str, int]] = (),
    links: Sequence[FoundLink] = (),
) -> Closing:
    return Closing(
        run_id=result.run_id,
        url_fp=result.url_fp,
        host=result.host,
        fetch_id=result.fetch_id,
        attempt=result.attempt,
        tries=result.tries,
        whole=result.failure is None and result.status is not None,
        outcome=outcome,
        klass=klass,
        status=result.status,
        reason=reason[:1000],
        retry_at=retry_at,
        records=records,
        batches=batches,
        links=links,
        source=result.url,
    )
