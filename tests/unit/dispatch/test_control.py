"""What dispatch makes of a run that is paused, stopped, slowed or preferred."""

from collections import Counter

import pytest

from schemas.codec import decode
from schemas.topics import RUN_EVENTS
from tests.unit.dispatch.world import HOST, World

PAGES = [f"{number}" for number in range(200)]


@pytest.fixture
def world() -> World:
    return World()


async def test_a_paused_run_gets_nothing_and_goes_on_with_what_it_had(world: World) -> None:
    run_id = world.open(*PAGES, delay=1)
    dispatch = world.dispatch()
    await dispatch.round()
    before = world.tasks()
    world.frontier.runs[run_id].pause(True)
    for _ in range(3):
        dispatch._checked_lost = float("-inf")
        await dispatch.round()
    assert world.tasks() == before, "neither new tasks nor the old ones again"
    world.frontier.runs[run_id].pause(False)
    await dispatch.round()
    again = world.tasks()[len(before) :]
    assert {(task.url, task.attempt) for task in again} == {(task.url, task.attempt + 1) for task in before}
    await dispatch.round()
    assert len(world.tasks()) == 2 * len(before), "once"


async def test_what_a_paused_run_has_under_way_takes_no_room_from_others(world: World) -> None:
    paused = world.open(*PAGES, delay=1)
    dispatch = world.dispatch()
    await dispatch.round()
    other = world.open("x", "y", delay=1)
    await dispatch.round()
    assert {task.run_id for task in world.tasks()} == {paused}, "the host has enough in hand"
    world.frontier.runs[paused].pause(True)
    await dispatch.round()
    assert [task.run_id for task in world.tasks()[2:]] == [other, other]


async def test_a_stopped_run_completes_with_what_was_under_way(world: World) -> None:
    run_id = world.open(*PAGES, delay=1)
    dispatch = world.dispatch()
    await dispatch.round()
    world.frontier.runs[run_id].stopped = True
    await dispatch.round()
    counts = world.frontier.runs[run_id].counts
    assert (counts.queued, counts.issued, counts.filtered) == (0, 2, len(PAGES) - 2)
    left = [row for row in world.frontier.runs[run_id].rows.values() if row.klass == "filtered"]
    assert {(row.outcome, row.reason) for row in left} == {("cancelled", "stopped")}
    for task in world.tasks():
        await world.close(task)
    await dispatch.round()
    assert world.frontier.runs[run_id].state == "completed"


async def test_a_run_that_was_stopped_at_once_has_not_failed(world: World) -> None:
    run_id = world.open("a")
    world.frontier.runs[run_id].stopped = True
    for _ in range(2):
        await world.dispatch().round()
    assert world.frontier.runs[run_id].state == "completed" and world.tasks() == []


async def test_another_delay_is_in_the_tasks_and_in_the_credit_at_once(world: World) -> None:
    run_id = world.open(*PAGES, delay=1, concurrency=4)
    dispatch = world.dispatch()
    await dispatch.round()
    assert [task.politeness.delay for task in world.tasks()] == [1.0, 1.0]
    world.frontier.runs[run_id].delay = 0.1
    await dispatch.round()
    assert len(world.tasks()) == 11, "ten a second, and one on its way"
    assert {task.politeness.delay for task in world.tasks()[2:]} == {0.1}
    world.frontier.runs[run_id].delay = 0.0
    await dispatch.round()
    assert world.tasks()[-1].politeness.concurrency == 4, "without a delay the job's own concurrency holds"
    given = len(world.tasks())
    world.frontier.runs[run_id].delay = 5.0
    await dispatch.round()
    assert len(world.tasks()) == given


async def test_priority_between_runs_may_change_while_they_run(world: World) -> None:
    runs = [world.open(*PAGES, delay=1) for _ in range(2)]
    dispatch = world.dispatch()
    served: list[Counter[str]] = []
    for priority in (0, 1):
        world.frontier.runs[runs[1]].priority = priority
        served.append(Counter())
        for _ in range(40):
            seen = len(world.tasks())
            await dispatch.round()
            for task in world.tasks()[seen:]:
                served[-1][task.run_id] += 1
                await world.close(task)
    assert served[0][runs[0]] == pytest.approx(served[0][runs[1]], abs=2)
    assert served[1][runs[1]] >= 3 * served[1][runs[0]] > 0, "four times as often, and nobody starves"


async def test_a_daily_budget_is_the_jobs_and_the_hosts(world: World) -> None:
    run_id = world.open(*PAGES[:20], daily_pages=7)
    world.open("z", host="elsewhere.test", daily_pages=7)
    dispatch = world.dispatch()
    for _ in range(6):
        seen = len(world.tasks())
        await dispatch.round()
        for task in world.tasks()[seen:]:
            await world.close(task)
    assert Counter(task.host for task in world.tasks()) == {HOST: 7, "elsewhere.test": 1}
    assert world.frontier.runs[run_id].state == "running", "its pages wait for tomorrow"


async def test_nobody_is_told_of_an_estimate(world: World) -> None:
    world.frontier.runs[world.open("a")].kind = "estimate"
    world.log.topics[RUN_EVENTS].clear()
    world.frontier.outbox_rows.clear()
    await world.dispatch().round()
    assert len(world.tasks()) == 1 and world.log.topics[RUN_EVENTS] == []


async def test_progress_says_that_a_run_is_paused(world: World) -> None:
    world.frontier.runs[world.open("a")].pause(True)
    await world.dispatch().round()
    events = [decode(RUN_EVENTS, message.value) for message in world.log.topics[RUN_EVENTS]]
    assert [event.paused for event in events if event.kind == "progress"] == [True]


async def test_an_estimate_whose_gateway_is_gone_is_cancelled(world: World) -> None:
    left, old = world.open(*PAGES, delay=1), world.open("a", host="elsewhere.test")
    world.frontier.runs[left].kind = "estimate"
    dispatch = world.dispatch()
    await dispatch.round()
    assert world.frontier.runs[left].state == "running", "somebody waits for it"
    for run_id in (left, old):
        world.frontier.runs[run_id].opened_at -= 61.0
    await dispatch.round()
    assert [world.frontier.runs[run_id].state for run_id in (left, old)] == ["cancelled", "running"]
