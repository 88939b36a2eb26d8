"""Records on their way to cleaning: in batches that fit into a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.events import FetchResult, RecordBatch
from schemas.events.records import CleanRules, FieldRule
from schemas.ids import batch_id
from schemas.job import JobDescription
from streams.extraction import page_record

MAX_RECORDS = 500
"""Records of one batch."""

MAX_BYTES = 900_000
"""Bytes of one batch as JSON, with what cleaning will add to it: a message may have 1 MB, headers included."""

_ADDED = 320  # id, key and punctuation of one clean record
_ADDED_FIELD = 40  # a date in full, a currency beside a price
_SHOWN = 500  # characters of a value in the letter of a record that is too large

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Oversized:
    """A record too large for a message; `index` counts within the page. Its long values are cut short in `record`."""

    index: int
    record: dict[str, Any]
    reason: str
    code: str = "too_large"


@dataclass(frozen=True, slots=True)
class Batches:
    """A page's records in parts, and those that fit into none."""

    batches: list[RecordBatch]
    oversized: list[Oversized]


def clean_rules(job: JobDescription) -> CleanRules:
    """The job's cleaning rules as they travel with each batch.

    Without rules of its own: those of page records. The key, where the job names none: a field `url`, else (items
    of a listing all have the listing's address) the first field of type url, else all text fields together, which
    stay when prices and numbers move; else everything.
    """
    extract = job.extract
    if not has_rules(job):
        return msgspec.structs.replace(page_record.RULES, filters=job.filters, key=extract.key or page_record.RULES.key)
    fields = {
        name: FieldRule(type=spec.type, required=spec.required, default=spec.default)
        for name, spec in extract.fields.items()
    }
    fields = fields or {"text": FieldRule()}
    key = list(extract.key) or _natural_key(fields, bool(extract.items or extract.items_xpath))
    return CleanRules(fields={"url": FieldRule(type="url"), **fields}, key=key, filters=job.filters)


def has_rules(job: JobDescription) -> bool:
    """Whether the job says what to extract; without, each page gives its page record."""
    return bool(job.extract.fields or job.extract.items or job.extract.items_xpath)


def batches_of(
    result: FetchResult,
    records: Sequence[dict[str, Any]],
    rules: CleanRules,
    job_id: str,
    dataset: str,
    revision: int = 1,
) -> Batches:
    """The records of one page as batches of at most MAX_RECORDS and MAX_BYTES each; the same in, the same out.

    A page without records has no batch: there is nothing to be confirmed by the warehouse.
    """
    empty = RecordBatch(
        id=batch_id(result.run_id, result.url_fp, result.fetch_id, revision, 0),
        dataset=dataset,
        run_id=result.run_id,
        job_id=job_id,
        url=result.url,
        url_fp=result.url_fp,
        fetch_id=result.fetch_id,
        fetched_at=result.fetched_at,
        revision=revision,
        rules=rules,
    )
    limit = MAX_BYTES - len(_encoder.encode(empty))
    added = _ADDED + _ADDED_FIELD * len(rules.fields) + len(result.url) * _addresses(rules)
    parts: list[list[dict[str, Any]]] = []
    oversized, room = [], 0
    for index, record in enumerate(records):
        size = len(_encoder.encode(record)) + added
        if size > limit:
            oversized.append(_oversized(index, record, size, limit))
            continue
        if size > room or not parts or len(parts[-1]) == MAX_RECORDS:
            parts.append([])
            room = limit
        parts[-1].append(record)
        room -= size
    return Batches([_part(empty, part, records_of) for part, records_of in enumerate(parts)], oversized)


def _part(empty: RecordBatch, part: int, records: list[dict[str, Any]]) -> RecordBatch:
    identity = batch_id(empty.run_id, empty.url_fp, empty.fetch_id, empty.revision, part)
    return msgspec.structs.replace(empty, id=identity, part=part, records=records)


def _natural_key(fields: dict[str, FieldRule], listing: bool) -> list[str]:
    if "url" in fields or not listing:
        return ["url"]
    addresses = [name for name, rule in fields.items() if rule.type == "url"]
    return addresses[:1] or [name for name, rule in fields.items() if rule.type == "text"] or list(fields)


def _addresses(rules: CleanRules) -> int:
    return sum(rule.type == "url" for rule in rules.fields.values())


def _oversized(index: int, record: dict[str, Any], size: int, limit: int) -> Oversized:
    shown = {name: value[:_SHOWN] if isinstance(value, str) else str(value)[:_SHOWN] for name, value in record.items()}
    return Oversized(index, shown, f"The record has {size} bytes; {limit} fit into one message.")
