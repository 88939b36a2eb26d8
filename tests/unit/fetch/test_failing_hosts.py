"""A failing host is left alone and its pages wait; a page that fails alone fails soon; no host slows another."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from producers.politeness.breaker import OPENS_AT
from schemas.leases import HostRecord
from schemas.outcomes import outcome_of_status
from schemas.retry import Retry, decide
from tests.unit.fetch.virtual import VirtualTime
from tests.unit.fetch.world import OTHER, Answer, World, kinds, page, refused, task

Play = Callable[[Any], Any]
SHOP = "http://shop.test"


async def crawl(world: World, pages: int, **politeness: Any) -> None:
    """What the frontier does with a host's pages: few under way, back when they rest, to the end."""
    waiting = [(0.0, f"{SHOP}/{n}", 0) for n in range(pages)]
    told, attempt = len(world.broker.results), 0
    under_way: set[str] = set()
    while waiting or under_way:
        ready = [entry for entry in waiting if entry[0] <= world.clock.passed][: max(0, 2 - len(under_way))]
        for entry in ready:
            waiting.remove(entry)
            under_way.add(entry[1])
            attempt += 1
            world.fleet.take([task(entry[1], attempt=attempt, tries=entry[2], **politeness)])
        await world.passes(0.05)
        for answer in world.broker.results[told:]:
            under_way.discard(answer.url)
            if answer.resting:
                waiting.append((world.clock.passed + (answer.retry_after or 0.0), answer.url, answer.tries))
            elif not answer.given_up:
                now = world.clock.passed
                kind = answer.failure or outcome_of_status(answer.status or 0).name
                what = decide(kind, answer.status, answer.tries + 1, answer.retry_after, now, lambda: 0.5)
                if isinstance(what, Retry):
                    waiting.append((what.not_before, answer.url, answer.tries + 1))
        told = len(world.broker.results)


@pytest.mark.parametrize("respect_robots", [False, True])
def test_one_dead_page_fails_within_seconds(clock: VirtualTime, play: Play, respect_robots: bool) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = refused
            for _ in range(4):  # somebody asks again and again: the host is not taken to be dead for one page
                before, began = len(world.broker.results), world.clock.passed
                await crawl(world, 1, respect_robots=respect_robots)
                assert kinds(world.broker.results[before:]) == ["connect_failed"] * 3
                assert world.clock.passed - began < 15
                await world.passes(20)

    play(story())


def test_one_page_that_fails_again_and_again_slows_its_host_down_once(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = refused
            for tries in range(12):
                world.fleet.take([task(f"{SHOP}/dead", attempt=tries + 1, tries=tries)])
                await world.answers(tries + 1, 1.2)

    play(story())


def test_a_dead_host_is_tried_ever_less_and_given_up_when_patience_ends(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = refused
            await crawl(world, 40, patience=900.0)
            assert 900 < world.clock.passed < 930
            times, said = world.web.times(), kinds(world.broker.results)
            assert said.count("connect_failed") == OPENS_AT - 1
            assert said.count("given up") == 40
            gaps = [b - a for a, b in pairwise(times)]
            assert len(times) <= 14 and gaps == sorted(gaps), "twice as long each time"
            last = [result for result in world.broker.results if result.given_up]
            assert {result.failure for result in last} == {"connect_failed"}

    play(story())


def test_a_host_that_comes_back_loses_no_page_and_counts_no_try_of_those_that_waited(
    clock: VirtualTime, play: Play
) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            back = 400.0
            world.web.default = lambda url: page(url) if world.clock.passed > back else page(url, 503)
            await crawl(world, 60, concurrency=4)
            fine = [result for result in world.broker.results if result.status == 200]
            assert len({result.url for result in fine}) == 60 == len(fine)
            assert sum(result.tries for result in fine) <= OPENS_AT
            probes = [hit for hit in world.web.hits if 60 < hit.at < back]
            assert 1 <= len(probes) <= 5 and all(hit.beside == 0 for hit in probes), "one at a time, ever less"
            assert world.clock.passed < back + 256 + 60, "it is not made to wait long for its recovery"

    play(story())


def test_an_heir_knows_that_the_host_is_failing_and_since_when(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        world = World(clock)
        world.web.default = refused
        await world.remember("shop.test", HostRecord(100.0, 128.0, 128.0, 0.0, 9, 850.0, "timeout"))
        async with world.working():
            world.fleet.take([task(f"{SHOP}/patient", patience=5000.0), task(f"{SHOP}/hasty", run=OTHER)])
            (first,) = await world.answers(1)
            assert 49.0 < world.clock.passed < 52.0, "its patience of 900 s began with the failing"
            assert (first.url, first.given_up, first.failure) == (f"{SHOP}/hasty", True, "timeout")
            second = (await world.answers(2))[1]
            assert 100.0 <= world.clock.passed < 101.0
            assert second.resting and second.retry_after == pytest.approx(256.0, abs=1.0)
            await world.passes(3.0)
            record = world.recorded("shop.test")
            assert record.failures == 10 and record.failing_s == pytest.approx(850 + world.clock.passed, abs=2.0)

    play(story())


def test_a_status_by_which_it_was_given_up_is_told(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        world = World(clock)
        await world.remember("shop.test", HostRecord(60.0, 8.0, 8.0, 0.0, 7, 5000.0, "503"))
        async with world.working():
            world.fleet.take([task(f"{SHOP}/{n}") for n in range(50)])
            found = await world.answers(50, 0.5)
            assert {(r.given_up, r.failure, r.status) for r in found} == {(True, "http_error", 503)}
            assert world.web.hits == []

    play(story())


def test_many_visits_at_once_that_fail_together_slow_down_once(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = lambda url: refused(url, 1.0)
            world.fleet.take([task(f"{SHOP}/{n}", concurrency=32) for n in range(32)])
            await world.answers(32, 3.0)
            await world.passes(1.1)
            assert world.recorded("shop.test").backoff <= 4.0

    play(story())


@pytest.mark.parametrize("bad", ["dead", "slow", "asleep", "robots never answers"])
def test_a_bad_host_never_slows_another(clock: VirtualTime, play: Play, bad: str) -> None:
    def answer(url: str) -> Answer:
        if "good" in url or (bad != "robots never answers" and url.endswith("robots.txt")):
            return page(url)
        sorts: dict[str, Answer] = {
            "dead": refused(url),
            "slow": page(url, took=25.0),
            "asleep": page(url, 503, retry_after="3600"),
            "robots never answers": refused(url, 20.0),
        }
        return sorts[bad]

    async def story(world: World, beside: int) -> float:
        began = world.clock.passed
        async with world.working():
            for host in range(beside):
                world.fleet.take([task(f"http://bad{host}.test/{n}", respect_robots=True) for n in range(100)])
            world.fleet.take([task(f"http://good.test/{n}", respect_robots=True, delay=0.1) for n in range(100)])
            await world.until(lambda: sum("good" in result.url for result in world.broker.results) == 100)
            return world.clock.passed - began

    worlds = [World(clock), World(clock)]
    for world in worlds:
        world.web.default = answer
    alone = play(story(worlds[0], 0))
    assert play(story(worlds[1], 10)) == pytest.approx(alone, rel=0.05)


def test_failures_through_a_jobs_proxy_say_nothing_about_the_host(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = refused
            many = 2 * OPENS_AT
            world.fleet.take([task(f"{SHOP}/{n}", proxy="http://p.test:3128") for n in range(many)])
            assert kinds(await world.answers(many)) == ["connect_failed"] * many
            world.web.default, began = page, clock.passed
            world.fleet.take([task(f"{SHOP}/direct")])
            assert kinds(await world.answers(many + 1))[-1] == "200"
            assert clock.passed - began < 1.0

    play(story())
