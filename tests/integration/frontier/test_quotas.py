"""Quotas where they are taken: by the transaction that opens a run, and by the one that hands pages out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from infra.postgres.accounts import PostgresAccounts
from infra.postgres.dispatching import DispatchFrontier
from infra.postgres.jobs import PostgresJobs
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.quotas import PostgresQuotas
from infra.postgres.seeding import Seeding
from infra.postgres.uploads import UploadRuns
from schemas.accounts import Act, User
from schemas.limits import Allowance, QuotaSpent, Used
from tests.contract.api.test_jobs import act, next_run, opening
from tests.contract.delivery.crawl import job, seed_of
from tests.engines import Engines

NUMBERS = ("running_jobs", "pages_a_day", "stored_records")
USUAL = Allowance(running_jobs=3, pages_a_day=5, stored_records=100)


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=16) as found:
        yield found


async def account(database: Database, role: str = "analyst") -> str:
    name = uuid4().hex
    user = User(id=str(uuid4()), username=name, email=None, role=role, status="active", created_at=datetime.now(UTC))
    assert await PostgresAccounts(database).add_user(user, "x", Act(actor="test", action="user_created"))
    return user.id


async def test_of_many_openings_at_once_as_many_succeed_as_there_are_places(database: Database) -> None:
    jobs, quotas, owner = PostgresJobs(database, USUAL), PostgresQuotas(database, USUAL), await account(database)

    async def open_one() -> bool:
        try:
            await jobs.create(opening(owner=owner), act())
        except QuotaSpent as spent:
            assert (spent.quota, spent.limit, spent.used) == ("running_jobs", 3, 3)
            return False
        return True

    assert sum(await asyncio.gather(*(open_one() for _ in range(20)))) == 3
    assert await quotas.standing(owner) == (USUAL, Used(running_jobs=3))
    rows = await database.fetch("select id::text, job_id::text from runs where owner = %s", (owner,))
    await database.fetch("update runs set state = 'completed' where id = %s", (rows[0]["id"],))
    asked = opening(owner=owner, job_id=rows[0]["job_id"])
    assert not isinstance(await jobs.start(asked, act(), force=False), str)
    with pytest.raises(QuotaSpent):
        await jobs.start(next_run(asked), act(), force=True)
    assert await quotas.allow(owner, {"running_jobs": 4, "pages_a_day": None, "stored_records": -1}, act())
    assert await open_one() and not await quotas.allow(str(uuid4()), dict.fromkeys(NUMBERS), act())
    assert (await quotas.standing(owner) or [None])[0] == Allowance(running_jobs=4, pages_a_day=5)


async def test_administrators_have_no_limit_unless_they_are_given_one(database: Database) -> None:
    jobs, quotas, root = (
        PostgresJobs(database, USUAL),
        PostgresQuotas(database, USUAL),
        await account(database, "admin"),
    )
    for _ in range(5):
        await jobs.create(opening(owner=root), act())
    assert await quotas.allow(root, {"running_jobs": 5, "pages_a_day": None, "stored_records": None}, act())
    with pytest.raises(QuotaSpent):
        await jobs.create(opening(owner=root), act())


async def test_whoever_has_enough_stored_opens_nothing_until_some_is_cleaned_up(database: Database) -> None:
    jobs, owner = PostgresJobs(database, USUAL), await account(database)
    run = await jobs.create(opening(owner=owner), act())
    await database.fetch("update runs set state = 'completed', stored = 100 where id = %s", (run.id,))
    for attempt in (jobs.create(opening(owner=owner), act()),
                    UploadRuns(database, USUAL).open(opening(owner=owner), [], act())):  # fmt: skip
        with pytest.raises(QuotaSpent, match="stored_records: 100 of 100"):
            await attempt
    await database.fetch("update runs set cleaned_at = now() where id = %s", (run.id,))
    await jobs.create(opening(owner=owner), act())


async def test_a_days_pages_are_handed_out_once_and_the_rest_waits_for_tomorrow(database: Database) -> None:
    frontier = DispatchFrontier(database, USUAL.pages_a_day)
    domain = uuid4().hex[:8]
    hosts = {host: [seed_of(f"page{n}", host) for n in range(8)] for host in (f"a.{domain}.test", f"b.{domain}.test")}
    runs: list[str] = []
    for owner in (analyst := await account(database), analyst, await account(database, "admin")):
        seeds = [seed for seeds in hosts.values() for seed in seeds]
        run_id = str(uuid4())
        assert await Seeding(database).open_outsiders(run_id, str(uuid4()), job(seeds[0].url), "q", seeds)
        await database.fetch("update runs set owner = %s, state = 'running' where id = %s", (owner, run_id))
        runs.append(run_id)
    first, second, free = runs
    quota = dict.fromkeys(hosts, 2)
    assert [len(await frontier.reserve(first, quota)) for _ in range(3)] == [4, 1, 0]
    assert await frontier.reserve(second, quota) == [], "the day is the account's, not the run's"
    assert await frontier.ready([first, second]) == [], "nobody looks again and again until midnight"
    assert 0 < (await frontier.next_ready([first]) or 0) <= 86_400
    assert [len(await frontier.reserve(free, quota)) for _ in range(3)] == [4, 4, 4]
    standing = await PostgresQuotas(database, USUAL).standing(analyst)
    assert standing and standing[1].pages_today == 5
    await database.fetch("update owner_days set day = day - 1 where owner = %s", (analyst,))
    assert len(await frontier.reserve(first, quota)) == 4, "tomorrow it goes on"
    await database.fetch("update runs set state = 'cancelled' where id = any(%s::uuid[])", (runs,))
