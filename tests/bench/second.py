"""A stage that falls behind says so, and a second worker halves how old the oldest message grows.

Records whose text goes through some steps and which a filter drops at the end of cleaning: cleaning is what takes the
time, one core what it is bound by, and nobody behind it has work. The same pile of them once for one worker, once for
two.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
from aiokafka.admin import AIOKafkaAdminClient

from api.services.lag import ALERT_S, LagHistory
from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher
from schemas.events import CleanRules, FieldRule, RecordBatch
from schemas.events.pipelines import CleanStep, FieldPipeline, Pipelines
from schemas.ids import batch_id, digest
from tests.acceptance.system import System
from tests.bench.guest import joined
from tests.bench.paced import SECONDS
from tests.bench.products import PARAGRAPH
from tests.bench.table import Table

SHARE = 0.6
"""Of the age with one worker so much at most with two."""

LONGER = 1.3
"""How much longer the pile should last one worker: beyond a minute the system itself has to say it."""

STAGE, GROUP = "cleaning", "trawl-cleaning"
IN_BATCH, DATASETS, TRIED, AT_ONCE = 5, 160, 480, 100
LOOK_S, PATIENCE_S = 0.5, 600.0
RULES = CleanRules(
    fields={"sku": FieldRule(required=True), "price": FieldRule(type="price"), "text": FieldRule()},
    key=["sku"],
    pipelines=Pipelines(fields={"text": FieldPipeline(steps=[CleanStep(do="regex", find="[aeiou]", to="e")] * 4)}),
    filters={"min_price": 100},
)
TEXT = 6 * PARAGRAPH


@dataclass
class _Grown:
    """What was seen of a pile until it was gone: in seconds, the messages at the worst look, what /health said, and the
    processor time of each worker."""

    oldest_s: float = 0.0
    messages: int = 0
    taken_s: float = 0.0
    told: str = ""
    spent: tuple[float, ...] = ()


async def measure(system: System, table: Table) -> bool:
    """Two rows, and whether they compare as promised."""
    async with Publisher(system.endpoint("kafka"), "bench") as publisher, KafkaLag(system.endpoint("kafka")) as lag:
        await _worked_off(system, publisher, lag, TRIED)  # imports, first languages, first commits
        tried = await _worked_off(system, publisher, lag, TRIED)
        pile = max(TRIED, int(TRIED * LONGER * SECONDS / max(tried.oldest_s, LOOK_S)))
        one = await _worked_off(system, publisher, lag, pile)
        async with _second_worker(system) as guest:
            two = await _worked_off(system, publisher, lag, pile, guest)
    _row(table, f"one worker of {STAGE}, {pile * IN_BATCH} long records", one, "")
    _row(table, "two workers, the same", two, f"≤ {SHARE * one.oldest_s:.1f} s")
    if one.oldest_s > ALERT_S + 15:
        assert f"'{STAGE}'" in one.told, f"/health says nothing of a stage that is {one.oldest_s:.0f} s behind"
    return holds(one.oldest_s, two.oldest_s)


def holds(one_s: float, two_s: float) -> bool:
    """Whether the second worker has helped as much as it should."""
    return two_s <= SHARE * one_s


def _row(table: Table, name: str, grown: _Grown, promised: str) -> None:
    shares = " and ".join(f"{seconds:.1f} s" for seconds in grown.spent)
    beside = f"age of the oldest of {grown.messages} messages at its worst; all done after {grown.taken_s:.1f} s; "
    beside += f"processor time {shares}"
    table.row(name, f"{grown.oldest_s:.1f} s", promised, beside + (f"; /health: {grown.told}" if grown.told else ""))


async def _worked_off(system: System, publisher: Publisher, lag: KafkaLag, pile: int, *guests: int) -> _Grown:
    run, history, grown = str(uuid.uuid4()), LagHistory(), _Grown()
    workers = [psutil.Process(pid) for pid in (int(system.processes()[STAGE]["pid"]), *guests)]
    before = [sum(worker.cpu_times()[:2]) for worker in workers]
    began = time.monotonic()
    publishing = asyncio.create_task(_publish(publisher, run, pile))
    while grown.taken_s < PATIENCE_S:
        grown.taken_s = time.monotonic() - began
        found = [stage for stage in history.seen(await lag.positions(), time.monotonic()) if stage.stage == STAGE]
        waiting = sum(stage.messages for stage in found)
        if publishing.done() and found and not waiting:
            await publishing
            grown.spent = tuple(sum(one.cpu_times()[:2]) - then for one, then in zip(workers, before, strict=True))
            return grown
        grown.oldest_s = max([grown.oldest_s, *(stage.seconds for stage in found)])
        grown.messages = max(grown.messages, waiting)
        if grown.oldest_s > ALERT_S:
            grown.told = str(system.client().get("/health").json().get("behind") or grown.told)
        await asyncio.sleep(LOOK_S)  # the pace of looking
    raise AssertionError("what was published is not cleaned")


async def _publish(publisher: Publisher, run: str, pile: int) -> None:
    for start in range(0, pile, AT_ONCE):
        await publisher.send_all([_batch(run, number) for number in range(start, min(start + AT_ONCE, pile))])


def _batch(run: str, number: int) -> RecordBatch:
    page, fetch = digest(run, str(number)), digest(run, "fetch", str(number))
    rows: list[dict[str, object]] = [
        {"sku": f"sku-{place}", "price": "£9.99", "text": TEXT} for place in range(IN_BATCH)
    ]
    return RecordBatch(
        id=batch_id(run, page, fetch, 1, 0), dataset=f"pile-{number % DATASETS}", run_id=run, job_id=digest(run, "job"),
        url="http://bench.test/", url_fp=page, fetch_id=fetch, fetched_at="2026-01-01T00:00:00Z", rules=RULES,
        records=rows,
    )  # fmt: skip


@asynccontextmanager
async def _second_worker(system: System) -> AsyncIterator[int]:
    """Its pid, once the group has taken it in."""
    guest = joined(system, STAGE)
    admin = AIOKafkaAdminClient(bootstrap_servers=system.endpoint("kafka"))
    try:
        await admin.start()
        deadline = time.monotonic() + PATIENCE_S
        while await _members(admin) != ("Stable", 2):
            assert guest.poll() is None and time.monotonic() < deadline, "the second worker does not join"
            await asyncio.sleep(LOOK_S)  # the condition is in another system
        yield guest.pid
    finally:
        await admin.close()
        guest.terminate()
        await asyncio.to_thread(guest.wait, 60)


async def _members(admin: AIOKafkaAdminClient) -> tuple[str, int]:
    [answer] = await admin.describe_consumer_groups([GROUP])
    [group] = answer.groups
    return str(group[2]), len(group[5])
