"""What is read again has happened before: it must be no news to anything that remembers."""

from datetime import UTC, datetime
from typing import Any

import zstandard

from api.services.replays import described
from schemas.events import CleanBatch, FetchResult, RecordMarks, Trend
from schemas.ids import digest
from schemas.job import JobDescription
from schemas.ledger import Job
from schemas.pinned import PinnedRun
from streams.cleaning.cleaner import clean
from streams.extraction.contents import read_contents
from streams.extraction.reading import Reader
from streams.trends.detector import MANY_KEYS
from streams.trends.watch import Watch

URL = "http://shop.test/list"
RULES = {
    "items": "li",
    "fields": {"sku": "b", "price": {"css": "i", "type": "price"}},
    "key": "sku",
}
LIVE: dict[str, Any] = {
    "urls": [URL], "extract": RULES,
    "trends": {"memory": True, "rules": [{"when": "above", "field": "price", "than": 40}]},
}  # fmt: skip
CHANGED = {"extract": {**RULES, "fields": {**RULES["fields"], "name": "u"}}}  # type: ignore[dict-item]


def read(description: JobDescription, run: str, revision: int, fetch: int, price: int) -> CleanBatch:
    """A page of twenty products as it comes out of extraction and cleaning."""
    items = "".join(f"<li><b>s{n}</b><i>£{price + n}.00</i><u>Name {n}</u></li>" for n in range(20))
    result = FetchResult(
        fetch_id=digest(run, str(fetch)), run_id=digest(run), url_fp=digest(URL), url=URL, host="shop.test", attempt=1,
        status=200, headers=[("content-type", "text/html")], body=zstandard.compress(items.encode()),
        fetched_at=f"2026-01-05T10:{fetch:02}:00Z", elapsed_ms=1.0,
    )  # fmt: skip
    run_of = PinnedRun(id=digest(run), job_id=digest("job"), dataset="d", description=description, revision=revision)
    [batch] = read_contents(result, Reader.of(run_of)).batches
    return clean(batch).batch


def told(replayed: bool) -> tuple[list[Trend | RecordMarks], list[tuple[int, bytes]]]:
    """What the next crawl is told, and what is remembered, with or without a replay by other rules before it."""
    live = JobDescription.model_validate(LIVE)
    now = datetime(2026, 1, 6, tzinfo=UTC)
    job = Job(id=digest("job"), owner="o", name="n", dataset="d", description=LIVE, created_at=now, updated_at=now,
              run=None)  # fmt: skip
    watch = Watch(MANY_KEYS)
    first = [watch.take(read(live, "first", 1, fetch, 20)) for fetch in range(3)]
    assert any(isinstance(one, RecordMarks) for found in first for one in found), "a crawl is news"
    if replayed:
        again = described(job, CHANGED)
        assert [watch.take(read(again, "replay", 2, fetch, 90)) for fetch in range(3)] == [[], [], []]
    found = [one for fetch in range(3, 6) for one in watch.take(read(live, "second", 1, fetch, 30))]
    return found, watch.dirty_blocks()


def test_a_replay_leaves_memory_drift_and_series_as_they_were() -> None:
    assert told(replayed=True) == told(replayed=False)
