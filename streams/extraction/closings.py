"""What an answer asks of the frontier, in the frontier's words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.closings import Closing, Memory
from schemas.delivery import Reject
from schemas.events import FetchResult, RecordBatch
from schemas.frontier import FoundLink
from schemas.message import Message
from streams.extraction.batches import Oversized
from streams.extraction.reading import Reader
from streams.extraction.remembered import packed
from streams.extraction.sources import Entry

MAX_REASON = 1000
_MAX_VALIDATOR = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What will be published if the closing is held."""

    result: FetchResult
    reader: Reader
    closing: Closing
    batches: list[RecordBatch] = field(default_factory=list)
    oversized: list[Oversized] = field(default_factory=list)


def letters(message: Message, answer: Answer) -> list[Reject]:
    """Records too large for a message; only of an answer that counts, for a twin has them under another visit's id."""
    return [
        Reject(message, "record_too_large", big.reason, big.id, big.value, answer.reader.run.id)
        for big in answer.oversized
    ]


def closing_of(
    result: FetchResult,
    outcome: str,
    klass: str,
    reason: str,
    *,
    retry_at: float | None = None,
    counts: bool = True,
    records: int = 0,
    batches: Sequence[tuple[str, int]] = (),
    links: Sequence[FoundLink] = (),
    memory: Memory | None = None,
) -> Closing:
    """The task's end, or another try at `retry_at` (epoch seconds)."""
    return Closing(
        run_id=result.run_id,
        url_fp=result.url_fp,
        host=result.host,
        fetch_id=result.fetch_id,
        attempt=result.attempt,
        tries=result.tries,
        # Only what its fetcher will not ask for again: a try that does not count is made again.
        whole=result.failure is None and result.status is not None and counts,
        outcome=outcome,
        klass=klass,
        status=result.status,
        reason=reason[:MAX_REASON],
        retry_at=retry_at,
        records=records,
        batches=batches,
        links=links,
        source=result.url,
        counts=counts,
        memory=memory,
    )


def memory_of(result: FetchResult, reader: Reader, entries: Sequence[Entry] | None) -> Memory | None:
    """What the job remembers of this visit, where it asks for freshness; None of `entries`: nothing has changed.

    A 304 may leave the validators out (RFC 9110, 15.4.5 asks for the ETag, hosts forget it): what is remembered stays.
    """
    if reader.freshness is None:
        return None
    try:
        seen_at = datetime.fromisoformat(result.fetched_at).timestamp()
    except ValueError:
        return None
    return Memory(
        seen_at=seen_at,
        etag=_validator(result, "etag"),
        last_modified=_validator(result, "last-modified"),
        content_hash=result.content_hash,
        links=None if entries is None else packed(entries),
        freshness=reader.freshness,
    )


def _validator(result: FetchResult, name: str) -> str:
    """As the host wrote it, since it is sent back; a very long one, or one that no database takes, is none."""
    value = next((value for key, value in result.headers if key.lower() == name), "")
    return value if len(value) <= _MAX_VALIDATOR and value.isprintable() else ""
