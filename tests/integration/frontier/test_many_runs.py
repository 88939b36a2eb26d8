"""A hundred runs over fifty hosts on the real frontier: all go on, and a round stays cheap."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.postgres.dispatching import DispatchFrontier
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.seeding import Seeding
from infra.postgres.task_ledger import TaskLedger
from producers.dispatch.brake import Brake
from producers.dispatch.closing import Closer
from producers.dispatch.service import Dispatch
from tests.bench.frontier import Taken, page_of
from tests.contract.delivery.crawl import job, seed_of
from tests.engines import Engines

RUNS, HOSTS, OWNERS, ROUNDS = 100, 50, 4, 40


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=16) as database:
        await database.fetch("update runs set state = 'cancelled' where state in ('queued', 'running', 'finishing')")
        yield database
        await database.fetch("update runs set state = 'cancelled' where state in ('queued', 'running', 'finishing')")


async def crowd(database: Database) -> dict[str, str]:
    """Runs that each have a page at every host, by their owners, who have unlike many."""
    domain, owners = uuid4().hex[:8], {}
    seeds = [seed_of("page", f"h{host}.{domain}.test") for host in range(HOSTS)]
    description = job(*(seed.url for seed in seeds), delay=1)
    for number in range(RUNS):
        run_id = str(uuid4())
        owners[run_id] = f"o{min(number % 10, OWNERS - 1)}"
        assert await Seeding(database).open_outsiders(run_id, str(uuid4()), description, "crowd", seeds)
        await database.fetch("update runs set owner = %s where id = %s", (owners[run_id], run_id))
    return owners


async def test_all_go_on_and_a_round_stays_cheap(database: Database) -> None:
    owners = await crowd(database)
    frontier, taken = DispatchFrontier(database), Taken()
    dispatch = Dispatch(frontier, taken, Closer(frontier, taken, taken), lambda: "2026-01-01T00:00:00Z", Brake(taken))
    ledger = TaskLedger(database)
    pages: Counter[str] = Counter()
    spent, rounds = 0.0, 0
    while rounds < 8 or (set(pages) != set(owners) and rounds < ROUNDS):
        rounds += 1
        began = time.process_time()
        await dispatch.round()
        spent += time.process_time() - began
        tasks = [task for task in taken.tasks if task.run_id in owners]  # what other tests left is issued again
        taken.tasks = []
        assert max(Counter(task.host for task in tasks).values()) <= 2
        pages.update(task.run_id for task in tasks)
        await ledger.close([page_of(task) for task in tasks])
        if rounds == 8:
            served: Counter[str] = Counter()
            for run_id, count in pages.items():
                served[owners[run_id]] += count
            assert min(served.values()) > 0.8 * max(served.values())
    assert set(pages) == set(owners), "each has had a page long before anybody is done"
    assert spent / rounds < 1.0, f"{1000 * spent / rounds:.0f} ms of processor time a round"
