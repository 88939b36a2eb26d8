"""Records a second from the HTML of listing pages: extraction, cleaning, trends and warehouse, nothing fetched."""

import asyncio
import statistics
import time
from dataclasses import dataclass
from uuid import uuid4

import psutil

from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher
from infra.postgres.dispatching import DispatchFrontier
from infra.postgres.pool import Database
from infra.postgres.seeding import Seeding
from schemas.codec import encode
from schemas.events import FetchResult
from schemas.frontier import Issued, Seed
from schemas.ids import digest
from schemas.pinned import PinnedRun
from schemas.urls import row_fingerprint
from streams.extraction.contents import contents_of_page
from streams.extraction.document import read
from streams.extraction.reading import Reader
from streams.extraction.weight import is_light
from tests.acceptance.system import System
from tests.bench.paced import SECONDS, behind, feed
from tests.bench.shelves import ITEMS, Shelf, job, shelves
from tests.bench.spent import rows, spent
from tests.bench.table import Table

RUNS, PAGES_A_SECOND = 8, 200
"""Jobs at once, and what would be 12,000 records a second."""

ROUNDS, PATIENCE_S = 5, 600.0
AT = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class _Task:
    """One page that was asked for."""

    task: Issued
    shelf: Shelf

    def result(self) -> FetchResult:
        one = self.task
        return _fetched(one.run_id, one.url_fp, one.url, self.shelf, host=one.host, attempt=one.attempt)


def _fetched(run: str, fp: str, url: str, shelf: Shelf, host: str = "shelf.test", attempt: int = 1) -> FetchResult:
    return FetchResult(
        fetch_id=digest(run, fp), run_id=run, url_fp=fp, url=url, host=host, attempt=attempt, status=200,
        headers=[("content-type", "text/html; charset=utf-8")], body=shelf.body, body_size=shelf.size, fetched_at=AT,
        elapsed_ms=5.0,
    )  # fmt: skip


async def measure(system: System, table: Table) -> None:
    """First what reading costs alone; then everything, until ClickHouse holds each record of each page once."""
    alone(table)
    async with Database(system.endpoint("postgres"), application_name="bench", max_size=2) as database:
        tasks = await _asked_for(system, database, max(1, int(SECONDS * PAGES_A_SECOND / RUNS)))
        await _through(system, table, tasks)


def alone(table: Table) -> None:
    """Processor time of reading a page in this process, by what is done to it; the median of some rounds."""
    reader = Reader.of(
        PinnedRun(id=digest("run"), job_id=digest("job"), dataset="d", description=job("shelf.test", "d"))
    )
    pages = [_fetched(digest("run"), digest(str(n)), f"http://shelf.test/{n}", s) for n, s in enumerate(shelves())]
    steps: dict[str, list[float]] = {"parsing": [], "judging its weight": [], "rules and batches": [], "encoding": []}
    for _ in range(ROUNDS):
        times = [time.process_time()]
        documents = [read(page) for page in pages]
        times.append(time.process_time())
        assert all([is_light(reader.load, document) for document in documents])
        times.append(time.process_time())
        found = [contents_of_page(page, reader, doc) for page, doc in zip(pages, documents, strict=True)]
        times.append(time.process_time())
        assert all([encode(batch) for contents in found for batch in contents.batches])
        times.append(time.process_time())
        for name, begun, ended in zip(steps, times, times[1:], strict=False):
            steps[name].append((ended - begun) / len(pages))
    total = sum(statistics.median(taken) for taken in steps.values())
    size = statistics.mean(page.body_size for page in pages) / 1000
    for name, taken in steps.items():
        table.row(f"  a listing page read alone: {name}", f"{1e3 * statistics.median(taken):.2f} ms")
    beside = f"{size:.0f} KB, {ITEMS} records of 7 fields: {1e6 * total / ITEMS:.0f} µs a record"
    table.row("a listing page read alone", f"{1e3 * total:.2f} ms", "", beside)


async def _asked_for(system: System, database: Database, pages: int) -> list[_Task]:
    """Runs that wait for pages: they are paused, so that nobody visits what nobody serves."""
    frontier = DispatchFrontier(database)
    dispatch, host = psutil.Process(int(system.processes()["dispatch"]["pid"])), f"{uuid4().hex}.test"
    found: list[list[Issued]] = []
    dispatch.suspend()
    try:
        for number in range(RUNS):
            run, urls = str(uuid4()), [f"http://{host}/{number}?page={page}" for page in range(pages)]
            wanted = job(host, f"shelf-{number}")
            wanted = wanted.model_copy(update={"options": wanted.options.model_copy(update={"max_pages": pages})})
            seeds = [Seed(row_fingerprint(url, "page"), url, host) for url in urls]
            assert await Seeding(database).open_outsiders(run, str(uuid4()), wanted, f"bench-{run}", seeds)
            found.append(await frontier.reserve(run, {host: pages}))
            await frontier.mark_published(found[-1])
            await database.fetch("update runs set paused_at = now() where id = %s", (run,))
    finally:
        dispatch.resume()
    shelf = shelves()
    return [_Task(task, shelf[place % len(shelf)]) for place, turn in enumerate(zip(*found, strict=True))
            for task in turn]  # fmt: skip


async def _through(system: System, table: Table, tasks: list[_Task]) -> None:
    sent = 0
    before = spent(system)
    async with Publisher(system.endpoint("kafka"), "bench") as publisher, KafkaLag(system.endpoint("kafka")) as lag:

        async def publish(pages: int) -> int:
            nonlocal sent
            await publisher.send_all([task.result() for task in tasks[sent : sent + pages]])
            sent = min(sent + pages, len(tasks))
            return sent

        async def waiting() -> int:
            return await behind(lag, ("extraction", "cleaning"), ("trends", "warehouse"))

        began = time.monotonic()
        pace = await feed(publish, waiting, lambda so_far: so_far < len(tasks) and time.monotonic() < began + SECONDS)
        published = time.monotonic() - began
        records, runs = sent * ITEMS, sorted({task.task.run_id for task in tasks})
        while await waiting() or _held(system, runs)[0] < records:
            assert time.monotonic() - began < published + PATIENCE_S, "what was published does not arrive"
            await asyncio.sleep(0.2)  # the condition is in another system
    taken = time.monotonic() - began
    held, given = _held(system, runs), sum(task.shelf.cents for task in tasks[:sent])
    assert held == (records, records, given), (held, records, given)
    table.row(
        "records from HTML listing pages",
        f"{records / taken:.0f} /s",
        "≥ 10000 /s",
        f"{sent / taken:.0f} pages/s, {records} records in {published:.0f} s, {taken - published:.1f} s more until all "
        f"is there; nobody over {pace.oldest_s:.1f} s behind; count and sum exact",
    )
    after = spent(system)
    rows(table, before, after, sent, "page", 1e3)
    rows(table, before, after, records, "record", 1e6)


def _held(system: System, runs: list[str]) -> tuple[int, int, int]:
    asked = "select count(), uniqExact(id), sum(toInt64(round(numbers['price'] * 100))) from records"
    count, distinct, cents = system.query(f"{asked} where run_id in {{runs:Array(UUID)}}", runs=runs)[0]
    return int(count), int(distinct), int(cents)
