"""A hundred runs at fifty hosts at once: all go on, none starves, and no host gets more than it may."""

from collections import Counter

from schemas.urls import fingerprint
from tests.fakes.frontier import Row
from tests.unit.dispatch.world import World

RUNS, HOSTS, OWNERS = 100, 50, 4


def crowd(world: World) -> list[str]:
    """Runs of a few owners, unlike in number and priority; each has one page at every host."""
    runs = []
    for number in range(RUNS):
        run_id = world.open("seed", host="h0.test", delay=1)
        run = world.frontier.runs[run_id]
        run.owner, run.priority = f"o{min(number % 10, OWNERS - 1)}", number % 3 - 1
        for host in range(HOSTS):
            url = f"http://h{host}.test/page"
            run.rows[fingerprint(url)] = Row(url, f"h{host}.test", 1)
        runs.append(run_id)
    return runs


async def test_all_go_on_within_a_few_rounds() -> None:
    world = World()
    runs, dispatch = crowd(world), world.dispatch()
    seen, pages = 0, Counter[str]()
    for number in range(30):
        await dispatch.round()
        tasks = world.tasks()[seen:]
        seen += len(tasks)
        assert max(Counter(task.host for task in tasks).values()) <= 2, "rate times round trip, and one"
        for task in tasks:
            await world.close(task)
        pages.update(task.run_id for task in tasks)
        if number == 7:
            served = by_owner(world, pages)
            assert min(served) > 0.8 * max(served), "an owner of 70 runs has what an owner of 10 has"
    assert sum(pages.values()) == 30 * 2 * HOSTS and set(pages) == set(runs)


def by_owner(world: World, pages: Counter[str]) -> list[int]:
    """How many pages each owner's runs have had."""
    found: Counter[str] = Counter()
    for run_id, count in pages.items():
        found[world.frontier.runs[run_id].owner] += count
    return list(found.values())
