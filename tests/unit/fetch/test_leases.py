"""Nothing is visited without a lease; what is visited under it ends with it."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from schemas.leases import HostRecord
from tests.unit.fetch.virtual import VirtualTime
from tests.unit.fetch.world import LEASE_S, World, kinds, page, task

Play = Callable[[Any], Any]
SHOP = "http://shop.test"


def test_a_new_host_gets_its_lease_at_once_and_keeps_it_while_there_is_work(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.fleet.take(task(f"{SHOP}/{number}", delay=3.0) for number in range(6))
            assert await world.until(lambda: world.web.hits) < 0.1
            await world.answers(6)
            assert world.leases.held() == {"shop.test"}
            assert world.clock.passed > LEASE_S, "it was renewed"

    play(story())


def test_nothing_is_visited_without_a_lease(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            stranger = await world.taken("shop.test")
            world.fleet.take([task(f"{SHOP}/a"), task("http://free.test/a")])
            await world.passes(20)
            assert world.web.times("shop.test") == []
            assert len(world.web.times("free.test")) == 1
            await stranger.release({"shop.test": HostRecord()})
            freed = world.clock.passed
            assert await world.until(lambda: world.web.times("shop.test")) - freed <= 1.1

    play(story())


def test_a_visit_is_broken_off_when_the_lease_passes_to_another(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = lambda url: page(url, took=20.0)
            world.fleet.take([task(f"{SHOP}/slow"), task(f"{SHOP}/next")])
            await world.passes(1.5)
            await world.taken("shop.test")
            await world.until(lambda: world.web.hits[0].finished, 1.2)
            await world.passes(60)
            assert world.broker.results == []
            assert len(world.web.hits) == 1, "what waited is another's to visit"

    play(story())


def test_without_the_store_visits_end_before_an_heir_may_begin(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = lambda url: page(url, took=60.0)
            world.fleet.take([task(f"{SHOP}/slow")])
            await world.passes(2.5)
            world.leases.away = True
            gone = world.clock.passed
            ended = await world.until(lambda: world.web.hits[0].finished)
            assert 4.0 < ended - gone < LEASE_S - 1.0
            world.leases.away = False
            await world.passes(30)
            assert len(world.web.hits) == 1, "dispatch issues it again"

    play(story())


def test_a_renewal_that_comes_after_the_loss_is_no_lease(clock: VirtualTime, play: Play) -> None:
    """What waited is dropped: only an acquisition tells dispatch to issue it again."""

    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[f"{SHOP}/slow"] = lambda url: page(url, took=60.0)
            world.fleet.take([task(f"{SHOP}/slow"), task(f"{SHOP}/dropped")])
            await world.passes(0.5)
            world.leases.slow = 5.6
            await world.passes(1.0)
            world.leases.slow = 0.001
            await world.until(lambda: not world.fleet.waiting, 7.0)
            world.fleet.take([task(f"{SHOP}/later")])
            await world.answers(1)
            assert world.leases.acquired == ["shop.test"] * 2

    play(story())


def test_what_the_last_owner_left_behind_is_kept_to(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        world = World(clock)
        await world.remember("shop.test", HostRecord(wait_s=42.0, backoff=8.0))
        async with world.working():
            world.fleet.take([task(f"{SHOP}/{number}") for number in range(3)])
            await world.answers(3)
        first, second, third = world.web.times()
        assert 42.0 <= first < 42.2
        assert 6.0 <= second - first < 6.5 and 4.5 <= third - second < 5.0, (
            "it recovers as it would have with the other"
        )

    play(story())


def test_an_idle_host_is_given_back_with_what_is_known_of_it(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = lambda url: page(url, 503, retry_after="60")
            world.fleet.take([task(f"{SHOP}/busy")])
            await world.answers(1)
            await world.passes(40)
            assert world.leases.held() == {"shop.test"}, "its next visit is still to be waited for"
            record = world.recorded("shop.test")
            assert 18 < record.wait_s < 22 and record.backoff == 1.0
            await world.passes(30)
            assert world.leases.held() == set()

    play(story())


def test_a_host_that_comes_back_after_it_was_given_back_is_leased_again(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.fleet.take([task(f"{SHOP}/a")])
            await world.answers(1)
            await world.until(lambda: not world.leases.held(), 8.0)
            world.fleet.take([task(f"{SHOP}/b")])
            await world.answers(2, 0.2)

    play(story())


def test_the_end_finishes_visits_and_gives_every_host_back(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        world = World(clock)
        world.web.default = lambda url: page(url, took=12.0)
        async with world.working():
            world.fleet.take([task(f"{SHOP}/{number}") for number in range(3)])
            await world.passes(1.0)
        assert kinds(world.broker.results) == ["200"], "under way was one; the lease outlasted it"
        assert world.leases.held() == set()

    play(story())


def test_an_answer_outlasts_an_outage_of_the_broker(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.broker.away = True
            world.fleet.take([task(f"{SHOP}/a")])
            await world.passes(30)
            world.broker.away = False
            await world.answers(1, 1.1)
            assert len(world.web.hits) == 1

    play(story())


def test_two_fetchers_share_no_host_and_the_second_goes_on_politely_where_the_first_ended(
    clock: VirtualTime, play: Play
) -> None:
    async def story() -> None:
        world = World(clock)
        other = world.another("other")
        stopping = asyncio.Event()
        async with world.working():
            running = asyncio.create_task(other.run(stopping))
            tasks = [task(f"{SHOP}/{number}", delay=2.0) for number in range(20)]
            world.fleet.take(tasks[::2])
            other.take(tasks[1::2])
            await world.answers(20)
            stopping.set()
            await running
        times = world.web.times()
        assert all(b - a >= 2.0 for a, b in pairwise(times))
        assert [int(hit.path[1:]) % 2 for hit in world.web.hits] in ([0] * 10 + [1] * 10, [1] * 10 + [0] * 10)

    play(story())


def test_a_stranger_among_the_records_is_no_reason_to_wait(clock: VirtualTime, play: Play) -> None:
    """A host that was left alone for long starts afresh."""

    async def story() -> None:
        world = World(clock)
        await world.remember("shop.test", HostRecord(-3000.0, 0.0, 256.0, 0.0, 9, 9000.0, "timeout"))
        async with world.working():
            world.fleet.take([task(f"{SHOP}/a"), task(f"{SHOP}/b")])
            await world.answers(2, 0.5)

    play(story())
