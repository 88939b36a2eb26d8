"""Many schedulers over one PostgreSQL: each time is one run, whoever is killed in the middle."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from infra.kafka.provision import provision
from infra.postgres.job_versions import PostgresVersions
from infra.postgres.jobs import PostgresJobs
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.schedules import DueSchedules, PostgresSchedules
from infra.postgres.seeding import Seeding
from producers.schedule.policy import decide
from producers.schedule.service import Scheduler, opening_of
from schemas.accounts import Act
from schemas.job import JobDescription
from schemas.ledger import Opening
from tests.engines import Engines

ACT = Act(actor="test", action="job_created")


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=16) as opened:
        await opened.fetch("delete from schedules")
        yield opened


async def a_job(database: Database, schedule: Any, **change: Any) -> str:
    """A job that has never run, with its schedule."""
    job = JobDescription.model_validate({"url": "http://shop.test/", "name": "shop", "schedule": schedule, **change})
    opening = Opening(
        run_id="", job_id=str(uuid4()), owner="test", name="shop", dataset="shop",
        description=job.model_dump(mode="json"), priority=0, max_pages=10,
    )  # fmt: skip
    await PostgresVersions(database).keep(opening, ACT)
    return opening.job_id


async def make_due(database: Database, job_id: str, ago: timedelta = timedelta(seconds=1)) -> datetime:
    at = datetime.now(UTC) - ago
    await database.fetch("update schedules set due_at = %s, next_at = %s where job_id = %s", (at, at, job_id))
    return at


async def end_runs(database: Database, job_id: str) -> None:
    await database.fetch("update runs set state = 'completed' where job_id = %s", (job_id,))


async def told(database: Database, job_id: str) -> list[tuple[str, int]]:
    firings = await PostgresSchedules(database).firings(job_id, limit=100)
    return [(firing.outcome, firing.times) for firing in reversed(firings)]


async def runs(database: Database, job_id: str) -> int:
    rows = await database.fetch("select count(*)::int as runs from runs where job_id = %s", (job_id,))
    return int(rows[0]["runs"])


def scheduler(database: Database) -> Scheduler:
    return Scheduler(DueSchedules(database, decide, opening_of))


async def until_done(one: Scheduler) -> None:
    while await one.turn():
        pass


async def test_many_schedulers_fire_each_time_once(database: Database) -> None:
    jobs = [await a_job(database, {"cron": "0 3 * * *", "overlap": "allow"}) for _ in range(20)]
    dues = {job: await make_due(database, job) for job in jobs}

    async def stubborn(one: Scheduler) -> None:
        while await database.fetch("select 1 from schedules where next_at <= now()"):
            await one.turn()

    await asyncio.gather(*(stubborn(scheduler(database)) for _ in range(6)))
    for job in jobs:
        assert await runs(database, job) == 1
        (firing,) = await PostgresSchedules(database).firings(job, limit=5)
        (run,) = await database.fetch("select id::text, job_version from runs where job_id = %s", (job,))
        assert (firing.outcome, firing.run_id, firing.due_at) == ("started", run["id"], dues[job])
        assert run["job_version"] == 1
        asked = await database.fetch("select count(*)::int as n from outbox where key = %s", (run["id"],))
        audited = await database.fetch("select actor from audit where object = %s and action = 'job_started'", (job,))
        assert asked[0]["n"] == 1 and [row["actor"] for row in audited] == ["scheduler"]


async def test_a_time_that_was_told_is_not_fired_again(database: Database) -> None:
    job = await a_job(database, {"cron": "0 3 * * *", "overlap": "allow"})
    at = await make_due(database, job)
    await until_done(scheduler(database))
    await database.fetch("update schedules set due_at = %s, next_at = %s where job_id = %s", (at, at, job))
    await until_done(scheduler(database))
    assert await runs(database, job) == 1 and await told(database, job) == [("started", 1)]


async def test_overlap_and_downtime_as_the_job_says(database: Database) -> None:
    skip, queue, missed = [
        await a_job(database, {"interval": "1h", "overlap": how}) for how in ("skip", "queue", "allow")
    ]
    for job in (skip, queue):
        for ago in (3, 2, 1):
            await make_due(database, job, timedelta(seconds=ago))
            await until_done(scheduler(database))
    assert await told(database, skip) == [("started", 1), ("skipped", 1), ("skipped", 1)]
    assert await told(database, queue) == [("started", 1), ("waiting", 1), ("waiting", 1)]
    await end_runs(database, queue)
    await asyncio.gather(*(until_done(scheduler(database)) for _ in range(4)))
    assert await told(database, queue) == [("started", 1), ("started", 1), ("waiting", 1)], "one at a time"
    await end_runs(database, queue)
    await until_done(scheduler(database))
    assert await runs(database, queue) == 3
    anchor = datetime.now(UTC) - timedelta(hours=5, minutes=30)
    await database.fetch("update schedules set anchor = %s where job_id = %s", (anchor, missed))
    await database.fetch(
        "update schedules set due_at = %s, next_at = %s where job_id = %s", (*[anchor + timedelta(hours=1)] * 2, missed)
    )
    await until_done(scheduler(database))
    assert await told(database, missed) == [("missed", 4), ("started", 1)]
    (row,) = await database.fetch("select due_at from schedules where job_id = %s", (missed,))
    assert row["due_at"] == anchor + timedelta(hours=6)


async def test_what_cannot_be_started_is_told_with_its_reason(database: Database) -> None:
    broken = await a_job(database, "0 3 * * *")
    await database.fetch("update jobs set description = description - 'urls' where id = %s", (broken,))
    locked_out = await a_job(database, "0 3 * * *", options={"credentials": "members"})
    disabled = await a_job(database, "0 3 * * *", enabled=False)
    archived = await a_job(database, "0 3 * * *")
    assert await PostgresVersions(database).archive(archived, True, ACT)
    deleted = await a_job(database, "0 3 * * *")
    await PostgresJobs(database).delete(deleted, Act(actor="test", action="job_deleted"))
    for job in (broken, locked_out, disabled, archived, deleted):
        await make_due(database, job)
    await until_done(scheduler(database))
    firings = {
        job: await PostgresSchedules(database).firings(job, limit=5) for job in (broken, locked_out, disabled, archived)
    }
    assert [firings[job][0].outcome for job in firings] == ["failed", "failed", "skipped", "skipped"]
    assert "at least one of urls" in firings[broken][0].why and "members" in firings[locked_out][0].why
    assert [await runs(database, job) for job in (*firings, deleted)] == [0, 0, 0, 0, 0]
    assert not await database.fetch("select 1 from schedules where job_id = %s", (deleted,))


async def test_a_firing_that_waited_is_skipped_where_it_is_no_longer_wanted(database: Database) -> None:
    disabled, archived, paused, wanted = [
        await a_job(database, {"interval": "1h", "overlap": "queue"}) for _ in range(4)
    ]
    for job in (disabled, archived, paused, wanted):
        for ago in (2, 1):
            await make_due(database, job, timedelta(seconds=ago))
            await until_done(scheduler(database))
        assert await told(database, job) == [("started", 1), ("waiting", 1)]
    await database.fetch(
        """update jobs set description = jsonb_set(description, '{enabled}', 'false') where id = %s""", (disabled,)
    )
    assert await PostgresVersions(database).archive(archived, True, ACT)
    assert await PostgresSchedules(database).pause(paused, ACT)
    for job in (disabled, archived, paused, wanted):
        await end_runs(database, job)
    await until_done(scheduler(database))
    last = [(await PostgresSchedules(database).firings(job, limit=1))[0] for job in (disabled, archived, paused)]
    assert [(firing.outcome, firing.run_id) for firing in last] == [("skipped", None)] * 3
    assert "disabled" in last[0].why and "archived" in last[1].why and "paused" in last[2].why
    assert [await runs(database, job) for job in (disabled, archived, paused, wanted)] == [1, 1, 1, 2]


async def test_the_schedule_follows_the_description_wherever_it_is_changed(database: Database) -> None:
    store, versions = PostgresSchedules(database), PostgresVersions(database)
    job = await a_job(database, {"interval": "6h"})
    before = await store.schedule(job)
    assert before and before.due_at
    (row,) = await database.fetch("select description from jobs where id = %s", (job,))

    async def change(description: dict[str, Any], expected: int) -> None:
        opening = Opening(run_id="", job_id=job, owner="test", name="other", dataset="shop", description=description,
                          priority=0, max_pages=10)  # fmt: skip
        assert await versions.change(opening, expected, ACT) == expected + 1

    await change({**row["description"], "name": "other"}, 1)
    assert (after := await store.schedule(job)) and after.due_at == before.due_at, "another name keeps the rhythm"
    assert await store.put(job, {**row["description"]["schedule"], "jitter": 60.0}, ACT)
    assert (after := await store.schedule(job)) and after.due_at == before.due_at and after.jitter == 60.0
    assert await store.put(job, None, ACT) and await store.schedule(job) is None
    assert not await store.put(job, None, ACT)
    (row,) = await database.fetch("select description, version from jobs where id = %s", (job,))
    assert row["description"]["schedule"] is None and row["version"] == 4
    assert await store.put(job, {"cron": "0 3 * * *"}, ACT) and await store.schedule(job)
    assert await store.pause(job, ACT) and not await store.pause(job, ACT)
    await make_due(database, job)
    await until_done(scheduler(database))
    assert await runs(database, job) == 0
    assert await store.resume(job, ACT) and not await store.resume(job, ACT)
    assert (after := await store.schedule(job)) and after.due_at and after.due_at > datetime.now(UTC)
    assert await told(database, job) == []


async def test_a_message_may_carry_a_schedule(database: Database) -> None:
    run, job_id = str(uuid4()), str(uuid4())
    job = JobDescription.model_validate(
        {"url": "http://shop.test/", "schedule": {"cron": "0 3 * * *", "tz": "Asia/Tokyo"}}
    )
    await Seeding(database).open_outsiders(run, job_id, job, "a test", [])
    found = await PostgresSchedules(database).schedule(job_id)
    assert found and found.recurrence.zone == "Asia/Tokyo"
    await database.fetch("update runs set state = 'completed' where id = %s", (run,))
    await make_due(database, job_id)
    await until_done(scheduler(database))
    assert await runs(database, job_id) == 2


async def test_a_moment_that_has_passed_is_told_as_missed(database: Database) -> None:
    job = await a_job(database, {"at": "2020-01-01T00:00:00Z"})
    found = await PostgresSchedules(database).schedule(job)
    assert found and found.next_at is None and await told(database, job) == [("missed", 1)]


async def test_two_processes_one_killed_in_its_transaction(engines: Engines, database: Database) -> None:
    """One is held up within its transaction by a lock on the job and killed there: the other fires, once."""
    await provision(engines.kafka)
    job = await a_job(database, {"cron": "0 3 * * *", "overlap": "allow"})
    environ = engines.environ | {"PATH": "/usr/bin:/bin"}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "cli", "scheduler"], env=environ, stderr=subprocess.DEVNULL)

    async def seen(query: str, *params: Any) -> None:
        for _ in range(2400):
            if await database.fetch(query, params):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(query)

    first = start()
    processes = [first]
    try:
        held = "select 1 from pg_stat_activity where application_name = 'trawl-scheduler' and wait_event_type = 'Lock'"
        async with database.transaction() as holding:
            await holding.execute("select 1 from jobs where id = %s for update", (job,))
            await make_due(database, job)
            await seen(held)
            first.kill()
            first.wait(10)
            processes.append(start())
        await seen("select 1 from runs where job_id = %s", job)
        await seen("select 1 from schedules where job_id = %s and next_at > now()", job)
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait(20)
    assert await runs(database, job) == 1 and await told(database, job) == [("started", 1)]
