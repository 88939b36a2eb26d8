"""The stage with a memory: what it remembers, what it passes over, and what it never chokes on."""

import json
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
import structlog

from infra.errors import Fenced
from infra.kafka.pump import STALE_AFTER_S, Pump
from schemas import codec
from schemas.delivery import Delivery
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS
from streams.errors import LogMoved
from streams.trends import stage as trends
from streams.trends.stage import Trends
from streams.trends.watch import Watch
from tests.fakes.log import Log
from tests.fakes.warehouse import MemorySnapshots, MemorySuspects, NoMeter
from tests.unit.delivery.model import SENSITIVE
from tests.unit.pump.line import Outlet

PLACE = (CLEAN_RECORDS, 0)


def batch(
    value: Any, *, at: str = "2026-01-01T00:00:00Z", identity: str = "", key: str = "k", memory: bool = False
) -> bytes:
    """A batch with one price."""
    record = {"id": str(uuid4()), "key": key, "data": {"price": value}}
    return json.dumps({
        "id": identity or str(uuid4()), "dataset": "d", "run_id": str(uuid4()), "job_id": "j", "url": "u",
        "url_fp": "", "fetch_id": "", "fetched_at": at, "counted_in": 1, "numeric": {"price": "price"},
        "records": [record], "trends": {"memory": memory},
    }).encode()  # fmt: skip


class Partition:
    """A log and a memory; workers come and go."""

    def __init__(self, *values: bytes) -> None:
        self.log = Log()
        self.memory = MemorySnapshots()
        for value in values:
            self.log.append(CLEAN_RECORDS, value)

    async def worker(self) -> Trends:
        """A new owner."""
        stage = Trends(self.memory, SENSITIVE, self.log)
        await stage.assigned(CLEAN_RECORDS, {0})
        return stage

    def deliveries(self, first: int, last: int) -> list[Delivery]:
        """What Kafka delivers of these offsets."""
        return [Delivery(m, _event(m)) for m in self.log.topics[CLEAN_RECORDS][first : last + 1]]


def _event(message: Message) -> Any:
    return codec.decode(CLEAN_RECORDS, message.value) if message.value else None


def told(outputs: Sequence[Any]) -> list[str]:
    return [output.record_id for output in outputs]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory is written whenever it may be."""
    monkeypatch.setattr(trends, "SNAPSHOT_EVERY_S", 0.0)


@pytest.fixture
def partition() -> Partition:
    return Partition(*(batch(value) for value in (1, 2, 9, 1, 30, 2, 80, 1, 5, 60)))


async def test_without_its_snapshot_it_goes_on_where_it_stood_and_knows_nothing_of_before(
    partition: Partition, hasty: None
) -> None:
    worker = await partition.worker()
    await worker.handle(partition.deliveries(0, 3))
    assert (await worker.settle(idle=False))[PLACE] == 4
    partition.memory = MemorySnapshots()
    heir = await partition.worker()
    await heir.handle(partition.deliveries(4, 5))  # Kafka begins at what was acknowledged
    assert (await heir.settle(idle=False))[PLACE] == 6


async def test_nothing_is_settled_before_it_is_remembered(partition: Partition) -> None:
    worker = await partition.worker()
    await worker.handle(partition.deliveries(0, 4))
    assert await worker.settle(idle=False) == {PLACE: 0}


async def test_an_heir_goes_on_where_the_memory_ends(partition: Partition, hasty: None) -> None:
    whole = await partition.worker()
    wanted = told((await whole.handle(partition.deliveries(0, 9))).outputs)
    assert len(wanted) > 3
    partition.memory = MemorySnapshots()
    first = await partition.worker()
    before = told((await first.handle(partition.deliveries(0, 4))).outputs)
    assert await first.settle(idle=False) == {PLACE: 5}
    await first.handle(partition.deliveries(5, 6))  # and it is killed
    heir = await partition.worker()
    assert await heir.settle(idle=True) == {PLACE: 5}
    after = told((await heir.handle(partition.deliveries(5, 9))).outputs)
    assert before + after == wanted


async def test_a_backlog_that_takes_long_is_published_in_portions_and_settled_at_its_end(
    hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it in one portion would take longer than a worker may be away."""
    partition = Partition(*(batch(n % 7 * 9) for n in range(200)))
    now, slow, watched = [time.monotonic()], 0.5, Watch.take
    wanted = (await (await partition.worker()).handle(partition.deliveries(0, 199))).outputs
    partition.memory = MemorySnapshots()

    def slowly(watch: Watch, *taken: Any) -> Any:
        now[0] += slow
        return watched(watch, *taken)

    monkeypatch.setattr("infra.kafka.pump.time.monotonic", lambda: now[0])
    monkeypatch.setattr(Watch, "take", slowly)
    assert slow * 200 > STALE_AFTER_S
    outlet = Outlet()
    pump = Pump("trends", await partition.worker(), outlet, MemorySuspects(), NoMeter())
    settled = await pump.step([each.message for each in partition.deliveries(0, 199)], now[0])
    assert outlet.sent == [event.event_id() for event in wanted] and len(wanted) > 3
    assert settled == {PLACE: 200}


async def test_what_is_remembered_is_passed_over(partition: Partition, hasty: None, monkeypatch: Any) -> None:
    """Kafka may begin far before the memory's end: further than the ids of the last batches reach."""
    first = await partition.worker()
    await first.handle(partition.deliveries(0, 4))
    await first.settle(idle=False)
    heir = await partition.worker()
    for place in heir._places.values():
        monkeypatch.setattr(place.repeats, "is_new", lambda identity: True)
    again = told((await heir.handle(partition.deliveries(0, 6))).outputs)
    other = await partition.worker()
    assert again == told((await other.handle(partition.deliveries(5, 6))).outputs)


async def test_a_batch_that_comes_twice_is_observed_once(hasty: None) -> None:
    twice = str(uuid4())
    values = [batch(1), batch(9), batch(3, identity=twice), batch(3, identity=twice), batch(50)]
    with_repeat, without = Partition(*values), Partition(*values[:3], *values[4:])
    found = (await (await with_repeat.worker()).handle(with_repeat.deliveries(0, 4))).outputs
    wanted = (await (await without.worker()).handle(without.deliveries(0, 3))).outputs
    assert [codec.encode(trend) for trend in found] == [codec.encode(trend) for trend in wanted]


async def test_repeats_are_known_to_the_heir(hasty: None) -> None:
    twice = batch(30, identity=str(uuid4()))
    partition = Partition(batch(1), batch(9), twice, twice)
    first = await partition.worker()
    assert (await first.handle(partition.deliveries(0, 2))).outputs
    await first.settle(idle=False)
    heir = await partition.worker()
    assert not (await heir.handle(partition.deliveries(3, 3))).outputs
    assert await heir.settle(idle=False) == {PLACE: 4}


async def test_who_was_followed_cannot_write(partition: Partition, hasty: None) -> None:
    first = await partition.worker()
    await first.handle(partition.deliveries(0, 1))
    await partition.worker()
    with pytest.raises(Fenced):
        await first.settle(idle=False)


async def test_a_log_that_was_recreated_stops_the_stage(partition: Partition, hasty: None) -> None:
    first = await partition.worker()
    await first.handle(partition.deliveries(0, 9))
    await first.settle(idle=False)
    partition.log = Partition(batch(1)).log
    with pytest.raises(LogMoved, match="recreated"):
        await partition.worker()


@pytest.mark.parametrize("value", [10**400, -(10**30), True, None, "1", [1], 1.7e308, 5e-324, 0])
async def test_no_value_chokes_it(value: Any, hasty: None) -> None:
    partition = Partition(batch(1), batch(value), batch(2))
    worker = await partition.worker()
    await worker.handle(partition.deliveries(0, 2))
    assert await worker.settle(idle=False) == {PLACE: 3}


@pytest.mark.parametrize(
    "at",
    ["", "yesterday", "0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00", "2026-01-01", "2026-01-01T00:00:00"],
)  # fmt: skip
async def test_no_time_chokes_it(at: str, hasty: None) -> None:
    partition = Partition(batch(1), batch(9, at=at), batch(2))
    worker = await partition.worker()
    await worker.handle(partition.deliveries(0, 2))
    assert await worker.settle(idle=False) == {PLACE: 3}


async def test_what_is_no_event_is_passed_over(hasty: None) -> None:
    partition = Partition(batch(1), b"", batch(2))
    worker = await partition.worker()
    await worker.handle(partition.deliveries(0, 2))
    assert await worker.settle(idle=False) == {PLACE: 3}


class Told:
    """What was said of the memory's size."""

    def __init__(self) -> None:
        self.known, self.retired, self.forgotten = 0, 0, 0

    def seen(self, known: int, retired: int, forgotten: int) -> None:
        self.known, self.retired, self.forgotten = known, self.retired + retired, self.forgotten + forgotten


async def test_a_memory_that_is_full_says_what_it_forgets(hasty: None) -> None:
    partition, told_of = Partition(*(batch(1, key=key) for key in "abcdc")), Told()
    worker = Trends(partition.memory, SENSITIVE, partition.log, 2, told_of)
    await worker.assigned(CLEAN_RECORDS, {0})
    with structlog.testing.capture_logs() as said:
        for offset in range(5):
            await worker.handle(partition.deliveries(offset, offset))
            await worker.settle(idle=False)
    assert (told_of.known, told_of.retired, told_of.forgotten) == (2, 2, 0)
    assert [line["event"] for line in said] == ["series_retired"], "once, and not for each"


async def test_a_memory_that_is_full_says_that_it_forgets_record_keys(hasty: None) -> None:
    """What is forgotten is marked as new when it comes again: that must not come unannounced."""
    partition, told_of = Partition(*(batch("none", key=key, memory=True) for key in "abcdc")), Told()
    worker = Trends(partition.memory, SENSITIVE, partition.log, 2, told_of)
    await worker.assigned(CLEAN_RECORDS, {0})
    with structlog.testing.capture_logs() as said:
        for offset in range(5):
            await worker.handle(partition.deliveries(offset, offset))
            await worker.settle(idle=False)
    assert (told_of.retired, told_of.forgotten) == (0, 2)
    assert [line["event"] for line in said] == ["record_keys_forgotten"], "once, and not for each"
