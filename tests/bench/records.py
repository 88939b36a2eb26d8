"""Records a second through cleaning, trends and warehouse, held up for a minute; beside it a plain Faust agent.

`TRAWL_BENCH_SECONDS=6` is enough to see that it works; what it then says of rates is mostly how things begin.
"""

import asyncio
import time
import uuid
from collections.abc import Callable

from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher
from tests.acceptance.system import System
from tests.bench import peer
from tests.bench.paced import SECONDS, behind, feed
from tests.bench.products import IN_BATCH, PARAGRAPH, Products
from tests.bench.spent import costs, rows, spent
from tests.bench.table import Table

MILLION = 1_000_000
DATASETS = [f"bench-{number}" for number in range(16)]
STAGES = ("cleaning", "trends", "warehouse")
PATIENCE_S = 600.0


async def measure(system: System, table: Table) -> None:
    """Short records in 16 datasets, the same with long texts, a million in one dataset, and the plain agent."""
    await _warm(system)
    until = _for(SECONDS)
    name = f"records sustained for {SECONDS:.0f} s, 16 datasets"
    rate, cost = await _through(system, table, name, "≥ 50000 /s", Products(str(uuid.uuid4()), DATASETS), until)
    long = Products(str(uuid.uuid4()), DATASETS, 6 * PARAGRAPH)
    await _through(system, table, "the same with texts of 1,000 characters", "", long, _for(SECONDS / 2))
    wanted = int(MILLION * min(1.0, SECONDS / 60)) // IN_BATCH
    one = Products(str(uuid.uuid4()), ["bench-one"])
    name = f"{wanted * IN_BATCH} records in one dataset"
    await _through(system, table, name, "", one, lambda published: published < wanted)
    await peer.measure(system, table, rate, {stage: cost[stage] for stage in STAGES})


async def _warm(system: System) -> None:
    """A few records through everything: how far a group is behind is known once it has acknowledged something."""
    products = Products(str(uuid.uuid4()), [*DATASETS, "bench-one"])
    async with Publisher(system.endpoint("kafka"), "bench") as publisher, KafkaLag(system.endpoint("kafka")) as lag:
        await publisher.send_all(products.next(2 * len(DATASETS) + 2))
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            known = {group.removeprefix("trawl-") for group, _, _ in await lag.lag()}
            if known.issuperset(STAGES) and not await _behind(lag) and _stored(system, products) == products.records:
                return
            await asyncio.sleep(0.2)  # the condition is in another system
    raise AssertionError("the first records do not arrive")


async def _behind(lag: KafkaLag) -> int:
    return await behind(lag, ("cleaning",), ("trends", "warehouse"))


def _for(seconds: float) -> Callable[[int], bool]:
    """Goes on for so long, from its first question."""
    ends: list[float] = []

    def go_on(_: int) -> bool:
        if not ends:
            ends.append(time.monotonic() + seconds)
        return time.monotonic() < ends[0]

    return go_on


async def _through(
    system: System, table: Table, name: str, promised: str, products: Products, go_on: Callable[[int], bool]
) -> tuple[float, dict[str, float]]:
    """Records a second and seconds of processor time a record by process, once ClickHouse holds every one."""
    before, own = spent(system), time.process_time()
    async with Publisher(system.endpoint("kafka"), "bench") as publisher, KafkaLag(system.endpoint("kafka")) as lag:

        async def publish(batches: int) -> int:
            await publisher.send_all(products.next(batches))
            return products.published

        began = time.monotonic()
        pace = await feed(publish, lambda: _behind(lag), go_on)
        published = time.monotonic() - began
        while await _behind(lag) or _stored(system, products) < products.records:
            assert time.monotonic() - began < published + PATIENCE_S, "what was published does not arrive"
            await asyncio.sleep(0.2)  # the condition is in another system
    taken = time.monotonic() - began
    _exact(system, products)
    rate = products.records / taken
    table.row(
        name,
        f"{rate:.0f} /s",
        promised,
        f"{products.records} records in {published:.0f} s, {taken - published:.1f} s more until all is there; nobody "
        f"over {pace.oldest_s:.1f} s behind; count and sum exact; publishing takes "
        f"{1e6 * (time.process_time() - own) / products.records:.1f} µs a record",
    )
    after = spent(system)
    rows(table, before, after, products.records, "record", 1e6)
    return rate, costs(before, after, products.records)


def _stored(system: System, products: Products) -> int:
    return int(system.query("select count() from records where run_id = {run:UUID}", run=products.run)[0][0])


def _exact(system: System, products: Products) -> None:
    """Each record once, and the sum of prices to the penny."""
    asked = "select count(), uniqExact(id), sum(toInt64(round(numbers['price'] * 100))) from records"
    held = system.query(f"{asked} where run_id = {{run:UUID}}", run=products.run)[0]
    assert held == (products.records, products.records, products.cents), (held, products.records, products.cents)
