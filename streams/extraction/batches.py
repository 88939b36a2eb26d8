"""Records on their way to cleaning: in batches that fit into a message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from schemas.codec import dumps
from schemas.events import FetchResult, RecordBatch
from schemas.events.records import CleanRules, FieldRule
from schemas.events.trends import TrendRules
from schemas.ids import batch_id, digest
from schemas.job import FieldSpec, JobDescription
from streams.extraction import auto

MAX_RECORDS = 500
"""Records of one batch."""

MAX_BYTES = 900_000
"""Bytes of one batch as JSON, with what cleaning will add to it: a message may have 1 MB, headers included."""

_ADDED = 450  # id, key, scores and punctuation of one clean record
_ADDED_FIELD = 40  # a date in full, a currency beside a price
_ADDRESSES = ("url", "image")
_MARKUP = ("html", "markdown")
_SHOWN = 500  # characters of a value in the letter of a record that is too large

_encoder = msgspec.json.Encoder()


class Oversized(NamedTuple):
    """A record too large for a message, as its letter tells of it: `value` is the record as JSON, its long values cut
    short; `id` is that of its visit and its place on the page."""

    reason: str
    id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Batches:
    """A page's records in parts, and those that fit into none."""

    batches: list[RecordBatch]
    oversized: list[Oversized]


def clean_rules(job: JobDescription, whole_run: str | None = None) -> CleanRules:
    """The job's cleaning rules as they travel with each batch. `whole_run` is for trends, see `TrendRules`.

    Without rules of its own: those of page records or listings. The key, where the job names none: a field `url`,
    else (items of a listing all have the listing's address) the first field of type url, else all text fields
    together, which stay when prices and numbers move; else everything.
    """
    extract = job.extract
    if not (extract.fields or extract.has_items):
        made = auto.clean_rules(extract)
        return _pinned(made.fields, extract.key or made.key, job, whole_run)
    fields = _rules(extract.fields) or ({} if extract.items_jsonpath else {"text": FieldRule()})
    key = list(extract.key) or _natural_key(fields, extract.has_items)
    return _pinned({"url": FieldRule(type="url"), **fields}, key, job, whole_run)


def _pinned(fields: Mapping[str, FieldRule], key: list[str], job: JobDescription, whole_run: str | None) -> CleanRules:
    return CleanRules(
        fields={**fields, **job.clean.added_rules(fields)},
        key=key,
        filters=job.filters,
        pipelines=job.clean.as_rules(),
        trends=_watched(job, whole_run),
    )


def _watched(job: JobDescription, whole_run: str | None) -> TrendRules | None:
    """What the job says of its trends. A run that leaves pages unread which have not changed is never a whole one."""
    rules = job.trends.as_rules()
    whole_run = "" if job.options.freshness else whole_run
    return rules and msgspec.structs.replace(rules, whole_run=whole_run)


def has_rules(job: JobDescription) -> bool:
    """Whether the job says what to extract; without, each page gives its page record and nothing else."""
    return bool(job.extract.fields or job.extract.auto) or job.extract.has_items


def batches_of(
    result: FetchResult,
    records: Sequence[dict[str, Any]],
    rules: CleanRules,
    job_id: str,
    dataset: str,
    revision: int = 1,
    *,
    even_none: bool = False,
) -> Batches:
    """The records of one page as batches of at most MAX_RECORDS and MAX_BYTES each; the same in, the same out.

    A page without records has no batch: there is nothing to be confirmed by the warehouse. With `even_none` it has an
    empty one, which is promised and stored as any other.
    """
    empty = _empty(result, rules, job_id, dataset, revision)
    limit = MAX_BYTES - len(_encoder.encode(empty))
    added = _ADDED + _ADDED_FIELD * len(rules.fields) + len(result.url) * _addresses(rules)
    growing = {name: rule for name, rule in rules.fields.items() if rule.fields or rule.type in _MARKUP}
    parts: list[list[dict[str, Any]]] = []
    oversized, room = [], 0
    for index, record in enumerate(records):
        size = len(_encoder.encode(record)) + added
        if growing:
            size += sum(_growth(record.get(name), rule.fields, len(result.url)) for name, rule in growing.items())
        if size > limit:
            oversized.append(_oversized(digest(result.fetch_id, "record", str(index)), record, size, limit))
            continue
        if size > room or not parts or len(parts[-1]) == MAX_RECORDS:
            parts.append([])
            room = limit
        parts[-1].append(record)
        room -= size
    if even_none and not records:
        parts.append([])
    return Batches([_part(empty, part, records_of) for part, records_of in enumerate(parts)], oversized)


def _empty(result: FetchResult, rules: CleanRules, job_id: str, dataset: str, revision: int) -> RecordBatch:
    return RecordBatch(
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


def _part(empty: RecordBatch, part: int, records: list[dict[str, Any]]) -> RecordBatch:
    identity = batch_id(empty.run_id, empty.url_fp, empty.fetch_id, empty.revision, part)
    return msgspec.structs.replace(empty, id=identity, part=part, records=records)


def _rules(fields: Mapping[str, FieldSpec]) -> dict[str, FieldRule]:
    return {
        name: FieldRule(type=spec.type, required=spec.required, default=spec.default, fields=_rules(spec.fields))
        for name, spec in fields.items()
    }


def _growth(value: Any, rules: Mapping[str, FieldRule], address: int) -> int:
    """Bytes that cleaning may add to markup and within objects: addresses in full, currencies, dates."""
    if isinstance(value, str):
        return (value.count("href=") + value.count("src=")) * address
    if isinstance(value, list):
        return sum(_growth(part, rules, address) for part in value)
    if not isinstance(value, dict):
        return 0
    added = sum(address if rule.type in _ADDRESSES else _ADDED_FIELD for rule in rules.values())
    below = (name for name, rule in rules.items() if rule.fields or rule.type in _MARKUP)
    return added + sum(_growth(value.get(name), rules[name].fields, address) for name in below)


def _natural_key(fields: dict[str, FieldRule], listing: bool) -> list[str]:
    if "url" in fields or not listing:
        return ["url"]
    addresses = [name for name, rule in fields.items() if rule.type == "url"]
    return addresses[:1] or [name for name, rule in fields.items() if rule.type == "text"] or list(fields)


def _addresses(rules: CleanRules) -> int:
    return sum(rule.type in _ADDRESSES for rule in rules.fields.values())


def _oversized(identity: str, record: dict[str, Any], size: int, limit: int) -> Oversized:
    shown = {name: value[:_SHOWN] if isinstance(value, str) else str(value)[:_SHOWN] for name, value in record.items()}
    return Oversized(f"The record has {size} bytes; {limit} fit into one message.", identity, dumps(shown))
