"""Stored pages read again, on Kafka and PostgreSQL: all of them once, whatever ends the reader, and only those."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
import zstandard

from infra.kafka.provision import provision
from infra.kafka.publisher import Publisher
from infra.kafka.stored_messages import StoredMessages
from infra.postgres.jobs import PostgresJobs
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.replays import Replays
from infra.postgres.task_ledger import TaskLedger
from schemas.accounts import Act
from schemas.delivery import Reject
from schemas.events import Event, FetchResult, PageOutcome, RecordBatch
from schemas.ids import digest
from schemas.ledger import Opening, PagesWanted, Run
from schemas.topics import RAW_PAGES
from streams.extraction.contents import Contents, read_contents
from streams.extraction.reading import Reader
from streams.replay.rereading import Rereader
from streams.replay.service import Replaying
from tests.contract.delivery.crawl import RealCrawl, page
from tests.engines import Engines


class Here:
    """Reads in this process: what a child does is shown elsewhere."""

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        return read_contents(result, reader)


class Nowhere:
    """A blob store that has lost everything."""

    async def get(self, ref: str) -> bytes | None:
        return None


class Killed(BaseException):
    """The end of a process, as far as a test can have it."""


class Kafka:
    """What was published; ends its process instead of the call numbered `dies_at`, and calls `before` each one."""

    def __init__(self, dies_at: int = 0) -> None:
        self.events: list[Event] = []
        self.calls = 0
        self.dies_at = dies_at

    async def send_all(self, events: Sequence[Event]) -> None:
        self.calls += 1
        if self.calls == self.dies_at:
            raise Killed
        self.events += events

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        raise AssertionError("nothing is too large here")

    def batches(self) -> set[str]:
        return {event.id for event in self.events if isinstance(event, RecordBatch)}

    def outcomes(self) -> list[PageOutcome]:
        return [event for event in self.events if isinstance(event, PageOutcome)]


class World:
    """A job whose crawls have stored pages, and the service that replays them."""

    def __init__(self, engines: Engines, database: Database, publisher: Publisher) -> None:
        self.database, self.publisher, self.brokers = database, publisher, engines.kafka
        self.crawl, self.jobs = RealCrawl(database), PostgresJobs(database)
        self.job_id, self.host = str(uuid4()), f"{uuid4().hex}.test"
        self.dataset = f"d-{uuid4()}"

    async def crawled(
        self, *paths: str, lost: Sequence[str] = (), failed: Sequence[str] = (), buried: Sequence[str] = ()
    ) -> str:
        """A crawl that has completed; `lost` pages are not in Kafka, the old rules had failed on those in `failed`, and
        those in `buried` are dead letters."""
        run_id = await self.crawl.open(*paths, host=self.host, job_id=self.job_id, max_pages=len(paths))
        tasks = await self.crawl.frontier.reserve(run_id, {self.host: len(paths)})
        results = []
        for task in tasks:
            path, fetch = task.url.rpartition("/")[2], digest(run_id, task.url)
            body = zstandard.compress(f"<h1>{path} of {run_id}</h1>".encode())
            if path not in lost:
                results.append(
                    FetchResult(fetch_id=fetch, run_id=run_id, url_fp=task.url_fp, url=task.url, host=task.host,
                                attempt=task.attempt, status=200, headers=[("content-type", "text/html")], body=body,
                                fetched_at="2026-01-05T10:30:00Z", elapsed_ms=5.0)
                )  # fmt: skip
            closing = page(task, "", records=1)
            outcome = "extract_failed" if path in failed else "dead_lettered" if path in buried else "fetched"
            values = {"fetch_id": fetch, "outcome": outcome, "klass": "fetched" if outcome == "fetched" else "failed"}
            await self.crawl.ledger.close([type(closing)(**{**_fields(closing), **values})])
        await self.publisher.send_all(results)
        statement = "update runs set state = 'completed', finished_at = now(), dataset = %s where id = %s"
        await self.database.fetch(statement, (self.dataset, run_id))
        return run_id

    async def ask(self, **wanted: Any) -> Run:
        rules = {"urls": ["http://x.test/"], "extract": {"fields": {"title": "h1::text"}}}
        opening = Opening(
            run_id=str(uuid4()), job_id=self.job_id, owner="o", name="n", dataset=self.dataset, description=rules,
            priority=0, max_pages=9, kind="replay",
        )  # fmt: skip
        run = await self.jobs.replay(opening, PagesWanted(**wanted), Act(actor="o", action="tested"))
        assert isinstance(run, Run), run
        return run

    async def work(self, kafka: Kafka) -> None:
        """One process, until there is nothing to do for it, or it is killed."""
        replays = Replays(self.database)
        service = Replaying(
            replays, StoredMessages(self.brokers, RAW_PAGES), TaskLedger(self.database),
            Rereader(Nowhere(), Here()), kafka,
        )  # fmt: skip
        stopping = asyncio.Event()
        working = asyncio.create_task(service.run(stopping))
        async with asyncio.timeout(120):
            while not working.done() and await replays.next():
                await asyncio.wait([working], timeout=0.05)
        stopping.set()
        await working

    async def rows(self, run_id: str) -> dict[str, str]:
        """url → outcome of the rows of a replay, or their state."""
        found = await self.database.fetch(
            "select url_fp, url, coalesce(outcome, state) as fate from frontier where run_id = %s", (run_id,)
        )
        return {f"{row['url'].rpartition('/')[2]} {row['url_fp']}": row["fate"] for row in found}

    async def promised(self, run_id: str) -> set[str]:
        rows = await self.database.fetch("select batch_id::text from run_batches where run_id = %s", (run_id,))
        return {row["batch_id"] for row in rows}

    async def revision(self, run_id: str) -> int:
        run = await self.jobs.run(run_id)
        assert run is not None
        return run.revision


def _fields(closing: Any) -> dict[str, Any]:
    return {name: getattr(closing, name) for name in closing.__dataclass_fields__}


@pytest.fixture
async def world(engines: Engines) -> AsyncIterator[World]:
    await migrate(engines.postgres_owner)
    await provision(engines.kafka)
    async with Database(engines.postgres) as database, Publisher(engines.kafka, "test") as publisher:
        yield World(engines, database, publisher)


async def test_every_page_is_a_row_and_what_is_not_kept_is_said(world: World) -> None:
    source = await world.crawled("a", "b", "c", "gone", lost=["gone"], failed=["c"], buried=["b"])
    run, kafka = await world.ask(), Kafka()
    assert (run.kind, run.revision, run.max_pages) == ("replay", 2, 4)

    await world.work(kafka)

    fates = {name.partition(" ")[0]: fate for name, fate in (await world.rows(run.id)).items()}
    assert fates == {"a": "fetched", "b": "fetched", "c": "fetched", "gone": "not_kept"}
    state, counts = await world.crawl.state(run.id)
    assert (state, counts.requested, counts.fetched, counts.failed) == ("running", 4, 3, 1)
    assert (counts.queued, counts.issued, counts.extracted) == (0, 0, 3)
    batches = [event for event in kafka.events if isinstance(event, RecordBatch)]
    assert {batch.id for batch in batches} == await world.promised(run.id)
    assert {batch.records[0]["title"] for batch in batches} == {f"{name} of {source}" for name in "abc"}
    assert {(batch.revision, batch.run_id, batch.dataset) for batch in batches} == {(2, run.id, world.dataset)}
    assert sum(outcome.elapsed_ms for outcome in kafka.outcomes()) == 0.0, "no visit is told twice"
    [open_run] = [found for found in await world.crawl.frontier.open_runs() if found.id == run.id]
    assert open_run.seeded and open_run.kind == "replay"
    await world.crawl.frontier.to_finishing(run.id)
    await world.crawl.frontier.finish(run.id, "completed", "", {})
    assert (await world.jobs.run(run.id)).reason == "1 page of the run is no longer kept."  # type: ignore[union-attr]
    assert (await world.ask()).revision == 3
    await world.jobs.cancel(world.job_id, Act(actor="o", action="t"))


@pytest.mark.parametrize("dies_at", [1, 2, 3])
async def test_whoever_takes_over_says_what_its_forerunner_left_unsaid(world: World, dies_at: int) -> None:
    await world.crawled(*(f"p{number}" for number in range(40)))
    run, before, after = await world.ask(), Kafka(dies_at), Kafka()
    with pytest.raises(Killed):
        await world.work(before)

    await world.work(after)

    assert before.batches() | after.batches() == await world.promised(run.id)
    told = {outcome.url for outcome in [*before.outcomes(), *after.outcomes()]}
    assert len(told) == 40 == (await world.crawl.state(run.id))[1].fetched


async def test_by_time_each_stored_page_is_a_row_and_the_pattern_chooses(world: World) -> None:
    for _ in range(2):
        await world.crawled("a", "b", "other")
    run, kafka = await world.ask(since=(await world.database.fetch("select now() - '1 h'::interval as at"))[0]["at"],
                                 pattern="/[ab]$"), Kafka()  # fmt: skip

    await world.work(kafka)

    assert sorted(name[0] for name in await world.rows(run.id)) == ["a", "a", "b", "b"]
    assert len(kafka.batches()) == len(await world.promised(run.id)) == 4
    assert (await world.crawl.state(run.id))[1].fetched == 4


async def test_a_replay_that_is_cancelled_or_stopped_reads_no_further(world: World) -> None:
    await world.crawled(*(f"p{number}" for number in range(40)))
    for verb in ("cancel", "stop"):
        run, kafka = await world.ask(), Kafka(dies_at=2)
        with pytest.raises(Killed):
            await world.work(kafka)
        await (world.jobs.cancel if verb == "cancel" else world.jobs.stop)(world.job_id, Act(actor="o", action="t"))
        await (world.crawl.frontier.cancel if verb == "cancel" else world.crawl.frontier.drop_queued)(run.id)

        await world.work(again := Kafka())

        state, counts = await world.crawl.state(run.id)
        assert counts.requested == 40 == counts.fetched + counts.filtered, counts
        assert 0 < counts.fetched < 40, "what was under way is not thrown away"
        if verb == "cancel":
            assert state == "cancelled" and not again.events
        else:
            assert kafka.batches() | again.batches() == await world.promised(run.id)
            await world.crawl.frontier.to_finishing(run.id)
            await world.crawl.frontier.finish(run.id, "completed", "", {})


async def test_a_paused_replay_waits_and_goes_on(world: World) -> None:
    await world.crawled("a", "b")
    run, kafka = await world.ask(), Kafka()
    await world.jobs.pause(world.job_id, Act(actor="o", action="t"))
    await world.work(kafka)
    assert not kafka.events and await world.rows(run.id) == {}
    await world.jobs.resume(world.job_id, Act(actor="o", action="t"))
    await world.work(kafka)
    assert len(kafka.batches()) == 2
