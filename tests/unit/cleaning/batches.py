"""Raw batches for the tests of cleaning."""

from typing import Any

from schemas.events.records import CleanRules, FieldRule, RecordBatch
from streams.cleaning.cleaner import Cleaned, clean

ADDRESS = "http://shop.example/list/"
VISITED = "2024-05-15T12:30:15Z"


def raw(records: list[dict[str, Any]], rules: CleanRules | None = None, **fields: Any) -> RecordBatch:
    known: dict[str, Any] = {
        "id": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "dataset": "shop",
        "run_id": "run",
        "job_id": "job",
        "url": ADDRESS,
        "url_fp": "fp",
        "fetch_id": "fetch",
        "fetched_at": VISITED,
        "rules": rules or CleanRules(),
        "records": records,
    }
    return RecordBatch(**{**known, **fields})


def cleaned(records: list[dict[str, Any]], fields: dict[str, FieldRule] | None = None, **rules: Any) -> Cleaned:
    return clean(raw(records, CleanRules(fields=fields or {}, **rules)))


def data(record: dict[str, Any], **fields: FieldRule) -> dict[str, Any]:
    """The one clean record that a raw one becomes."""
    [kept] = cleaned([record], fields).batch.records
    return kept.data
