"""A run is over when its sums close, and not before; if they do not, somebody is told."""

from uuid import uuid4

import pytest

from producers.dispatch.closing import ALERT_AFTER_S, ENOUGH_REJECTS, MANY_REJECTS, too_many_rejects
from schemas.codec import decode
from schemas.events import RunCounts
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, RUN_EVENTS, TRENDS
from tests.unit.dispatch.world import HOST, World


@pytest.fixture
def world() -> World:
    return World()


async def crawled(world: World, *batches: tuple[str, int], klass: str = "fetched") -> str:
    """A run whose one page is closed and promised these batches."""
    run_id = world.open("a")
    (task,) = await world.frontier.reserve(run_id, {HOST: 1})
    await world.close(task, outcome="fetched" if klass == "fetched" else "timeout", klass=klass, batches=batches)
    return run_id


async def look(world: World, run_id: str, **changes: object) -> str:
    await world.closer.look([await world.open_run(run_id, **changes)])
    return world.frontier.runs[run_id].state


async def test_a_run_with_something_to_do_goes_on(world: World) -> None:
    run_id = world.open("a", "b")
    assert await look(world, run_id) == "running"
    (task,) = await world.frontier.reserve(run_id, {HOST: 1})
    await world.close(task)
    assert await look(world, run_id) == "running", "one waits"
    (task,) = await world.frontier.reserve(run_id, {HOST: 1})
    assert await look(world, run_id) == "running", "one is under way"


async def test_a_run_that_is_not_seeded_has_not_ended(world: World) -> None:
    run_id = await crawled(world)
    assert await look(world, run_id, seeded=False) == "running"


async def test_a_run_without_records_ends_at_once(world: World) -> None:
    assert await look(world, await crawled(world)) == "completed"


async def test_a_run_waits_for_its_batches(world: World) -> None:
    batch = str(uuid4())
    run_id = await crawled(world, (batch, 3))
    assert await look(world, run_id) == "finishing"
    assert await look(world, run_id) == "finishing"
    await world.store(run_id, batch, 3)
    assert await look(world, run_id) == "completed"


async def test_confirmed_is_not_enough_when_clickhouse_holds_something_else(world: World) -> None:
    batch = str(uuid4())
    run_id = await crawled(world, (batch, 3))
    await world.store(run_id, batch, 2)
    assert await look(world, run_id) == "finishing"
    assert await look(world, run_id, finishing_s=ALERT_AFTER_S + 1) == "finishing"
    assert "holds (1, 2)" in world.frontier.alerts[0][2] and "1 batches of 3 records" in world.frontier.alerts[0][2]


async def test_clickhouse_that_is_away_is_asked_once_a_second_and_holds_nobody_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, asked = str(uuid4()), 0
    run_id = await crawled(world, (batch, 3))
    await world.store(run_id, batch, 3)

    async def away(_: str) -> None:
        nonlocal asked
        asked += 1

    with monkeypatch.context() as outage:
        outage.setattr(world.rows, "of_run", away)
        for seconds in (0.0, 0.1, 0.9, 1.1, 1.5, 2.2, ALERT_AFTER_S + 1):
            assert await look(world, run_id, finishing_s=seconds) == "finishing"
    assert asked == 4 and "ClickHouse does not say" in world.frontier.alerts[0][2]
    assert await look(world, run_id, finishing_s=ALERT_AFTER_S + 3) == "completed"


async def test_who_does_not_close_is_told_once_with_its_pages(world: World) -> None:
    run_id = await crawled(world, (str(uuid4()), 3))
    for seconds in (0.0, ALERT_AFTER_S - 1):
        await look(world, run_id, finishing_s=seconds)
    assert world.frontier.alerts == []
    for seconds in (ALERT_AFTER_S + 1, ALERT_AFTER_S + 2):
        await look(world, run_id, finishing_s=seconds)
    ((subject, kind, message),) = world.frontier.alerts
    assert (subject, kind) == (run_id, "run_does_not_close") and "1 pages or more" in message


async def test_a_run_of_which_no_page_came_has_failed(world: World) -> None:
    run_id = await crawled(world, klass="failed")
    assert await look(world, run_id) == "failed"
    event = decode(RUN_EVENTS, world.frontier.outbox_rows[-1].value)
    assert event.state == "failed" and event.reason


async def test_completed_carries_the_ends_of_what_it_wrote(world: World) -> None:
    world.log.append(CLEAN_RECORDS, b"x")
    world.log.append(CLEAN_RECORDS, b"x")
    world.log.append(TRENDS, b"x")
    await look(world, await crawled(world))
    event = decode(RUN_EVENTS, world.frontier.outbox_rows[-1].value)
    assert event.end_offsets == {CLEAN_RECORDS: {"0": 2}, TRENDS: {"0": 1}, PAGE_OUTCOMES: {"0": 0}}


@pytest.mark.parametrize(
    ("rejected", "extracted", "many"),
    [(MANY_REJECTS, 1500, True), (MANY_REJECTS - 1, 999, False), (MANY_REJECTS, 10_000, False), (0, 0, False)],
)
def test_rules_that_do_not_fit_are_told_from_a_few_bad_records(rejected: int, extracted: int, many: bool) -> None:
    assert too_many_rejects(RunCounts(rejected=rejected, extracted=extracted)) is many


async def test_a_flood_of_rejects_fails_the_run_and_drops_its_queue(world: World) -> None:
    run_id = world.open("a", "b")
    assert await look(world, run_id, counts=RunCounts(rejected=2000, extracted=2000)) == "failed"
    assert world.frontier.runs[run_id].counts.queued == 0


@pytest.mark.parametrize(
    ("rejected", "extracted", "state"),
    [(ENOUGH_REJECTS, 2 * ENOUGH_REJECTS - 1, "failed"), (5000, 5000, "failed"), (ENOUGH_REJECTS - 1, 19, "completed"),
     (ENOUGH_REJECTS, 2 * ENOUGH_REJECTS, "completed")],
)  # fmt: skip
async def test_a_run_whose_rejects_are_counted_last_fails_nevertheless(
    world: World, rejected: int, extracted: int, state: str
) -> None:
    batch = str(uuid4())
    run_id = await crawled(world, (batch, extracted))
    assert await look(world, run_id) == "finishing"
    before = await world.open_run(run_id)
    await world.store(run_id, batch, extracted)
    world.frontier.runs[run_id].rejected = rejected
    await world.closer.look([before])
    assert world.frontier.runs[run_id].state == state
    event = decode(RUN_EVENTS, world.frontier.outbox_rows[-1].value)
    assert event.state == state and event.end_offsets, "all of it is stored, whatever came of it"
    assert (f"{rejected} of {extracted} records were rejected" in event.reason) is (state == "failed")


async def test_a_replay_that_read_nothing_says_what_was_not_there(world: World) -> None:
    run_id = await crawled(world, klass="failed")
    assert await look(world, run_id, kind="replay") == "failed"
    [*_, last] = [decode(said.topic, said.value) for said in await world.frontier.outbox() if said.topic == RUN_EVENTS]
    assert last.reason == "No stored page could be read."
