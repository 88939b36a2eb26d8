"""What each topic's events look like as rows: pure, and the same for the same events and intent."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import orjson

from schemas import topics as names
from schemas.delivery import Delivery
from schemas.events import CleanBatch, RecordMarks
from schemas.ids import dead_letter_id, is_id
from schemas.inserts import Rows
from schemas.intents import Sums
from streams.warehouse.flaws import batch_flaw, is_time, letter_flaw, plain_flaw
from streams.warehouse.records import record_rows


@dataclass(frozen=True)
class Shape:
    """How one topic is stored. `flaw` says why no table could hold an event: that must be known before the intent is
    written, because an intent is sent until ClickHouse takes it."""

    table: str
    key: Callable[[Delivery], str]
    flaw: Callable[[Delivery], str]
    rows: Callable[[Sequence[Delivery], str], list[Rows]]
    weight: Callable[[Delivery], int]
    sums: Callable[[Sequence[Delivery]], list[Sums]]

    def identity(self, delivery: Delivery) -> str | None:
        """What a repeat is recognised by; None where there is nothing to store."""
        if delivery.event is None or self.flaw(delivery):
            return None
        return self.key(delivery)


@cache
def shape_of(topic: str) -> Shape:
    """The shape of a topic that the warehouse reads; KeyError for one that it does not."""
    if topic == names.CLEAN_RECORDS:
        return Shape("batches", _event_id, batch_flaw, _clean_rows, _records_in, _sums)
    if topic == names.DEAD_LETTERS:
        return Shape("dead_letters", _letter_id, letter_flaw, _letter_rows, _one, _no_sums)
    if topic == names.RECORD_MARKS:
        return Shape("record_marks", _event_id, plain_flaw, _mark_rows, _marks_in, _no_sums)
    table, reshape = _PLAIN[topic]
    return Shape(
        table, _event_id, plain_flaw, lambda taken, at: [_plain_rows(table, reshape, taken, at)], _one, _no_sums
    )


def _event_id(delivery: Delivery) -> str:
    return str(delivery.event.event_id())


def _records_in(delivery: Delivery) -> int:
    """A row for each KiB at least: what is sent at once is bounded in bytes too."""
    size = len(delivery.message.value or b"")
    return 1 if delivery.event is None else max(len(delivery.event.records) + 1, size >> 10)


def _one(_: Delivery) -> int:
    return 1


def _no_sums(_: Sequence[Delivery]) -> list[Sums]:
    return []


def _clean_rows(taken: Sequence[Delivery], at: str) -> list[Rows]:
    """Records first, batches after them: a batch that is there has its records there."""
    batches = [
        {
            "id": batch.id,
            "dataset": batch.dataset,
            "run_id": batch.run_id,
            "job_id": batch.job_id,
            "url": batch.url,
            "counted_in": batch.counted_in,
            "stored": len(batch.records),
            "rejected": batch.rejected,
            "filtered": batch.filtered,
            "partition": delivery.message.partition,
            "ingested_at": at,
        }
        for delivery, batch in ((delivery, delivery.event) for delivery in taken)
    ]
    return [record_rows(taken, at), _lines("batches", batches)]


def _sums(taken: Sequence[Delivery]) -> list[Sums]:
    by_run: dict[str, list[CleanBatch]] = {}
    for delivery in taken:
        by_run.setdefault(delivery.event.run_id, []).append(delivery.event)
    return [
        Sums(
            run_id=run,
            batches=[batch.id for batch in batches],
            stored=sum(len(batch.records) for batch in batches),
            rejected=sum(batch.rejected for batch in batches),
            dropped=sum(batch.filtered for batch in batches),
        )
        for run, batches in sorted(by_run.items())
    ]


def _marks_in(delivery: Delivery) -> int:
    return 1 if delivery.event is None else len(delivery.event.marks) + 1


def _mark_rows(taken: Sequence[Delivery], at: str) -> list[Rows]:
    rows = []
    for delivery in taken:
        told: RecordMarks = delivery.event
        for mark in told.marks:
            rows.append(
                {
                    "id": told.id,
                    "record_id": mark.record_id,
                    "state": mark.state,
                    "key": mark.key,
                    "other": mark.other,
                    "fields": _json(mark.fields),
                    "dataset": told.dataset,
                    "run_id": told.run_id,
                    "job_id": told.job_id,
                    "at": told.at,
                    "ingested_at": at,
                }
            )
    return [_lines("record_marks", rows)]


def _letter_id(delivery: Delivery) -> str:
    message = delivery.message
    given = message.header("ce_id")
    return given if is_id(given) else dead_letter_id(message.topic, message.partition, message.offset)


def _letter_rows(taken: Sequence[Delivery], at: str) -> list[Rows]:
    rows = []
    for delivery in taken:
        message = delivery.message
        time = message.header("ce_time")
        rows.append(
            {
                "id": _letter_id(delivery),
                "topic": message.header("trawl_topic"),
                "partition": _count(message.header("trawl_partition"), 16),
                "offset": _count(message.header("trawl_offset"), 64),
                "stage": message.header("trawl_stage"),
                "code": message.header("trawl_code"),
                "reason": message.header("trawl_reason"),
                "run_id": message.header("trawl_run"),
                "value": _text(message.value or b""),
                "at": time if is_time(time) else at,
                "ingested_at": at,
            }
        )
    return [_lines("dead_letters", rows)]


def _count(text: str, bits: int) -> int:
    """A number of so many bits; 0 for anything else."""
    plain = text.isascii() and text.isdigit() and len(text) <= 20
    return int(text) if plain and int(text) < 2**bits else 0


def _json(value: Any) -> str:
    """Compact JSON; numbers beyond 64 bits, which orjson refuses, are JSON too."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(value: bytes) -> str:
    """The original bytes as JSON can carry them: text as it is, anything else as base64 behind a mark."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(value).decode()


def _plain_rows(table: str, reshape: Callable[[dict[str, Any]], None], taken: Sequence[Delivery], at: str) -> Rows:
    rows = []
    for delivery in taken:
        row = msgspec.to_builtins(delivery.event)
        del row["version"]
        reshape(row)
        if table in _PLACED:
            row |= {"partition": delivery.message.partition, "offset": delivery.message.offset}
        row["ingested_at"] = at
        rows.append(row)
    return _lines(table, rows)


def _lines(table: str, rows: Sequence[dict[str, Any]]) -> Rows:
    return Rows(table, b"\n".join(orjson.dumps(row) for row in rows), len(rows))


def _as_is(_: dict[str, Any]) -> None:
    return None


def _page_outcome(row: dict[str, Any]) -> None:
    del row["fetch_id"]
    row["fetched_at"] = row["fetched_at"] or "1970-01-01T00:00:00Z"
    row["retry_at"] = row["retry_at"] or None


def _run_event(row: dict[str, Any]) -> None:
    del row["end_offsets"], row["max_pages"]


def _log(row: dict[str, Any]) -> None:
    row["fields"] = _json(row["fields"])


_PLAIN: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    names.PAGE_OUTCOMES: ("page_outcomes", _page_outcome),
    names.TRENDS: ("trends", _as_is),
    names.RUN_EVENTS: ("run_events", _run_event),
    names.SYSTEM_METRICS: ("metrics", _as_is),
    names.REQUEST_LOGS: ("request_logs", _as_is),
    names.LOGS: ("logs", _log),
}
_PLACED = frozenset({"page_outcomes", "trends", "run_events"})
"""Tables whose rows say where in Kafka they were told, as `records` does: live listeners go on from there."""

QUIET_TOPICS = (*_PLAIN, names.RECORD_MARKS, names.DEAD_LETTERS)
