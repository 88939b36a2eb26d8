"""Records a second through cleaning, trends and warehouse, from batches published as fast as Kafka takes them."""

import asyncio
import random
import time
import uuid

from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher
from schemas.events import CleanRules, FieldRule, RecordBatch
from schemas.ids import batch_id, digest
from tests.acceptance.system import System
from tests.bench.spent import rows, spent
from tests.bench.table import Table

RECORDS, LONG_RECORDS, IN_BATCH, DATASETS = 300_000, 60_000, 250, 16
PARAGRAPH = (
    "The keeper climbed the narrow stairs before dawn, trimmed the lamp and wrote the weather into the book, as every "
    "keeper had done since the tower was built on the rock. "
)
"""English, so that the language is looked for; six of it make a text of 1,000 characters."""

RULES = CleanRules(
    fields={
        "sku": FieldRule(required=True),
        "name": FieldRule(),
        "price": FieldRule(type="price"),
        "rating": FieldRule(type="number"),
        "url": FieldRule(type="url"),
    },
    key=["sku"],
)


def batches(run: str, records: int = RECORDS, text: str = "") -> list[RecordBatch]:
    """Typed product records, with a text if one is given; prices move a little from batch to batch, as they do."""
    dice, found = random.Random(7), []
    more = {"description": text} if text else {}
    for number in range(records // IN_BATCH):
        dataset = f"bench-{number % DATASETS}"
        page, fetch = digest(run, str(number)), digest(run, "fetch", str(number))
        rows = [
            {
                "sku": f"sku-{place}",
                "name": f"  Product number {place} of {dataset} ",
                "price": f"£{20 + place * 0.1 + dice.random():.2f}",
                "rating": f"{1 + dice.random() * 4:.1f}",
                "url": f"/product/{place}",
                **more,
            }
            for place in range(IN_BATCH)
        ]
        found.append(
            RecordBatch(
                id=batch_id(run, page, fetch, 1, 0),
                dataset=dataset,
                run_id=run,
                job_id=digest(run, "job"),
                url="http://bench.test/",
                url_fp=page,
                fetch_id=fetch,
                fetched_at="2026-01-01T00:00:00Z",
                rules=RULES,
                records=rows,
            )
        )
    return found


async def measure(system: System, table: Table) -> None:
    """Until ClickHouse holds every record and no group lags; beside it, what the broker alone takes."""
    await _through(system, table, "records through cleaning, trends, warehouse", "≥ 10000 /s", RECORDS, "")
    await _through(system, table, "the same with texts of 1,000 characters", "", LONG_RECORDS, 6 * PARAGRAPH)


async def _through(system: System, table: Table, name: str, promised: str, records: int, text: str) -> None:
    run = str(uuid.uuid4())
    made = batches(run, records, text)
    before = spent(system)
    async with Publisher(system.endpoint("kafka"), "bench") as publisher:
        began = time.perf_counter()
        for start in range(0, len(made), 50):
            await publisher.send_all(made[start : start + 50])
        published = time.perf_counter() - began
        async with KafkaLag(system.endpoint("kafka")) as lag:
            while _stored(system, run) < records or await _behind(lag):  # noqa: ASYNC110  # it is another system
                await asyncio.sleep(0.1)  # the condition is in another system
        taken = time.perf_counter() - began
    held = system.query("select count(), uniqExact(id) from records where run_id = {run:UUID}", run=run)
    assert held[0] == (records, records), held
    table.row(
        name,
        f"{records / taken:.0f} /s",
        promised,
        f"publishing them alone: {records / published:.0f} /s ({records} records, {IN_BATCH} a batch, no lag left)",
    )
    rows(table, before, spent(system), records, "record", 1e6)


def _stored(system: System, run: str) -> int:
    return int(system.query("select count() from records where run_id = {run:UUID}", run=run)[0][0])


async def _behind(lag: KafkaLag) -> int:
    groups = {"trawl-cleaning", "trawl-trends", "trawl-warehouse"}
    return sum(messages for group, _, messages in await lag.lag() if group in groups)
