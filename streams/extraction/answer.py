"""From what a visit brought back to what should become of its task. Pure but for dice and clock, which it is given."""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from schemas.events import FetchResult
from schemas.hosts import host_of
from schemas.media import unwanted
from schemas.outcomes import OUTCOMES, outcome_of_status
from schemas.retry import Retry, decide, outcome_of
from streams.extraction.closings import Answer, closing_of, memory_of
from streams.extraction.contents import Contents, spelled
from streams.extraction.errors import ExtractionError, UnreadableError
from streams.extraction.links import Link
from streams.extraction.reading import Reader
from streams.extraction.redirects import redirect_target
from streams.extraction.remembered import unpacked
from streams.extraction.rows import rows_of_entries, rows_of_links

REST_S = 60.0
"""Seconds for which a host is left alone whose fetcher does not say for how long."""


def answer_failure(result: FetchResult, kind: str, reason: str, reader: Reader, now: datetime, dice: Random) -> Answer:
    """No page: another try, or the end of the row. A host that is being left alone was not tried at all."""
    if result.resting:
        retry_at: float | None = now.timestamp() + (REST_S if result.retry_after is None else result.retry_after)
        outcome = outcome_of(kind)
    elif result.given_up:
        retry_at, outcome = None, outcome_of(kind)
    else:
        verdict = decide(
            kind, result.status, result.tries + 1, result.retry_after, now.timestamp(), dice.random, reader.retries
        )
        retry_at, outcome = verdict.not_before if isinstance(verdict, Retry) else None, OUTCOMES[verdict.outcome]
    closing = closing_of(
        result, outcome.name, outcome.klass, reason or outcome.sentence, retry_at=retry_at, counts=not result.resting
    )
    return Answer(result, reader, closing)


def answer_unread(
    result: FetchResult, reader: Reader, now: datetime, dice: Random, trail: Sequence[str] = (), links: bytes = b""
) -> Answer | None:
    """The answer to a response of which nothing needs to be read: a redirect, an error status, a type that the job
    does not want. None for a page or a source.

    `trail` is which URLs' redirects led here, `links` what the job remembers of a page that has not changed.
    """
    outcome = outcome_of_status(result.status or 0)
    if outcome.name == "not_modified":
        return _unchanged(result, reader, links)
    if outcome.name == "http_error":
        reason = result.reason or f"The host answered with status {result.status}."
        return answer_failure(result, "http_error", reason, reader, now, dice)
    if outcome.name == "redirected":
        try:
            target = redirect_target(result, reader, trail)
        except UnreadableError as problem:
            return answer_unreadable(result, problem, reader, now, dice)
        reason = f"Redirected to {target.url}"[:500]
        return Answer(result, reader, closing_of(result, outcome.name, outcome.klass, reason, links=[target]))
    wanted = reader.run.description.options.content_types
    reason = unwanted(result.headers, wanted) if result.kind == "page" else ""
    return answer_failure(result, "bad_content_type", reason, reader, now, dice) if reason else None


def answer_unreadable(
    result: FetchResult, problem: ExtractionError, reader: Reader, now: datetime, dice: Random
) -> Answer:
    """Reading it failed: with the outcome that the problem names."""
    return answer_failure(result, problem.outcome, str(problem), reader, now, dice)


def answer_read(result: FetchResult, reader: Reader, contents: Contents) -> Answer:
    """What was read of a page or a source becomes the end of its task."""
    closing = closing_of(
        result,
        "fetched",
        "fetched",
        contents.notes,
        records=sum(len(batch.records) for batch in contents.batches),
        batches=[(batch.id, len(batch.records)) for batch in contents.batches],
        links=contents.links,
        memory=contents.memory,
    )
    return Answer(result, reader, closing, contents.batches, contents.oversized)


def _unchanged(result: FetchResult, reader: Reader, links: bytes) -> Answer:
    """Nothing to read, but the crawl goes on from where the page is known to lead. A page that is being left to rest
    was not visited (the fetcher gives the reason), so that nothing was learnt about it either."""
    known = unpacked(links)
    if result.kind != "page":
        rows = rows_of_entries(spelled(known, reader), reader, result)
    elif reader.follows:
        rows = rows_of_links([Link(url, fp, host_of(url)) for url, fp, _ in spelled(known, reader)], reader, result)
    else:
        rows = []
    outcome = OUTCOMES["not_modified"]
    memory = None if result.reason else memory_of(result, reader, None)
    reason = result.reason or outcome.sentence
    return Answer(result, reader, closing_of(result, outcome.name, outcome.klass, reason, links=rows, memory=memory))
