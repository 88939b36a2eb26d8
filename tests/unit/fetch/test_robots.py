"""robots.txt is read under its host's lease and pace, and what came of it decides about the pages."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from producers.politeness.robots import LIFETIME, MAX_BYTES
from schemas.exchange import ExchangeFailure, ExchangeResponse, FailureKind
from schemas.leases import HostRecord
from tests.unit.fetch.virtual import VirtualTime
from tests.unit.fetch.world import Answer, World, kinds, page, refused, task

Play = Callable[[Any], Any]
SHOP = "http://shop.test"
ROBOTS = f"{SHOP}/robots.txt"


def rules(text: str, took: float = 0.01) -> Callable[[str], ExchangeResponse]:
    return lambda url: page(url, 200, text.encode(), took=took)


def failure(kind: FailureKind) -> Callable[[str], ExchangeFailure]:
    return lambda url: ExchangeFailure(url, kind, "It did not work.", 10.0)


async def visited(world: World, *paths: str, **politeness: Any) -> list[str]:
    """What became of each, in the order in which it was told."""
    world.fleet.take([task(SHOP + path, **({"respect_robots": True} | politeness)) for path in paths])
    return kinds(await world.answers(len(paths)))


def test_it_is_read_once_for_all_pages_and_again_after_a_day(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = rules("User-agent: *\nDisallow: /private\n")
            said = await visited(world, *[f"/{n}" for n in range(20)], "/private/a", "/private/b", concurrency=4)
            assert sorted(said) == ["200"] * 20 + ["robots_denied"] * 2
            assert world.web.hits[0].url == ROBOTS
            assert len(world.web.times(path="/robots.txt")) == 1
            assert world.web.times(path="/private") == []
            clock.passed += LIFETIME  # the machine slept
            await world.passes(2.0)
            world.fleet.take([task(f"{SHOP}/later", respect_robots=True)])
            await world.answers(23)
            assert len(world.web.times(path="/robots.txt")) == 2

    play(story())


def test_nothing_is_visited_before_it_has_been_read(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = rules("", took=10.0)
            await visited(world, *[f"/{n}" for n in range(5)], concurrency=8)
            assert min(world.web.times()[1:]) >= 10.0

    play(story())


def test_it_is_not_read_without_a_lease_nor_before_the_hosts_next_visit(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        world = World(clock)
        stranger = await world.taken("shop.test")
        async with world.working():
            world.fleet.take([task(f"{SHOP}/a", respect_robots=True)])
            await world.passes(10)
            assert world.web.hits == []
            await stranger.release({"shop.test": HostRecord(wait_s=30.0)})
            await world.answers(1)
            assert world.web.hits[0].url == ROBOTS and world.web.hits[0].at >= 40.0

    play(story())


def test_a_slow_one_holds_up_neither_other_origins_of_the_host_nor_pages_that_need_none(
    clock: VirtualTime, play: Play
) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = rules("", took=19.0)
            world.fleet.take([task(f"{SHOP}/a", respect_robots=True), task(f"{SHOP}/b", respect_robots=True)])
            world.fleet.take([task("https://shop.test/c", respect_robots=True), task(f"{SHOP}/d")])
            await world.answers(2, 1.0)
            assert {hit.url for hit in world.web.hits} == {ROBOTS, "https://shop.test/robots.txt",
                                                           "https://shop.test/c", f"{SHOP}/d"}  # fmt: skip
            await world.answers(4, 20.0)

    play(story())


def test_crawl_delay_counts_beside_the_jobs_delay(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = rules("User-agent: *\nCrawl-delay: 3\n")
            await visited(world, "/a", "/b", "/c", concurrency=8)
            times = world.web.times()[1:]
            assert all(b - a >= 3.0 for a, b in pairwise(times))

    play(story())


@pytest.mark.parametrize("kind", ["connect_failed", "dns_failed", "timeout", "tls_failed", "blocked_address"])
def test_trouble_of_the_host_itself_is_the_pages_own(clock: VirtualTime, play: Play, kind: FailureKind) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.default = failure(kind)
            assert await visited(world, "/a", delay=1.0) == [kind]
            assert "robots.txt could not be read" in world.broker.results[0].reason
            assert [hit.path for hit in world.web.hits] == ["/robots.txt"]

    play(story())


@pytest.mark.parametrize(("status", "said"), [(503, "http_error"), (429, "http_error"), (500, "robots_denied")])
def test_a_site_that_cannot_say_is_left_alone(clock: VirtualTime, play: Play, status: int, said: str) -> None:
    """Busy is a failure that may pass; a robots.txt that is broken is a no (RFC 9309, 2.3.1.4)."""

    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = lambda url: page(url, status, retry_after="20")
            assert await visited(world, "/a", "/b", "/c") == [said] * 3
            assert {result.status for result in world.broker.results} == {status if said == "http_error" else None}
            times = world.web.times()
            assert all(hit.url == ROBOTS for hit in world.web.hits)
            assert len(times) == (3 if said == "http_error" else 1)
            assert all(b - a >= 20.0 for a, b in pairwise(times))

    play(story())


def test_a_busy_site_is_crawled_when_it_can_say(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = lambda url: page(url, 503 if clock.passed < 5 else 404)
            await visited(world, "/a")
            await world.passes(5)
            world.fleet.take([task(f"{SHOP}/a", attempt=2, tries=1, respect_robots=True)])
            await world.answers(2, 10.0)
            assert kinds(world.broker.results) == ["http_error", "200"]

    play(story())


def test_redirects_are_followed_five_times_and_to_other_hosts(clock: VirtualTime, play: Play) -> None:
    def hop(status: int, target: str) -> Callable[[str], Answer]:
        return lambda url: page(url, status, location=target)

    async def crawl(world: World, hops: int) -> list[str]:
        for number in range(hops):
            source = ROBOTS if number == 0 else f"http://cdn{number}.test/robots.txt"
            world.web.answers[source] = hop(301 + number % 2, f"http://cdn{number + 1}.test/robots.txt")
        world.web.answers[f"http://cdn{hops}.test/robots.txt"] = rules("User-agent: *\nDisallow: /\n")
        async with world.working():
            return await visited(world, "/a")

    assert play(crawl(World(clock), 5)) == ["robots_denied"]
    assert play(crawl(World(clock), 6)) == ["200"], "beyond five there is no file"


@pytest.mark.parametrize("location", ["", "ftp://elsewhere.test/robots.txt", "http://"])
def test_a_redirect_that_leads_nowhere_is_no_file(clock: VirtualTime, play: Play, location: str) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            headers: dict[str, Any] = {"location": location} if location else {}
            world.web.answers[ROBOTS] = lambda url: page(url, 302, **headers)
            assert await visited(world, "/a") == ["200"]

    play(story())


def test_trouble_of_a_host_it_is_redirected_to_is_not_this_hosts(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = lambda url: page(url, 301, location="http://dead.test/robots.txt")
            world.web.answers["http://dead.test/robots.txt"] = refused
            assert await visited(world, *[f"/{n}" for n in range(9)]) == ["robots_denied"] * 9
            assert len(world.web.hits) == 2
            world.fleet.take([task(f"{SHOP}/free")])
            await world.answers(10, 0.2)

    play(story())


def test_only_so_much_of_it_is_asked_for(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        world = World(clock)
        asked = []
        fetch = world.web.fetch

        async def noting(request: Any) -> Any:
            asked.append(request)
            return await fetch(request)

        world.web.fetch = noting  # type: ignore[method-assign]
        async with world.working():
            await visited(world, "/a")
        assert (asked[0].url, asked[0].max_body, asked[0].cut) == (ROBOTS, MAX_BYTES + 1, True)

    play(story())


def test_what_a_jobs_proxy_says_is_remembered_for_that_proxy_alone(clock: VirtualTime, play: Play) -> None:
    async def story() -> None:
        async with World(clock).working() as world:
            world.web.answers[ROBOTS] = rules("User-agent: *\nDisallow: /\n")
            world.fleet.take([task(f"{SHOP}/a", proxy="http://p.test:3128", respect_robots=True)])
            assert kinds(await world.answers(1)) == ["robots_denied"]
            world.web.answers[ROBOTS] = rules("")
            world.fleet.take([task(f"{SHOP}/b", respect_robots=True)])
            assert kinds(await world.answers(2))[1:] == ["200"]
            world.fleet.take([task(f"{SHOP}/c", proxy="http://p.test:3128", respect_robots=True)])
            assert kinds(await world.answers(3))[2:] == ["robots_denied"]
            assert len(world.web.times(path="/robots.txt")) == 2

    play(story())
