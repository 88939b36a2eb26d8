"""From what a visit brought back to what should become of its task. Pure but for dice and clock, which it is given."""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from schemas.codec import dumps
from schemas.events import FetchResult
from schemas.hosts import host_of
from schemas.ids import digest
from schemas.outcomes import OUTCOMES, outcome_of_status
from schemas.retry import Retry, decide, outcome_of
from schemas.urls import fingerprint
from streams.extraction.batches import batches_of
from streams.extraction.closings import Answer, Letter, closing_of, memory_of
from streams.extraction.document import Document, body_of, read
from streams.extraction.errors import ExtractionError, UnreadableError
from streams.extraction.links import Link, find_links
from streams.extraction.media import unwanted
from streams.extraction.page_record import page_record
from streams.extraction.reading import Reader
from streams.extraction.redirects import redirect_target
from streams.extraction.remembered import unpacked
from streams.extraction.rows import rows_of_entries, rows_of_links
from streams.extraction.sources import Entry, read_source

REST_S = 60.0
"""Seconds for which a host is left alone whose fetcher does not say for how long."""


def answer_failure(result: FetchResult, kind: str, reason: str, reader: Reader, now: datetime, dice: Random) -> Answer:
    """No page: another try, or the end of the row. A host that is being left alone was not tried at all."""
    if result.resting:
        retry_at: float | None = now.timestamp() + (REST_S if result.retry_after is None else result.retry_after)
        outcome = outcome_of(kind, result.status)
    elif result.given_up:
        retry_at, outcome = None, outcome_of(kind, result.status)
    else:
        verdict = decide(
            kind, result.status, result.tries + 1, result.retry_after, now.timestamp(), dice.random, reader.retries
        )
        retry_at, outcome = verdict.not_before if isinstance(verdict, Retry) else None, OUTCOMES[verdict.outcome]
    closing = closing_of(
        result, outcome.name, outcome.klass, reason or outcome.sentence, retry_at=retry_at, counts=not result.resting
    )
    return Answer(result, reader, closing)


def answer_page(
    result: FetchResult, reader: Reader, now: datetime, dice: Random, trail: Sequence[str] = (), links: bytes = b""
) -> Answer:
    """A response: a page, a source, a redirect, or an error status.

    `trail` is which URLs' redirects led here, `links` what the job remembers of a page that has not changed.
    """
    outcome = outcome_of_status(result.status or 0)
    if outcome.name == "not_modified":
        return _unchanged(result, reader, links)
    if outcome.name == "http_error":
        reason = result.reason or f"The host answered with status {result.status}."
        return answer_failure(result, "http_error", reason, reader, now, dice)
    try:
        if outcome.name == "redirected":
            target = redirect_target(result, reader, trail)
            reason = f"Redirected to {target.url}"[:500]
            return Answer(result, reader, closing_of(result, outcome.name, outcome.klass, reason, links=[target]))
        if result.kind != "page":
            return _source(result, reader)
        problem = unwanted(result.headers, reader.run.description.options.content_types)
        if problem:
            raise UnreadableError("bad_content_type", problem)
        return _page(result, reader, read(result))
    except UnreadableError as problem:
        return answer_failure(result, problem.outcome, str(problem), reader, now, dice)
    except ExtractionError as problem:
        return answer_failure(result, "extract_failed", str(problem), reader, now, dice)


def _page(result: FetchResult, reader: Reader, document: Document) -> Answer:
    records = reader.rules.extract(document) if reader.rules else [page_record(document)]
    obey = reader.run.description.options.respect_robots
    follows = reader.follows or reader.freshness is not None
    found = find_links(document, obey_nofollow=obey, spelling=reader.spelling) if follows else ()
    links = rows_of_links(found, reader, result) if reader.follows else ()
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
    closing = closing_of(
        result,
        "fetched",
        "fetched",
        " ".join(document.notes),
        records=sum(len(batch.records) for batch in made.batches),
        batches=[(batch.id, len(batch.records)) for batch in made.batches],
        links=links,
        memory=memory_of(result, reader, [Entry(url, fp, "page") for url, fp, _ in found]),
    )
    return Answer(result, reader, closing, made.batches, letters)


def _source(result: FetchResult, reader: Reader) -> Answer:
    source = read_source(body_of(result), result.url)
    entries = _spelled(source.entries, reader)
    closing = closing_of(
        result,
        "fetched",
        "fetched",
        " ".join(source.notes),
        links=rows_of_entries(entries, reader, result),
        memory=memory_of(result, reader, source.entries),
    )
    return Answer(result, reader, closing)


def _unchanged(result: FetchResult, reader: Reader, links: bytes) -> Answer:
    """Nothing to read, but the crawl goes on from where the page is known to lead. A page that is being left to rest
    was not visited (the fetcher gives the reason), so that nothing was learnt about it either."""
    known = unpacked(links)
    if result.kind != "page":
        rows = rows_of_entries(_spelled(known, reader), reader, result)
    elif reader.follows:
        rows = rows_of_links([Link(url, fp, host_of(url)) for url, fp, _ in _spelled(known, reader)], reader, result)
    else:
        rows = []
    outcome = OUTCOMES["not_modified"]
    memory = None if result.reason else memory_of(result, reader, None)
    reason = result.reason or outcome.sentence
    return Answer(result, reader, closing_of(result, outcome.name, outcome.klass, reason, links=rows, memory=memory))


def _spelled(entries: Sequence[Entry], reader: Reader) -> list[Entry]:
    """As the run writes URLs; what differed in a session alone is one entry."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "page":
            url = reader.spelling.of_link(entry.url)
            entry = entry if url == entry.url else Entry(url, fingerprint(url), "page")
        found.setdefault(entry.fp, entry)
    return list(found.values())
