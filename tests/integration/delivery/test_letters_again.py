"""A dead letter that is sent again, over the real stores: its records become rows once and its run's accounts add up,
or the answer says why nothing would come of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError
from api.services.letters import Letters, Sent
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate as migrate_clickhouse
from infra.clickhouse.reading import Reading
from infra.clickhouse.row_store import RowStore
from infra.kafka.pump import Pump
from infra.postgres.intents import IntentLedger
from infra.postgres.letters import ReplayedLetters
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.uploads import UploadRuns
from infra.process import now
from schemas import codec
from schemas.accounts import Act
from schemas.delivery import Delivery
from schemas.events import CleanBatch, Event, FetchResult, RecordBatch, RunCounts, Upload
from schemas.ids import batch_id, dead_letter_id, digest
from schemas.ledger import Opening, StoredLetter
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS, RAW_PAGES, RAW_RECORDS, UPLOADS
from streams.cleaning.stage import Cleaning
from streams.uploads.stage import Uploading
from streams.warehouse.stage import Warehouse
from tests.contract.delivery.crawl import HOST, RealCrawl, failure, page
from tests.engines import Engines
from tests.fakes.log import Log, MemoryPublisher
from tests.fakes.warehouse import MemorySuspects, NoMeter

ROWS: list[dict[str, Any]] = [{"sku": f"s{n}"} for n in range(3)]


ROOT = Caller(user_id="root", username="root", role="admin", via="key", credential_id="k", expires_at=None)


@dataclass
class World:
    """The stores, and a warehouse that is given clean batches one by one."""

    database: Database
    reading: Reading
    clickhouse: str
    sent: list[Message] = field(default_factory=list)
    topic_offset: int = 0

    def __post_init__(self) -> None:
        self.crawl = RealCrawl(self.database)
        self.letters = Letters(self.reading, ReplayedLetters(self.database), self._resend)
        self.log, self.partition = Log(), uuid4().int % 2**15
        intents = IntentLedger(self.database)
        stage = Warehouse(intents, RowStore(self.clickhouse), self.log, now, str(uuid4()))
        self.pump = Pump("warehouse", stage, MemoryPublisher(self.log), MemorySuspects(), NoMeter())

    async def _resend(self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> None:
        self.sent.append(Message(topic, 1, 100 + len(self.sent), key.encode(), value, tuple(headers), 1_000))

    async def stored(self, batches: Sequence[Event]) -> None:
        """What cleaning or anybody says on clean-records is in ClickHouse."""
        values = [codec.encode(batch) for batch in batches]
        messages = [
            Message(CLEAN_RECORDS, self.partition, self.topic_offset + n, b"", one) for n, one in enumerate(values)
        ]
        self.topic_offset += len(messages)
        await self.pump.step(messages, monotonic())

    async def letter(self, topic: str, event: Event, code: str = "handler_failed", stage: str = "cleaning") -> str:
        """One in ClickHouse, of a message that was given up."""
        offset = uuid4().int % 2**40
        known = StoredLetter(
            id=dead_letter_id(topic, 0, offset), topic=topic, partition=0, offset=offset, stage=stage, code=code,
            reason="It failed.", run_id="", value=codec.encode(event).decode(), size=1, at=datetime.now(UTC),
        )  # fmt: skip
        client = connect(self.clickhouse)
        names = [name for name in StoredLetter.__slots__ if name != "size"]
        row = [getattr(known, name) for name in names]
        client.insert("dead_letters", [[*row, known.at]], column_names=[*names, "ingested_at"])
        client.close()
        return known.id

    async def replay(self, letter_id: str) -> Sent:
        return await self.letters.replay(ROOT, letter_id, Visit())

    async def counts(self, run_id: str) -> RunCounts:
        return (await self.crawl.state(run_id))[1]

    def rows(self, run_id: str) -> list[str]:
        client = connect(self.clickhouse)
        found = client.query("select key from records where run_id = {r:UUID} order by key", parameters={"r": run_id})
        client.close()
        return [str(row[0]) for row in found.result_rows]


@pytest.fixture
async def world(engines: Engines) -> AsyncIterator[World]:
    await migrate(engines.postgres_owner)
    migrate_clickhouse(engines.clickhouse)
    async with Database(engines.postgres, max_size=4) as database, Reading(engines.clickhouse) as reading:
        made = World(database, reading, engines.clickhouse)
        await made.pump.assigned(CLEAN_RECORDS, {made.partition})
        yield made


async def promised(world: World) -> RecordBatch:
    """A batch of three records that its run expects."""
    run_id = await world.crawl.open("a")
    (task,) = await world.crawl.frontier.reserve(run_id, {HOST: 1})
    fetch = str(uuid4())
    batch = RecordBatch(
        id=batch_id(run_id, task.url_fp, fetch, 1, 0), dataset=f"again-{uuid4()}", run_id=run_id, job_id=str(uuid4()),
        url=task.url, url_fp=task.url_fp, fetch_id=fetch, fetched_at="2026-01-01T00:00:00Z", records=ROWS,
    )  # fmt: skip
    await world.crawl.ledger.close([page(task, fetch, records=3, batches=[(batch.id, 3)])])
    return batch


def sums(counts: RunCounts) -> tuple[int, int, int]:
    return counts.extracted, counts.stored, counts.rejected


async def given_up(batch: RecordBatch) -> list[Event]:
    return (await Cleaning().give_up(Delivery(Message(RAW_RECORDS, 0, 0, b"", b""), batch), "")).outputs


async def test_raw_records_become_rows_once_and_the_accounts_add_up(world: World) -> None:
    batch = await promised(world)
    letter = await world.letter(RAW_RECORDS, batch)
    with pytest.raises(ApiError, match="has not counted these records yet"):
        await world.replay(letter)
    await world.stored(await given_up(batch))
    assert sums(await world.counts(batch.run_id)) == (3, 0, 3)
    assert [(await world.replay(letter)).now for _ in range(2)] == [True, False]
    assert sums(await world.counts(batch.run_id)) == (3, 0, 0), "they are on their way"
    (message,) = world.sent
    again: RecordBatch = codec.decode(RAW_RECORDS, message.value)
    assert (again.id != batch.id, again.records) == (True, ROWS)
    cleaned = await Cleaning().handle([Delivery(message, again)])
    for _ in range(2):  # Kafka may bring it twice
        await world.stored(cleaned.outputs)
    assert sums(await world.counts(batch.run_id)) == (3, 3, 0)
    assert len(world.rows(batch.run_id)) == 3
    assert await world.crawl.frontier.promised(batch.run_id) == (2, 6)
    assert await RowStore(world.clickhouse).of_run(batch.run_id) == (2, 6), "a run that is open may end"


async def test_a_second_death_can_be_sent_again_too(world: World) -> None:
    batch = await promised(world)
    for _ in range(2):
        await world.stored(await given_up(batch))
        await world.replay(await world.letter(RAW_RECORDS, batch))
        batch = codec.decode(RAW_RECORDS, world.sent[-1].value)
    await world.stored((await Cleaning().handle([Delivery(world.sent[-1], batch)])).outputs)
    assert (sums(await world.counts(batch.run_id)), len(world.rows(batch.run_id))) == ((3, 3, 0), 3)


async def test_a_batch_whose_twin_was_stored_is_not_sent(world: World) -> None:
    batch = await promised(world)
    letter = await world.letter(RAW_RECORDS, batch, "killed_worker")
    await world.stored((await Cleaning().handle([Delivery(Message(RAW_RECORDS, 0, 0, b"", b""), batch)])).outputs)
    with pytest.raises(ApiError, match="there twice"):
        await world.replay(letter)
    assert (sums(await world.counts(batch.run_id)), world.sent) == ((3, 3, 0), [])


async def test_clean_records_that_were_counted_are_refused_and_others_go(world: World) -> None:
    batch = await promised(world)
    (clean,) = (await Cleaning().handle([Delivery(Message(RAW_RECORDS, 0, 0, b"", b""), batch)])).outputs
    assert isinstance(clean, CleanBatch)
    unread = await world.letter(CLEAN_RECORDS, clean, "unknown_version", "warehouse")
    assert (await world.replay(unread)).now, "no stage could read it, so nothing was counted"
    await world.stored(await given_up(batch))
    with pytest.raises(ApiError, match="replay the run, or upload them again"):
        await world.replay(await world.letter(CLEAN_RECORDS, clean, "killed_worker", "warehouse"))
    assert (await world.replay(await world.letter(CLEAN_RECORDS, clean, "killed_worker", "trends"))).now
    assert [codec.decode(CLEAN_RECORDS, one.value).id for one in world.sent] == [clean.id] * 2


async def test_a_page_is_sent_only_while_its_task_is_open(world: World) -> None:
    run_id = await world.crawl.open("a")
    (task,) = await world.crawl.frontier.reserve(run_id, {HOST: 1})
    result = FetchResult(fetch_id=str(uuid4()), run_id=run_id, url_fp=task.url_fp, url=task.url, host=HOST, attempt=1)
    early = await world.letter(RAW_PAGES, result, "malformed", "extraction")
    assert (await world.replay(early)).now
    await world.crawl.ledger.close([failure(task)])
    for fp, said in ((task.url_fp, "ended as timeout .* replay its run"), (str(uuid4()), "does not know it any more")):
        other = FetchResult(fetch_id=str(uuid4()), run_id=run_id, url_fp=fp, url=task.url, host=HOST, attempt=1)
        letter = await world.letter(RAW_PAGES, other, stage="extraction")
        with pytest.raises(ApiError, match=said):
            await world.replay(letter)
    assert len(world.sent) == 1
    assert (await world.replay(early)).now is False, "what was sent before is said to have been"


async def test_a_part_of_an_upload_is_taken_again(world: World) -> None:
    runs, run_id = UploadRuns(world.database), str(uuid4())
    opening = Opening(run_id=run_id, job_id=str(uuid4()), owner="anna", name="n", dataset="shop",
                      description={"urls": []}, priority=0, max_pages=1)  # fmt: skip
    upload = Upload(dataset="shop", records=ROWS, id=digest(run_id), run_id=run_id)
    await runs.open(opening, [upload], Act(actor="anna", action="records_uploaded", object=run_id))
    letter = await world.letter(UPLOADS, upload, stage="uploads")
    stored = await world.reading.letter(letter)
    assert stored is not None
    stage, first = Uploading(runs), Message(UPLOADS, 0, stored.offset, b"", stored.value.encode(), (), 5)
    await stage.give_up(Delivery(first, upload), "")
    assert ((await world.counts(run_id)).failed, (await world.counts(run_id)).issued) == (1, 0)
    assert [(await world.replay(letter)).now for _ in range(2)] == [True, False]
    (message,) = world.sent
    raw = (await stage.handle([Delivery(message, codec.decode(UPLOADS, message.value))])).outputs
    assert len(raw) == 1 and isinstance(raw[0], RecordBatch)
    await world.stored((await Cleaning().handle([Delivery(message, raw[0])])).outputs)
    counts = await world.counts(run_id)
    assert (counts.fetched, counts.failed, counts.issued, sums(counts)) == (1, 0, 0, (3, 3, 0))
    assert len(world.rows(run_id)) == 3
    other = await world.letter(UPLOADS, upload, stage="uploads")
    with pytest.raises(ApiError, match="was taken already"):
        await world.replay(other)
