"""What the trends stage costs a record, without engines: typed product records with two numbers, 250 a message."""

import asyncio
import random
import time
from collections.abc import Sequence
from uuid import UUID

from schemas.delivery import Delivery
from schemas.events import CleanBatch, CleanRecord
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS
from streams.trends.detector import MANY_KEYS
from streams.trends.stage import Trends

IN_BATCH, DATASETS, WARM, MEASURED, AT_ONCE = 250, 16, 200, 400, 20


class _NoMemory:
    async def take(self, topic: str, partition: int) -> tuple[int, int, list[tuple[int, bytes]]]:
        return 1, 0, []

    async def write(
        self, topic: str, partition: int, epoch: int, next_offset: int, blocks: Sequence[tuple[int, bytes]]
    ) -> None:
        return None


class _Log:
    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        return 0, 2**40


def measure() -> float:
    """µs of processor time a record."""
    return asyncio.run(_measure())


async def _measure() -> float:
    stage = Trends(_NoMemory(), MANY_KEYS, _Log())
    await stage.assigned(CLEAN_RECORDS, {0})
    dice = random.Random(7)
    deliveries = [_delivery(number, dice) for number in range(WARM + MEASURED)]
    await stage.handle(deliveries[:WARM])
    began = time.process_time()
    for start in range(WARM, WARM + MEASURED, AT_ONCE):
        await stage.handle(deliveries[start : start + AT_ONCE])
    return (time.process_time() - began) / (MEASURED * IN_BATCH) * 1e6


def _delivery(number: int, dice: random.Random) -> Delivery:
    records = [
        CleanRecord(
            id=str(UUID(int=number * IN_BATCH + place + 1)),
            key=f"sku-{place}",
            data={
                "sku": f"sku-{place}",
                "name": f"Product number {place}",
                "price": 20 + place * 0.1 + dice.random(),
                "price_currency": "GBP",
                "rating": 1 + dice.random() * 4,
                "url": f"http://bench.test/product/{place}",
            },
        )
        for place in range(IN_BATCH)
    ]
    batch = CleanBatch(
        id=str(UUID(int=2**64 + number)),
        dataset=f"bench-{number % DATASETS}",
        run_id=str(UUID(int=5)),
        job_id=str(UUID(int=6)),
        url="http://bench.test/",
        url_fp=str(UUID(int=number)),
        fetch_id=str(UUID(int=number)),
        fetched_at=f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}Z",
        counted_in=IN_BATCH,
        numeric={"price": "price", "rating": "number"},
        records=records,
    )
    return Delivery(Message(topic=CLEAN_RECORDS, partition=0, offset=number, key=None, value=None), batch)
