"""Which tasks lead to a visit: each try one, those of wanted runs, when their run wants it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from producers.fetch import fleet as fleet_module
from schemas.leases import RunState
from tests.unit.fetch.virtual import VirtualTime
from tests.unit.fetch.world import OTHER, RUN, World, kinds, page, refused, task

Play = Callable[[Any], Any]
SHOP = "http://shop.test"


def test_a_try_that_was_answered_is_not_made_again_but_the_next_one_is(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = lambda url: page(url, 503)
            world.fleet.take([task(f"{SHOP}/busy", attempt=1, tries=0)])
            await world.answers(1)
            world.fleet.take([task(f"{SHOP}/busy", attempt=2, tries=0)])
            await world.passes(20)
            assert len(world.web.hits) == 1, "issued again before its answer was read"
            world.fleet.take([task(f"{SHOP}/busy", attempt=3, tries=1)])
            assert [result.tries for result in await world.answers(2)] == [0, 1]

    play(story())


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_try_that_is_under_way_is_not_made_again(clock: VirtualTime, play: Play, concurrency: int) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = lambda url: page(url, took=4.0)
            world.fleet.take([task(f"{SHOP}/slow", attempt=1, concurrency=concurrency)])
            await world.until(lambda: world.web.hits)
            world.fleet.take([task(f"{SHOP}/slow", attempt=2, concurrency=concurrency)])
            await world.passes(1)
            world.fleet.take([task(f"{SHOP}/slow", attempt=3, concurrency=concurrency)])
            await world.passes(20)
            assert len(world.web.hits) == len(world.broker.results) == 1
            assert world.fleet.waiting == 0

    play(story())


def test_a_visit_that_fails_makes_way_for_what_was_issued_again_meanwhile(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[f"{SHOP}/slow"] = lambda url: refused(url, took=4.0)
            world.fleet.take([task(f"{SHOP}/slow", attempt=1, concurrency=3)])
            await world.until(lambda: world.web.hits)
            world.fleet.take([task(f"{SHOP}/slow", attempt=2, concurrency=3)])
            await world.passes(1)
            assert len(world.web.hits) == 1
            assert [result.attempt for result in await world.answers(2, 15.0)] == [1, 2]

    play(story())


def test_a_try_that_brought_nothing_is_made_again_when_it_is_issued_again(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = refused
            world.fleet.take([task(f"{SHOP}/a", attempt=1)])
            await world.answers(1)
            world.fleet.take([task(f"{SHOP}/a", attempt=2)])
            assert [result.attempt for result in await world.answers(2, 5.0)] == [1, 2]

    play(story())


def test_a_later_attempt_takes_the_place_of_one_that_waits(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.fleet.take([task(f"{SHOP}/first", delay=5.0), task(f"{SHOP}/a", delay=5.0)])
            await world.passes(1)
            world.fleet.take([task(f"{SHOP}/a", attempt=2, delay=5.0)])
            await world.passes(30)
            assert [(hit.path, result.attempt) for hit, result in zip(world.web.hits, world.broker.results, strict=True)
                    ] == [("/first", 1), ("/a", 2)]  # fmt: skip

    play(story())


def test_a_page_that_was_seen_lately_is_answered_without_a_visit_or_a_lease(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            await world.taken("shop.test")
            world.fleet.take([task(f"{SHOP}/{n}", rested="Seen an hour ago.", delay=9.0) for n in range(500)])
            results = await world.answers(500, 0.5)
            assert world.web.hits == []
            assert {(r.status, r.failure, r.reason) for r in results} == {(304, None, "Seen an hour ago.")}

    play(story())


def test_tasks_of_a_run_that_is_over_are_dropped_within_a_second(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.fleet.take([task(f"{SHOP}/{n}", delay=0.4) for n in range(20)])
            world.fleet.take([task(f"{SHOP}/other", run=OTHER, delay=0.4)])
            await world.passes(2)
            del world.leases.runs[RUN]
            await world.passes(1.1)
            seen = len(world.web.hits)
            await world.passes(5)
            assert [hit.path for hit in world.web.hits[seen:]] == ["/other"] or world.web.hits[-1].path == "/other"
            assert seen <= 9
            world.fleet.take([task(f"{SHOP}/late")])
            await world.passes(5)
            assert world.web.times(path="/late") == []

    play(story())


def test_a_task_of_a_paused_run_is_never_visited_even_when_it_is_the_first_word_of_it(
    clock: VirtualTime, play: Play
) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.leases.runs[RUN] = RunState(paused=True)
            world.fleet.take([task(f"{SHOP}/other", run=OTHER)])
            await world.answers(1, 0.1)
            world.fleet.take([task(f"{SHOP}/paused"), task(f"{SHOP}/more", run=OTHER)])
            await world.answers(2, 0.1)
            await world.passes(20)
            assert [hit.path for hit in world.web.hits] == ["/other", "/more"], "the others of the host go on"
            assert "shop.test" in world.leases.held()

    play(story())


@pytest.mark.parametrize("told", [True, False])
def test_pause_and_resume_act_within_a_second_and_at_once_when_told(clock: VirtualTime, play: Play, told: bool) -> None:
    limit = 0.26 if told else 1.01

    async def story() -> None:
        async with World(clock).working() as world:

            async def becomes(paused: bool) -> None:
                world.leases.runs[RUN] = RunState(paused=paused)
                if told:
                    world.fleet.runs_changed.set()
                await world.passes(limit)

            world.fleet.take([task(f"{SHOP}/{n}", delay=0.1) for n in range(200)])
            await world.passes(3)
            await becomes(True)
            seen = len(world.web.hits)
            await world.passes(30)
            assert len(world.web.hits) == seen
            await becomes(False)
            assert len(world.web.hits) > seen
            assert [hit.path for hit in world.web.hits] == [f"/{n}" for n in range(len(world.web.hits))], "in order"

    play(story())


@pytest.mark.parametrize(("before", "after"), [(0.1, 5.0), (60.0, 0.5)])
def test_a_changed_delay_acts_on_the_very_next_visit(
    clock: VirtualTime, play: Play, before: float, after: float
) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.fleet.take([task(f"{SHOP}/{n}", delay=before) for n in range(100)])
            await world.passes(2)
            seen = len(world.web.hits)
            world.leases.runs[RUN] = RunState(delay=after)
            world.fleet.runs_changed.set()
            await world.passes(20)
            times = world.web.times()[seen - 1 :]
            gaps = [b - a for a, b in pairwise(times)]
            assert len(gaps) >= 3
            if before > after:
                assert 2.0 <= times[1] < 2.3, "in the middle of the long pause"
                del gaps[0]
            elif gaps[0] < after:
                del gaps[0]  # it began before the news had come
            assert all(gap == pytest.approx(after, abs=0.05) for gap in gaps)

    play(story())


def test_a_shorter_delay_never_overrules_what_the_host_asked_for(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[f"{SHOP}/0"] = lambda url: page(url, 429, retry_after="90")
            world.fleet.take([task(f"{SHOP}/{n}", delay=10.0) for n in range(3)])
            await world.passes(2)
            world.leases.runs[RUN] = RunState(delay=0.0)
            await world.answers(3)
            assert world.web.times()[1] >= 90.0

    play(story())


def test_news_is_not_a_query_each_time(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.fleet.take([task(f"{SHOP}/{n}", delay=1.0) for n in range(30)])
            await world.passes(1)
            before = world.leases.asked_about_runs
            for _ in range(1000):
                world.fleet.runs_changed.set()
                await world.passes(0.01)
            assert world.leases.asked_about_runs - before <= 41

    play(story())


def test_between_two_runs_the_longer_delay_counts(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            hasty = [task(f"{SHOP}/hasty{n}", run=OTHER, delay=0.0) for n in range(3)]
            patient = [task(f"{SHOP}/patient{n}", delay=4.0) for n in range(3)]
            world.fleet.take([one for pair in zip(hasty, patient, strict=True) for one in pair])
            await world.answers(6)
            times = world.web.times()
            assert all(b - a >= 4.0 for a, b in pairwise(times))

    play(story())


def test_too_much_to_do_is_said(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            await world.taken("shop.test")
            world.fleet.take([task(f"{SHOP}/{n}") for n in range(fleet_module.MAX_WAITING)])
            assert world.fleet.full

    play(story())


@pytest.mark.parametrize("held_up_by", ["a slow robots.txt", "a failing host", "a pause"])
def test_hosts_that_stand_still_do_not_fill_the_fetcher(clock: VirtualTime, play: Play, held_up_by: str) -> None:
    """What they cannot come to soon goes back to the frontier, uncounted; the others go on at full speed."""

    async def story() -> None:
        async with World(clock).working() as world:
            obey = held_up_by == "a slow robots.txt"
            for host in range(20):
                base = f"http://slow{host}.test"
                world.web.answers[f"{base}/robots.txt"] = lambda url: page(
                    url, 200, b"User-agent: *\nCrawl-delay: 600\n"
                )
                if held_up_by == "a failing host":
                    world.web.answers |= {f"{base}/{n}": refused for n in range(256)}
                if held_up_by == "a pause":
                    world.leases.runs[RUN] = RunState(paused=True)
                world.fleet.take([task(f"{base}/{n}", respect_robots=obey) for n in range(256)])
            assert world.fleet.full
            await world.until(lambda: not world.fleet.full, 20.0)
            seen = len(world.broker.results)
            world.fleet.take([task(f"{SHOP}/{n}", run=OTHER, concurrency=8) for n in range(500)])
            await world.until(lambda: len(world.web.times("shop.test")) == 500, 2.0)
            assert set(kinds(world.broker.results[:seen])) <= {"resting", "200", "connect_failed"}
            assert kinds(world.broker.results[:seen]).count("resting") > 2000

    play(story())
