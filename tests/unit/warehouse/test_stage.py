"""Exactly once by intents: what an heir does with what its predecessor left."""

from typing import Any

import msgspec
import pytest

from infra.errors import Fenced
from schemas import codec
from schemas.events import CleanRecord
from schemas.ids import digest
from schemas.pinned import PinnedRun
from schemas.topics import CLEAN_RECORDS
from streams.errors import LogMoved
from streams.warehouse import stage as warehouse
from tests.unit.delivery.model import job
from tests.unit.warehouse.partitions import PLACE, Lost, Partition, batch, delivery


def lose(rows: object) -> None:
    """The worker ends before ClickHouse hears of it."""
    raise Lost


async def test_a_batch_of_messages_is_one_intent_and_is_settled_with_it() -> None:
    partition = Partition()
    partition.append("a", "b", "c")
    worker = await partition.worker()
    assert await worker.settle(idle=False) == {PLACE: 0}
    await partition.deliver(worker, 0, 2)
    (intent,) = partition.intents.intents[PLACE]
    assert (intent.first, intent.last, intent.confirmed, intent.cluster) == (0, 2, True, "cluster")
    assert [table for table, _, _ in partition.rows.inserts] == ["records", "batches"], "records are there first"
    assert len({token for _, _, token in partition.rows.inserts}) == 2
    assert await worker.settle(idle=False) == {PLACE: 3}


async def test_an_heir_sends_the_open_intent_again_as_it_was() -> None:
    partition = Partition()
    partition.append("a", "b", "a", "c", "d")
    first = await partition.worker()
    partition.rows.before = lose
    with pytest.raises(Lost):
        await partition.deliver(first, 0, 3)
    lost = partition.rows.inserts[-1]
    partition.rows.before, partition.clock = (lambda rows: None), "2026-02-02T00:00:00.000Z"
    heir = await partition.worker()
    assert await heir.settle(idle=True) == {PLACE: 0}
    for offset in range(3):  # it comes in other portions than before
        await partition.deliver(heir, offset, offset)
        assert partition.rows.ids() == [] and await heir.settle(idle=False) == {PLACE: 0}
    await partition.deliver(heir, 3, 4)
    assert partition.rows.inserts[1] == lost, "the same rows, the same moment, the same token"
    assert partition.rows.ids() == [digest(name) for name in "abcd"]
    assert [(intent.first, intent.last) for intent in partition.intents.intents[PLACE]] == [(0, 3), (4, 4)]
    assert await heir.settle(idle=False) == {PLACE: 5}


async def test_an_insert_that_landed_unheard_lands_once() -> None:
    partition = Partition()
    partition.append("a", "b")
    first = await partition.worker()

    async def confirm(*_: object) -> None:
        raise Lost

    original, partition.intents.confirm = partition.intents.confirm, confirm  # type: ignore[method-assign, assignment]
    with pytest.raises(Lost):
        await partition.deliver(first, 0, 1)
    assert partition.rows.ids() == [digest("a"), digest("b")]
    partition.intents.confirm = original  # type: ignore[method-assign]
    heir = await partition.worker()
    await partition.deliver(heir, 0, 1)
    assert partition.rows.ids() == [digest("a"), digest("b")]
    assert partition.intents.intents[PLACE][0].confirmed


async def test_what_is_stored_is_passed_over() -> None:
    partition = Partition()
    partition.append("a", "b", "c")
    first = await partition.worker()
    await partition.deliver(first, 0, 1)
    heir = await partition.worker()
    assert await heir.settle(idle=True) == {PLACE: 2}
    await partition.deliver(heir, 0, 2)
    assert partition.rows.ids() == [digest(name) for name in "abc"]
    assert [(intent.first, intent.last) for intent in partition.intents.intents[PLACE]] == [(0, 1), (2, 2)]


async def test_a_repeat_is_left_out_wherever_it_comes() -> None:
    partition = Partition()
    partition.append("a", "a", "b", "a", "b", "c")
    worker = await partition.worker()
    await partition.deliver(worker, 0, 2)
    await partition.deliver(worker, 3, 5)
    assert partition.rows.ids() == [digest(name) for name in "abc"]
    assert [sorted(intent.skipped) for intent in partition.intents.intents[PLACE]] == [["1"], ["3", "4"]]
    partition.append("c", "d")
    heir = await partition.worker()
    await partition.deliver(heir, 6, 7)
    assert partition.rows.ids() == [digest(name) for name in "abcd"], "an heir reads what was stored"


async def test_a_repeat_is_left_out_after_a_night_without_power_and_after_a_second_crash() -> None:
    """Nothing was stored within the hour; and an intent that left the repeats out is not what they are known by."""
    partition = Partition()
    partition.append("a", "b")
    await partition.deliver(await partition.worker(), 0, 1)
    partition.clock = "2026-01-01T09:00:00.000Z"
    partition.append("a", "b", "c")
    await partition.deliver(await partition.worker(), 2, 4)
    partition.append("a", "b", "c", "d")
    await partition.deliver(await partition.worker(), 5, 8)
    assert partition.rows.ids() == [digest(name) for name in "abcd"]


async def test_nothing_but_repeats_is_settled_without_an_insert() -> None:
    partition = Partition()
    partition.append("a", "a")
    worker = await partition.worker()
    await partition.deliver(worker, 0, 0)
    sent = len(partition.rows.inserts)
    await partition.deliver(worker, 1, 1)
    assert len(partition.rows.inserts) == sent and await worker.settle(idle=False) == {PLACE: 2}


async def test_large_batches_are_cut_into_inserts_that_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "MAX_ROWS", 10)
    partition = Partition()
    partition.append(*"abcde", records=4)
    partition.append("large", records=30)
    partition.append("f")
    worker = await partition.worker()
    await partition.deliver(worker, 0, 6)
    assert [(intent.first, intent.last) for intent in partition.intents.intents[PLACE]] == [
        (0, 1), (2, 3), (4, 4), (5, 5), (6, 6),
    ]  # fmt: skip
    assert len({token for _, _, token in partition.rows.inserts}) == 10
    assert len(partition.rows.ids()) == 7 and len(partition.rows.ids("records")) == 51


async def test_long_batches_are_cut_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "MAX_ROWS", 10)
    partition = Partition()
    for name in "abc":
        long = CleanRecord(id=digest(name), key=name, data={"text": "x" * (4 << 10)})
        partition.append_raw(codec.encode(msgspec.structs.replace(batch(name), records=[long])))
    await partition.deliver(await partition.worker(), 0, 2)
    assert [(intent.first, intent.last) for intent in partition.intents.intents[PLACE]] == [(0, 1), (2, 2)]


async def test_what_no_table_holds_is_a_letter_and_is_settled() -> None:
    partition = Partition()
    partition.append("a")
    flawed = batch("b")
    partition.append_raw(b"{")
    partition.log.append(CLEAN_RECORDS, b'{"version": 1, "id": "x", "dataset": "d", "run_id": "", "job_id": "", '
                         b'"url": "",'
                         b'"url_fp": "", "fetch_id": "", "fetched_at": ""}')  # fmt: skip
    partition.append("c")
    worker = await partition.worker()
    handled = await partition.deliver(worker, 0, 3)
    assert [(reject.code, reject.message.offset) for reject in handled.rejects] == [("not_storable", 2)]
    assert partition.rows.ids() == [digest("a"), digest("c")] and flawed.id not in partition.rows.ids()
    assert await worker.settle(idle=False) == {PLACE: 4}


def promised(partition: Partition, name: str, records: int) -> str:
    """A run that waits for this batch alone."""
    run = digest("run")
    frontier = partition.intents._frontier
    frontier.open(PinnedRun(id=run, job_id=digest("job"), dataset="d", description=job(2)), [])
    frontier.runs[run].batches[digest(name)] = (records, False)
    return run


@pytest.mark.parametrize(
    "flaw",
    [{"fetched_at": "yesterday"}, {"rejected": 7}, {"records": [CleanRecord(id="no id", key="k", data={})]}, {}],
    ids=repr,
)
async def test_a_batch_that_is_given_up_is_accounted_for_as_rejected(flaw: dict[str, Any]) -> None:
    """Or its run would wait for it for ever. Without a flaw: it killed its workers."""
    partition = Partition()
    run = promised(partition, "a", 3)
    partition.log.append(CLEAN_RECORDS, codec.encode(msgspec.structs.replace(batch("a", 3), **flaw)))
    worker = await partition.worker()
    (message,) = partition.log.topics[CLEAN_RECORDS]
    if flaw:
        (letter,) = (await worker.handle([delivery(message)])).rejects
        assert (letter.code, letter.run_id) == ("not_storable", run)
    else:
        assert (await worker.give_up(delivery(message), "it killed three workers")).rejects == []
    (row,) = partition.rows.tables["batches"]
    assert (row["counted_in"], row["stored"], row["rejected"], row["filtered"]) == (3, 0, 3, 0)
    assert partition.rows.tables["records"] == []
    counts = partition.intents._frontier.runs[run].counts
    assert (counts.stored, counts.rejected, await partition.intents._frontier.short(run)) == (0, 3, [])
    assert await partition.rows.of_run(run) == (1, 3) and await worker.settle(idle=False) == {PLACE: 1}


async def test_a_letter_is_written_again_when_its_message_comes_again() -> None:
    """The worker may have ended between the intent and the letter."""
    partition = Partition()
    partition.log.append(CLEAN_RECORDS, b'{"version": 1, "id": "x", "dataset": "d", "run_id": "", "job_id": "", '
                         b'"url": "",'
                         b'"url_fp": "", "fetch_id": "", "fetched_at": ""}')  # fmt: skip
    first = await partition.worker()
    before = await partition.deliver(first, 0, 0)
    heir = await partition.worker()
    after = await partition.deliver(heir, 0, 0)
    assert [reject.id for reject in before.rejects] == [reject.id for reject in after.rejects] != []


async def test_who_was_followed_stores_nothing_more() -> None:
    partition = Partition()
    partition.append("a")
    first = await partition.worker()
    await partition.worker()
    with pytest.raises(Fenced):
        await partition.deliver(first, 0, 0)
    assert partition.rows.inserts == []


@pytest.mark.parametrize(("begin", "end"), [(0, 1), (3, 9)])
async def test_a_log_that_does_not_fit_stops_the_stage(begin: int, end: int) -> None:
    partition = Partition()
    partition.append("a", "b")
    await partition.deliver(await partition.worker(), 0, 1)

    async def bounds(topic: str, number: int) -> tuple[int, int]:
        return begin, end

    partition.log.bounds = bounds  # type: ignore[method-assign, assignment]
    with pytest.raises(LogMoved, match=f"holds offsets {begin} to {end}.*before 2 is stored"):
        await partition.worker()


async def test_another_cluster_stops_the_stage_however_long_its_log_is() -> None:
    partition = Partition()
    partition.append("a", "b")
    await partition.deliver(await partition.worker(), 0, 1)
    partition.cluster = "another"
    partition.append("c")
    with pytest.raises(LogMoved, match="another"):
        await partition.worker()


async def test_a_partition_that_was_lost_is_not_settled() -> None:
    partition = Partition()
    worker = await partition.worker()
    await worker.assigned(CLEAN_RECORDS, {1})
    assert await worker.settle(idle=True) == {(CLEAN_RECORDS, 1): 0}
