"""What the warehouse and the stages with a memory write down: fenced, once, and found again by the heir."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from infra.errors import Fenced
from schemas.ids import digest
from schemas.intents import Intent, Sums
from tests.contract.delivery.crawl import HOST, Crawl, page

AT = "2026-01-01T00:00:00.000Z"


def topic() -> str:
    """A topic that no other test knows."""
    return f"t-{uuid4()}"


def intent(name: str, first: int, last: int, *skipped: str, partition: int = 0) -> Intent:
    return Intent(topic=name, partition=partition, first=first, last=last, skipped=frozenset(skipped),
                  ingested_at=AT, cluster="c")  # fmt: skip


async def run_with_batch(crawl: Crawl, *more: str) -> tuple[str, Sums]:
    """A run whose one page promised one batch (and some by their names), and what the warehouse will say of it."""
    run_id = await crawl.open("a")
    (task,) = await crawl.frontier.reserve(run_id, {HOST: 1})
    batch = digest("batch", run_id)
    others = [(digest(name, run_id), 5) for name in more]
    await crawl.ledger.close([page(task, records=5 + 5 * len(more), batches=[(batch, 5), *others])])
    return run_id, Sums(run_id=run_id, batches=[batch], stored=3, rejected=1, dropped=1)


async def test_an_owner_finds_what_its_predecessor_intended(crawl: Crawl) -> None:
    name = topic()
    epoch, newest = await crawl.intents.take(name, 0)
    assert newest is None
    await crawl.intents.begin(intent(name, 0, 9, "4", "7"), epoch)
    later, newest = await crawl.intents.take(name, 0)
    assert later > epoch
    assert newest == intent(name, 0, 9, "4", "7") and newest is not None and not newest.confirmed
    assert newest.token == intent(name, 0, 9).token


async def test_a_confirmed_intent_is_known_as_such(crawl: Crawl) -> None:
    name = topic()
    epoch, _ = await crawl.intents.take(name, 0)
    for first in (0, 10):
        await crawl.intents.begin(intent(name, first, first + 9), epoch)
        await crawl.intents.confirm(intent(name, first, first + 9), epoch, [])
    _, newest = await crawl.intents.take(name, 0)
    assert newest == replace(intent(name, 10, 19), confirmed=True)


async def test_the_moments_of_the_last_intents_are_told(crawl: Crawl) -> None:
    name = topic()
    assert await crawl.intents.moments(name, 0) == []
    epoch, _ = await crawl.intents.take(name, 0)
    times = [f"2026-01-01T00:00:{second:02}.500Z" for second in range(12)]
    for offset, at in enumerate(times):
        one = replace(intent(name, offset, offset), ingested_at=at)
        await crawl.intents.begin(one, epoch)
        await crawl.intents.confirm(one, epoch, [])
    assert await crawl.intents.moments(name, 0) == times[:1:-1]
    assert await crawl.intents.moments(name, 1) == []


async def test_an_owner_of_the_past_writes_nothing(crawl: Crawl) -> None:
    name = topic()
    run_id, sums = await run_with_batch(crawl)
    past, _ = await crawl.intents.take(name, 0)
    await crawl.intents.begin(intent(name, 0, 9), past)
    present, _ = await crawl.intents.take(name, 0)
    with pytest.raises(Fenced):
        await crawl.intents.confirm(intent(name, 0, 9), past, [sums])
    with pytest.raises(Fenced):
        await crawl.intents.begin(intent(name, 10, 19), past)
    _, newest = await crawl.intents.take(name, 0)
    assert newest == intent(name, 0, 9), "neither confirmed nor followed"
    assert (await crawl.state(run_id))[1].stored == 0
    with pytest.raises(Fenced):
        await crawl.intents.begin(intent(name, 10, 19), present)


async def test_partitions_have_owners_of_their_own(crawl: Crawl) -> None:
    name = topic()
    epoch, _ = await crawl.intents.take(name, 0)
    await crawl.intents.take(name, 1)
    await crawl.intents.take(topic(), 0)
    await crawl.intents.begin(intent(name, 0, 9), epoch)
    assert (await crawl.intents.take(name, 1))[1] is None


async def test_an_intent_said_twice_is_one(crawl: Crawl) -> None:
    """The answer was lost, so it is said again."""
    name = topic()
    epoch, _ = await crawl.intents.take(name, 0)
    for _ in range(2):
        await crawl.intents.begin(intent(name, 0, 9), epoch)
    await crawl.intents.confirm(intent(name, 0, 9), epoch, [])
    _, newest = await crawl.intents.take(name, 0)
    assert newest is not None and newest.confirmed


async def test_a_confirmation_said_twice_adds_once(crawl: Crawl) -> None:
    name = topic()
    run_id, sums = await run_with_batch(crawl)
    assert await crawl.frontier.short(run_id) != []
    epoch, _ = await crawl.intents.take(name, 0)
    await crawl.intents.begin(intent(name, 0, 0), epoch)
    for _ in range(2):
        await crawl.intents.confirm(intent(name, 0, 0), epoch, [sums])
    _, counts = await crawl.state(run_id)
    assert (counts.extracted, counts.stored, counts.rejected, counts.dropped) == (5, 3, 1, 1)
    assert await crawl.frontier.short(run_id) == []
    assert await crawl.frontier.promised(run_id) == (1, 5)


async def test_a_batch_that_comes_again_adds_nothing_again(crawl: Crawl) -> None:
    """A repeat that nobody recognised, under later offsets: with another that is new, in any order."""
    name = topic()
    run_id, sums = await run_with_batch(crawl)
    other_run, other = await run_with_batch(crawl)
    epoch, _ = await crawl.intents.take(name, 0)
    for first, told in enumerate(([sums], [sums, other], [other, sums])):
        await crawl.intents.begin(intent(name, first, first), epoch)
        await crawl.intents.confirm(intent(name, first, first), epoch, told)
    for run in (run_id, other_run):
        _, counts = await crawl.state(run)
        assert (counts.extracted, counts.stored, counts.rejected, counts.dropped) == (5, 3, 1, 1)


async def test_a_batch_that_was_not_promised_changes_no_accounts(crawl: Crawl) -> None:
    """Somebody else wrote it, under the run's name."""
    name = topic()
    run_id, sums = await run_with_batch(crawl)
    epoch, _ = await crawl.intents.take(name, 0)
    await crawl.intents.begin(intent(name, 0, 0), epoch)
    await crawl.intents.confirm(intent(name, 0, 0), epoch, [replace(sums, batches=[str(uuid4())])])
    assert (await crawl.state(run_id))[1].stored == 0 and await crawl.frontier.short(run_id) != []


async def test_a_page_that_is_not_stored_is_named(crawl: Crawl) -> None:
    run_id, _ = await run_with_batch(crawl)
    assert len(await crawl.frontier.short(run_id)) == 1


async def test_sums_of_a_run_that_is_gone_harm_nobody(crawl: Crawl) -> None:
    name, gone = topic(), Sums(run_id=str(uuid4()), batches=[str(uuid4())], stored=1, rejected=0, dropped=0)
    run_id, sums = await run_with_batch(crawl)
    epoch, _ = await crawl.intents.take(name, 0)
    await crawl.intents.begin(intent(name, 0, 0), epoch)
    await crawl.intents.confirm(intent(name, 0, 0), epoch, [gone, sums])
    assert (await crawl.state(run_id))[1].stored == 3


async def test_confirmations_of_the_same_runs_at_once_all_count(crawl: Crawl) -> None:
    """Two partitions, the same two runs: locks are taken in one order, and what loses a race is said again."""
    name = topic()
    runs = [await run_with_batch(crawl, *(f"batch {partition}" for partition in range(6))) for _ in range(2)]
    epochs = [(await crawl.intents.take(name, partition))[0] for partition in range(6)]

    async def store(partition: int) -> None:
        one = intent(name, 0, 0, partition=partition)
        sums = [replace(sums, batches=[digest(f"batch {partition}", run_id)]) for run_id, sums in runs]
        await crawl.intents.begin(one, epochs[partition])
        await crawl.intents.confirm(one, epochs[partition], sums if partition % 2 else sums[::-1])

    await asyncio.gather(*(store(partition) for partition in range(6)))
    assert [(await crawl.state(run_id))[1].stored for run_id, _ in runs] == [18, 18]


async def test_a_memory_is_found_as_it_was_left(crawl: Crawl) -> None:
    memory, name = crawl.memory(), topic()
    epoch, offset, blocks = await memory.take(name, 0)
    assert (offset, list(blocks)) == (0, [])
    await memory.write(name, 0, epoch, 5, [(-1, b"ids"), (0, b"zero"), (1, b"one")])
    await memory.write(name, 0, epoch, 9, [(1, b"uno"), (2, b"\0\xff")])
    later, offset, blocks = await memory.take(name, 0)
    assert later > epoch and offset == 9
    assert list(blocks) == [(-1, b"ids"), (0, b"zero"), (1, b"uno"), (2, b"\0\xff")]


async def test_an_owner_of_the_past_does_not_change_a_memory(crawl: Crawl) -> None:
    memory, name = crawl.memory(), topic()
    past, _, _ = await memory.take(name, 0)
    present, _, _ = await memory.take(name, 0)
    await memory.write(name, 0, present, 9, [(0, b"new")])
    with pytest.raises(Fenced):
        await memory.write(name, 0, past, 5, [(0, b"old"), (1, b"old")])
    assert (await memory.take(name, 0))[1:] == (9, [(0, b"new")])


async def test_a_memory_moves_with_whatever_block_is_written(crawl: Crawl) -> None:
    memory, name = crawl.memory(), topic()
    epoch, _, _ = await memory.take(name, 0)
    await memory.write(name, 0, epoch, 5, [(-1, b"ids"), (0, b"zero")])
    await memory.write(name, 0, epoch, 9, [(-1, b"later ids")])
    assert (await memory.take(name, 0))[1:] == (9, [(-1, b"later ids"), (0, b"zero")])
    with pytest.raises(ValueError):
        await memory.write(name, 0, epoch, 12, [])


async def test_memories_are_kept_apart_by_partition(crawl: Crawl) -> None:
    memory, name = crawl.memory(), topic()
    for partition in range(2):
        epoch, _, _ = await memory.take(name, partition)
        await memory.write(name, partition, epoch, partition + 1, [(0, bytes([partition]))])
    assert (await memory.take(name, 0))[1:] == (1, [(0, b"\0")])
    assert (await memory.take(name, 1))[1:] == (2, [(0, b"\1")])


async def test_tries_are_counted_until_somebody_else_is_tried(crawl: Crawl) -> None:
    suspects, name = crawl.suspects(), topic()
    assert [await suspects.begin(name, 0, 7, "alone") for _ in range(2)] == [1, 2]
    assert await suspects.begin(name, 0, 6, "alone") == 1, "one before it is tried when it comes again"
    assert await suspects.begin(name, 0, 7, "alone") == 3
    assert await suspects.begin(name, 0, 8, "alone") == 1
    assert await suspects.begin(name, 0, 7, "alone") == 1, "7 had ended well, or 8 would not have been tried"


async def test_who_has_passed_is_forgotten_and_who_comes_later_is_not(crawl: Crawl) -> None:
    suspects, name = crawl.suspects(), topic()
    for offset in (9, 7, 5):
        await suspects.begin(name, 0, offset, "alone")
    await suspects.begin(name, 0, -1, "batch")
    await suspects.passed(name, 0, 7)
    assert [await suspects.begin(name, 0, offset, "alone") for offset in (5, 7, 9)] == [1, 1, 2]
    assert await suspects.begin(name, 0, -1, "batch") == 2


async def test_a_mark_is_kept_apart_from_tries(crawl: Crawl) -> None:
    suspects, name = crawl.suspects(), topic()
    assert [await suspects.begin(name, 0, -1, "batch") for _ in range(2)] == [1, 2]
    await suspects.begin(name, 0, 7, "alone")
    assert await suspects.begin(name, 0, -1, "batch") == 3
    assert await suspects.begin(name, 1, -1, "batch") == 1


async def test_a_good_end_clears_a_partition_and_no_other(crawl: Crawl) -> None:
    suspects, name = crawl.suspects(), topic()
    for partition in range(2):
        await suspects.begin(name, partition, -1, "batch")
        await suspects.begin(name, partition, 7, "alone")
    await suspects.clear(name, 0)
    assert [await suspects.begin(name, partition, -1, "batch") for partition in range(2)] == [1, 2]
    assert [await suspects.begin(name, partition, 7, "alone") for partition in range(2)] == [1, 2]
