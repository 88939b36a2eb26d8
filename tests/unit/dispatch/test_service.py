"""Rounds of dispatch: what goes out, what goes out again, and what is said."""

import asyncio
import time
from typing import Any

import pytest

from producers.dispatch import progress, service
from producers.dispatch.brake import LEAST_FREE
from schemas.codec import decode
from schemas.events import Politeness
from schemas.topics import FETCH_TASKS, RUN_EVENTS
from tests.unit.dispatch.world import HOST, World


@pytest.fixture
def world() -> World:
    return World()


class Clock:
    """Monotonic time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(time, "monotonic", found)
    return found


async def test_a_round_publishes_what_is_ready_as_the_job_wants_it(world: World) -> None:
    run_id = world.open("a", "b", concurrency=4, respect_robots=False, user_agent="Me/1", timeout=7, max_body=5000,
                        headers={"X": "y"})  # fmt: skip
    await world.dispatch().round()
    tasks = world.tasks()
    assert [task.url for task in tasks] == ["http://site.test/a", "http://site.test/b"]
    first = tasks[0]
    assert (first.run_id, first.attempt, first.user_agent, first.timeout, first.max_body, first.headers) == (
        run_id, 1, "Me/1", 7.0, 5000, {"X": "y"},
    )  # fmt: skip
    assert (first.politeness.concurrency, first.politeness.delay, first.politeness.respect_robots) == (4, 0.0, False)
    assert await world.frontier.unpublished(0.0) == []
    await world.dispatch().round()
    assert len(world.tasks()) == 2, "each once"


async def test_a_delay_means_one_visit_at_a_time(world: World) -> None:
    world.open("a", delay=2, concurrency=8, adaptive=False, host_patience=60)
    await world.dispatch().round()
    assert world.tasks()[0].politeness == Politeness(delay=2.0, concurrency=1, adaptive=False, patience=60.0)


async def test_a_host_with_a_delay_gets_no_backlog(world: World) -> None:
    world.open(*(f"{number}" for number in range(50)), delay=1)
    dispatch = world.dispatch()
    for _ in range(5):
        await dispatch.round()
    assert len(world.tasks()) == 2


async def test_what_a_dispatch_did_not_live_to_publish_goes_out_under_the_same_attempt(world: World) -> None:
    run_id = world.open("a")
    await world.frontier.reserve(run_id, {HOST: 1})  # and it is killed
    await run_until(world.dispatch(), lambda: bool(world.tasks()))
    (task,) = world.tasks()
    assert task.attempt == 1 and await world.frontier.unpublished(0.0) == []


async def test_a_running_dispatch_looks_for_what_was_left_behind_too(world: World, clock: Clock) -> None:
    run_id = world.open("a")
    dispatch = world.dispatch()
    world.free = 0  # it gives nothing out of its own
    await dispatch.round()
    await world.frontier.reserve(run_id, {HOST: 1})  # another one does, and is killed
    await dispatch.round()
    assert world.tasks() == [], "it may be about to publish"
    clock.now += 6
    await dispatch.round()
    assert len(world.tasks()) == 1


async def test_lost_tasks_go_out_under_the_next_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = world.open("a")
    dispatch = world.dispatch()
    await dispatch.round()
    row = next(iter(world.frontier.runs[run_id].rows.items()))

    async def overdue() -> list[Any]:
        return [world.frontier._issue(run_id, *row)]

    monkeypatch.setattr(world.frontier, "reissue_overdue", overdue)
    dispatch._checked_lost = 0.0
    await dispatch.round()
    assert [task.attempt for task in world.tasks()] == [1, 2]


async def test_the_outbox_is_relayed_in_order_and_as_it_was_written(world: World) -> None:
    run_id = world.open("a")
    await world.frontier.to_finishing(run_id)
    written = [said.value for said in world.frontier.outbox_rows]
    await world.dispatch().round()
    messages = world.log.topics[RUN_EVENTS]
    assert [message.value for message in messages][:2] == written
    assert world.frontier.outbox_rows == []
    assert messages[0].header("ce_id") == decode(RUN_EVENTS, written[0]).id


async def test_a_cancelled_run_is_ended_and_the_next_one_goes_on(world: World) -> None:
    cancelled, other = world.open("a"), world.open("b")
    world.frontier.runs[cancelled].cancelled = True
    await world.dispatch().round()
    assert world.frontier.runs[cancelled].state == "cancelled"
    assert [task.run_id for task in world.tasks()] == [other]


async def test_a_full_disk_stops_what_is_given_out_until_it_is_not(world: World) -> None:
    world.open("a")
    dispatch, world.free = world.dispatch(), LEAST_FREE - 1
    for _ in range(3):
        await dispatch.round()
    assert world.tasks() == []
    assert [(subject, kind) for subject, kind, _ in world.frontier.alerts] == [("system", "brake")]
    world.free = LEAST_FREE
    await dispatch.round()
    assert len(world.tasks()) == 1 and world.frontier.closed_alerts == ["system"]


async def test_progress_is_told_on_change_and_at_most_once_a_second(world: World, clock: Clock) -> None:
    world.open("a", "b", "c", delay=1)
    dispatch = world.dispatch()

    def told() -> int:
        events = [decode(RUN_EVENTS, message.value) for message in world.log.topics[RUN_EVENTS]]
        return sum(event.kind == "progress" for event in events)

    await dispatch.round()
    assert told() == 1
    await dispatch.round()
    assert told() == 1, "the accounts have changed, but a second is not over"
    clock.now += progress.EVERY_S
    await dispatch.round()
    assert told() == 2
    clock.now += progress.EVERY_S
    await dispatch.round()
    assert told() == 2, "nothing has changed"
    clock.now += progress.AT_LEAST_EVERY_S
    await dispatch.round()
    assert told() == 3, "somebody may have joined"


async def test_a_round_says_when_the_next_one_is_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = world.open("a")
    dispatch = world.dispatch()
    assert await dispatch.round() == service.MAX_ROUND_S
    row = next(iter(world.frontier.runs[run_id].rows.values()))
    monkeypatch.setattr(service, "MAX_ROUND_S", 3600.0)
    row.state, row.not_before = "queued", time.time() + 1000
    assert 0.0 < await dispatch.round() <= 1000


async def test_waking_it_makes_it_look_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_ROUND_S", 3600.0)
    dispatch = world.dispatch()
    stopping = asyncio.Event()
    running = asyncio.create_task(dispatch.run(stopping))
    await until(lambda: not dispatch.wake.is_set() and dispatch._checked_lost > 0)
    world.open("a")
    dispatch.wake.set()
    await until(lambda: bool(world.log.topics[FETCH_TASKS]))
    stopping.set()
    await running


async def run_until(dispatch: service.Dispatch, condition: Any) -> None:
    """Runs it until something is so, then lets it finish."""
    stopping = asyncio.Event()
    running = asyncio.create_task(dispatch.run(stopping))
    await until(condition)
    stopping.set()
    await running


async def until(condition: Any) -> None:
    """Returns when it is so; everything here happens in this loop, which gets its turns."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # it is another task's
            await asyncio.sleep(0)
