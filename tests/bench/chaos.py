"""The same records twice, once in peace and once while everything is killed: what is stored must not differ.

Stages die every three seconds, a member joins or leaves every five, one record in a hundred is poison and one message
in forty no event at all, ClickHouse is stopped for a while and the broker dies once. Rows, letters and trends are then
held against what was published, a part of which comes as uploads. `TRAWL_BENCH_RECORDS=20000` is a small storm, enough
to see that everything works.
"""

import asyncio
import os
import random
import signal
import subprocess
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import psutil

from infra.errors import StoreUnavailable
from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher
from schemas.events import CleanRules, Event, FieldRule, RecordBatch, Upload
from schemas.ids import batch_id, digest
from schemas.topics import RAW_RECORDS, TRENDS, UPLOADS
from tests.acceptance.system import System, until
from tests.bench.guest import joined
from tests.bench.table import Table

WHOLE, IN_BATCH, AT_ONCE = 200_000, 50, 40
RECORDS = int(os.environ.get("TRAWL_BENCH_RECORDS", WHOLE))
DATASETS = max(1, 8 * RECORDS // WHOLE)
"""Fewer in a small storm, so that its series are as long and there are trends to compare."""

UPLOAD_EVERY = 20
"""Of so many messages one is an upload. Its records have the broker's time, so that no trends are compared of them."""

POISON = 0.01
"""The share of records that lack what is required."""

UNREADABLE_EVERY = 40
"""After so many messages comes one that is no JSON, or of a version that nobody knows."""

STAGES = ("uploads", "cleaning", "trends", "warehouse")
KILL_S, REBALANCE_S, STOPPED_S, PACE = 3.0, 5.0, max(4.0, 20.0 * RECORDS / WHOLE), 4000
CALM_S, CHAOS_S = 300.0, 600.0
RULES = CleanRules(fields={"sku": FieldRule(required=True), "price": FieldRule(type="price")}, key=["sku"])
TREND = (
    "record_key, field, detector, phase, kind, direction, rule, closes != '', toString(at), before, after, score, "
    "confidence, arrayStringConcat(values, ',')"
)
"""All that a trend says but for what names the run and its records; every row of the table, so that none is twice."""


@dataclass(frozen=True)
class Unreadable:
    """A message that no stage can decode."""

    topic: str
    value: bytes


@dataclass(frozen=True)
class Published:
    """What there is to find."""

    name: str
    run: str
    messages: list[Event | Unreadable]
    poison: int

    @property
    def unreadable(self) -> int:
        return sum(isinstance(message, Unreadable) for message in self.messages)

    @property
    def good(self) -> int:
        return RECORDS - self.poison


@dataclass
class Found:
    """What was found."""

    rows: int
    distinct: int
    letters: int
    distinct_letters: int
    unreadable: int
    trends: list[tuple[object, ...]]
    seconds: float
    done_to_it: dict[str, int] = field(default_factory=dict)

    def holds(self, given: Published, calm: "Found") -> bool:
        """Whether it is what was published, and its trends those that were found in peace."""
        return (
            self.rows == self.distinct == given.good
            and self.letters == self.distinct_letters == given.poison
            and self.unreadable == given.unreadable
            and self.trends == calm.trends
            and bool(calm.trends)
        )


def published(name: str) -> Published:
    """Prices of 100 products in each of eight datasets, with a jump in every tenth one half-way."""
    dice, run, poison = random.Random(11), str(uuid.uuid4()), 0
    made: list[Event | Unreadable] = []
    rounds = RECORDS // IN_BATCH
    for number in range(rounds):
        if number % UNREADABLE_EVERY == UNREADABLE_EVERY - 1:
            made.append(_unreadable(run, number // UNREADABLE_EVERY))
        page, fetch = digest(run, str(number)), digest(run, "fetch", str(number))
        half, dataset = number % 2, f"{name}-{number // 2 % DATASETS}"
        rows: list[dict[str, object]] = []
        for place in range(half * IN_BATCH, half * IN_BATCH + IN_BATCH):
            jump = 1.4 if place % 10 == 3 and number > rounds // 2 else 1.0
            price = jump * (20 + place + dice.random() * 0.2)
            bad = dice.random() < POISON
            poison += bad
            row: dict[str, object] = {"sku": "" if bad else f"sku-{place}", "price": f"£{price:.2f}"}
            rows.append(row)
        if number % UPLOAD_EVERY == UPLOAD_EVERY - 1:
            made.append(Upload(id=f"{run}-{number}", dataset=f"{name}-up", records=rows, rules=RULES))
            continue
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + 30 * number))
        made.append(
            RecordBatch(
                id=batch_id(run, page, fetch, 1, 0), dataset=dataset, run_id=run, job_id=digest(run, "job"),
                url="http://bench.test/", url_fp=page, fetch_id=fetch, fetched_at=at, rules=RULES, records=rows,
            )
        )  # fmt: skip
    return Published(name, run, made, poison)


def _unreadable(run: str, number: int) -> Unreadable:
    """No JSON or an unknown version, on one topic or the other; each names its run, by which its letter is found."""
    topic = (RAW_RECORDS, UPLOADS)[number // 2 % 2]
    told = f'"id": "{run} {number}", "dataset": "d", "records": ['
    return Unreadable(
        topic, f'{{"version": 1, {told}'.encode() if number % 2 else f'{{"version": 99, {told}]}}'.encode()
    )


async def measure(system: System, table: Table) -> bool:
    """Whether nothing differs."""
    calm = await _run(system, published("calm"), CALM_S, chaos=False)
    wild_input = published("chaos")
    wild = await _run(system, wild_input, CHAOS_S, chaos=True)
    same = wild.trends == calm.trends
    table.row("chaos: rows = distinct ids", f"{wild.rows} = {wild.distinct}", f"{wild_input.good}",
              f"published {RECORDS} (uploads among them), poison {wild_input.poison}; {wild.done_to_it}")  # fmt: skip
    table.row("chaos: dead letters", f"{wild.letters}", f"{wild_input.poison}", f"{wild.distinct_letters} distinct")
    table.row(
        "chaos: letters of what is no event", f"{wild.unreadable}", f"{wild_input.unreadable}", "distinct messages"
    )
    table.row("chaos: trends as without faults", f"{len(wild.trends)}", f"{len(calm.trends)}",
              "identical" if same else f"{len(set(wild.trends) ^ set(calm.trends))} differ")  # fmt: skip
    table.row("chaos: time", f"{wild.seconds:.0f} s", "", f"without faults {calm.seconds:.0f} s")
    return wild.holds(wild_input, calm)


async def _run(system: System, given: Published, patience: float, *, chaos: bool) -> Found:
    began = time.monotonic()
    done: dict[str, int] = {}
    if chaos:
        async with _trouble(system, done):
            await _publish(system, given.messages, PACE)
    else:
        await _publish(system, given.messages, None)
    await _drained(system, given, began + patience)
    rows, distinct, letters, distinct_letters = _counted(system, given)
    unreadable = _unread(system, given)
    told = "select substring(dataset, position(dataset, '-')), " + TREND
    trends = system.query(f"{told} from trends where run_id = {{run:UUID}} order by all", run=given.run)
    seconds = time.monotonic() - began
    return Found(rows, distinct, letters, distinct_letters, unreadable, trends, seconds, done)


async def _publish(system: System, messages: list[Event | Unreadable], pace: int | None) -> None:
    """In order, whatever the broker does meanwhile: what may not have arrived is sent again, as any client would."""
    began, place = time.monotonic(), 0
    while place < len(messages):
        with suppress(StoreUnavailable):
            async with Publisher(system.endpoint("kafka"), "bench") as publisher:
                while place < len(messages):
                    portion = messages[place : place + AT_ONCE]
                    await publisher.send_all([one for one in portion if not isinstance(one, Unreadable)])
                    for one in portion:
                        if isinstance(one, Unreadable):
                            await publisher.send_raw(one.topic, "", one.value, [])
                    place += AT_ONCE
                    if pace:
                        due = began + place * IN_BATCH / pace
                        await asyncio.sleep(max(0.0, due - time.monotonic()))  # the pace that was promised


async def _drained(system: System, given: Published, deadline: float) -> None:
    """Until every record is a row or a letter and nobody lags; what is missing then shows in the figures."""
    while time.monotonic() < deadline:
        with suppress(Exception):  # engines are coming back
            rows, _, letters, _ = await asyncio.to_thread(_counted, system, given)
            async with KafkaLag(system.endpoint("kafka")) as lag:
                # Trends are stored by the warehouse's second consumer, which otherwise always has metrics to read.
                read = [(group.removeprefix("trawl-"), topic, n) for group, topic, n in await lag.lag()]
                behind = sum(n for stage, topic, n in read if stage in STAGES or topic == TRENDS)
            unread = await asyncio.to_thread(_unread, system, given)
            if rows >= given.good and letters >= given.poison and unread >= given.unreadable and not behind:
                return
        await asyncio.sleep(0.2)  # the condition is in another system


def _counted(system: System, given: Published) -> tuple[int, int, int, int]:
    """Rows and letters, each with how many are distinct, of everything that was published under a name."""
    ours = "startsWith(dataset, {name:String})"
    runs = f"select toString(run_id) from records where {ours}"  # an upload is a run of its own
    [(rows, distinct)] = system.query(f"select count(), uniqExact(id) from records where {ours}", name=given.name)
    [(letters, distinct_letters)] = system.query(
        f"select count(), uniqExact(id) from dead_letters where run_id in ({runs})", name=given.name
    )
    return int(rows), int(distinct), int(letters), int(distinct_letters)


def _unread(system: System, given: Published) -> int:
    """Of how many unreadable messages there are letters with their bytes: a message that was sent twice is one."""
    told = "code in ('malformed', 'unknown_version') and position(value, {run:String}) > 0"
    return int(system.query(f"select uniqExact(value) from dead_letters where {told}", run=given.run)[0][0])


@asynccontextmanager
async def _trouble(system: System, done: dict[str, int]) -> AsyncIterator[None]:
    """Everything goes wrong until the block ends; then what was stopped goes on."""
    dice = random.Random(5)
    tasks = [
        asyncio.create_task(_kills(system, dice, done)),
        asyncio.create_task(_rebalances(system, dice, done)),
        asyncio.create_task(_engines(system, done)),
    ]
    try:
        yield
        await tasks[-1]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _did(done: dict[str, int], what: str) -> None:
    done[what] = done.get(what, 0) + 1


async def _kills(system: System, dice: random.Random, done: dict[str, int]) -> None:
    while True:
        await asyncio.sleep(KILL_S)  # the rhythm of the kills
        victim = dice.choice(STAGES)
        with suppress(psutil.Error, TypeError, KeyError):  # it is on its way up
            await asyncio.to_thread(system.kill, victim)
            _did(done, f"{victim} killed")


async def _rebalances(system: System, dice: random.Random, done: dict[str, int]) -> None:
    guest: subprocess.Popen[bytes] | None = None
    try:
        while True:
            await asyncio.sleep(REBALANCE_S)  # the rhythm of joining and leaving
            if guest is None:
                guest = joined(system, dice.choice(STAGES))
                _did(done, "joined")
            else:
                guest.send_signal(dice.choice((signal.SIGTERM, signal.SIGKILL)))
                await asyncio.to_thread(guest.wait, 60)
                guest = None
                _did(done, "left")
    finally:
        if guest is not None:
            guest.kill()
            guest.wait(10)


async def _engines(system: System, done: dict[str, int]) -> None:
    """ClickHouse stands still for a while; later the broker dies and comes back."""
    await asyncio.sleep(KILL_S)  # so that something is under way
    clickhouse = psutil.Process(int(system.processes()["clickhouse"]["pid"]))
    clickhouse.suspend()
    _did(done, "clickhouse stopped")
    try:
        await asyncio.sleep(STOPPED_S)  # how long it stands still
    finally:
        with suppress(psutil.NoSuchProcess):
            clickhouse.resume()
    pid = await asyncio.to_thread(system.kill, "kafka")
    _did(done, "kafka killed")
    await asyncio.to_thread(until, "the broker is back", lambda: system.restarted("kafka", pid))
