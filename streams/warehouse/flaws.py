"""Why an event cannot be stored although it decodes: outsiders may write to a topic too."""

import re
from datetime import datetime
from typing import Any

import msgspec

from schemas.delivery import Delivery
from schemas.events import CleanBatch, LogEntry
from schemas.ids import is_id

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII).fullmatch
_UUIDS = frozenset({"id", "run_id", "job_id", "url_fp", "record_id"})
_TIMES = frozenset({"at", "fetched_at", "retry_at"})
_UNSIGNED = {"depth": 16, "hops": 16, "attempt": 16, "status": 16, "records": 32, "links": 32, "new_links": 32,
             "body_size": 64, "wire_size": 64}  # fmt: skip


def is_time(text: str) -> bool:
    """RFC 3339, and a moment that exists: ClickHouse refuses a 30th of February."""
    if not _TIME(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def batch_flaw(delivery: Delivery) -> str:
    """For a batch of clean records: ids, time, counts."""
    batch: CleanBatch = delivery.event
    for name in ("id", "run_id", "job_id"):
        if not is_id(getattr(batch, name)):
            return f"{name} must be a lower-case UUID."
    if not is_time(batch.fetched_at):
        return "fetched_at must be a time as RFC 3339 writes it."
    if any(not is_id(record.id) for record in batch.records):
        return "The id of each record must be a lower-case UUID."
    if any(not 0 <= record.word_count < 2**32 for record in batch.records):
        return "The word count of each record must be a count."
    if not 0 <= batch.revision < 2**32:
        return f"Its revision is {batch.revision}, which no count of rules is."
    if min(batch.counted_in, batch.rejected, batch.filtered) < 0 or batch.counted_in >= 2**32:
        return "counted_in, rejected and filtered must be counts."
    if batch.counted_in != len(batch.records) + batch.rejected + batch.filtered:
        return "counted_in must be the sum of records, rejected and filtered."
    return ""


def plain_flaw(delivery: Delivery) -> str:
    """For every other event: its fields by their names."""
    event: Any = delivery.event
    if isinstance(event, LogEntry):  # its run_id is whatever was logged under that name
        if not is_id(event.id):
            return "id must be a lower-case UUID."
        return "" if is_time(event.at) else "at must be a time as RFC 3339 writes it."
    for name in msgspec.structs.asdict(event):
        value = getattr(event, name)
        if name in _UUIDS and not is_id(value):
            return f"{name} must be a lower-case UUID."
        if name in _TIMES and not is_time(value) and (value or name == "at"):
            return f"{name} must be a time as RFC 3339 writes it."
        if name in _UNSIGNED and value is not None and not 0 <= value < 2 ** _UNSIGNED[name]:
            return f"{name} must be between 0 and {2 ** _UNSIGNED[name] - 1}."
        if name == "counts" and not all(0 <= count < 2**63 for count in msgspec.structs.astuple(value)):
            return "counts must be counts."
    return ""


def letter_flaw(delivery: Delivery) -> str:
    """Dead letters are somebody's bytes: what is missing in their headers is left empty, so none is refused."""
    return ""
