"""Events of a run, as the line publishes them."""

from typing import Any
from uuid import uuid4

from schemas import codec
from schemas.events import CleanBatch, CleanRecord, Event, Mark, PageOutcome, RecordMarks, RunCounts, RunEvent, Trend
from schemas.ledger import StoredRecord
from schemas.topics import topic_of
from tests.contract.api.test_records import BEGAN
from tests.unit.api.live_fakes import FakeFeed

AT = "2026-01-05T10:30:00.000Z"


def records(*names: str) -> list[CleanRecord]:
    return [CleanRecord(id=str(uuid4()), key=name, data={"name": name}) for name in names]


def stored(record: CleanRecord) -> StoredRecord:
    """The same record as the warehouse holds it."""
    data = codec.dumps(record.data).decode()
    return StoredRecord(id=record.id, key=record.key, url="http://shop.test/", data=data, fetched_at=BEGAN)


def batch(run_id: str, job_id: str, found: list[CleanRecord], dataset: str = "shop") -> CleanBatch:
    return CleanBatch(
        id=str(uuid4()), dataset=dataset, run_id=run_id, job_id=job_id, url="http://shop.test/", url_fp=str(uuid4()),
        fetch_id=str(uuid4()), fetched_at=AT, counted_in=len(found), records=found,
    )  # fmt: skip


def outcome(run_id: str, job_id: str, **fields: Any) -> PageOutcome:
    values: dict[str, Any] = {
        "id": str(uuid4()), "run_id": run_id, "job_id": job_id, "dataset": "shop", "url": "http://shop.test/",
        "url_fp": str(uuid4()), "host": "shop.test", "outcome": "fetched", "klass": "fetched", "status": 200,
    }  # fmt: skip
    return PageOutcome(**values | fields)


def trend(run_id: str) -> Trend:
    return Trend(
        id=str(uuid4()), dataset="shop", run_id=run_id, record_key="a", field="price", series="s", kind="spike",
        direction="up", score=9.0, confidence=0.9, before=1.0, after=2.0, change=1.0, at=AT, record_id=str(uuid4()),
    )  # fmt: skip


def marks(run_id: str, job_id: str, **states: str) -> RecordMarks:
    """Keys with what became of them."""
    found = [Mark(record_id=str(uuid4()), key=key, state=state) for key, state in states.items()]  # type: ignore[arg-type]
    return RecordMarks(id=str(uuid4()), dataset="shop", run_id=run_id, job_id=job_id, at=AT, marks=found)


def event(run_id: str, job_id: str, state: str = "running", kind: str = "progress", **fields: Any) -> RunEvent:
    values: dict[str, Any] = {"id": str(uuid4()), "run_id": run_id, "job_id": job_id, "dataset": "shop", "kind": kind,
                              "state": state, "at": AT}  # fmt: skip
    return RunEvent(**values | fields)


def completed(run_id: str, job_id: str, feed: FakeFeed, stored_records: int, **fields: Any) -> RunEvent:
    counts = RunCounts(requested=1, fetched=1, extracted=stored_records, stored=stored_records)
    values: dict[str, Any] = {"counts": counts, "end_offsets": feed.ends(), **fields}
    return event(run_id, job_id, "completed", "state", **values)


def publish(feed: FakeFeed, *events: Event, partition: int = 0) -> None:
    for each in events:
        feed.publish(topic_of(type(each)), codec.encode(each), partition)
