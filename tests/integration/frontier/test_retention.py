"""What is removed from PostgreSQL once nobody can ask for it any more, and what stays."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.retention import Retention
from tests.contract.delivery.crawl import HOST, RealCrawl, page
from tests.engines import Engines

TABLES = ("frontier", "run_hosts", "run_batches", "run_cookies")

_REMEMBER = """
insert into job_pages (job_id, url_fp, visited_at, due_at)
select %s, gen_random_uuid(), now() - make_interval(days => %s), now() from generate_series(1, %s)"""
_COOKIE = """
insert into run_cookies (run_id, site, id, name, sealed, key_id, domain, path, host_only, secure, http_only, created_at)
values (%s, 's', gen_random_uuid(), 'n', 'v', 'k', 's', '/', true, false, false, now())"""


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    """With the least rights, as dispatch has them."""
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres) as found:
        yield found


async def count(database: Database, table: str, column: str, value: str) -> int:
    rows = await database.fetch(f"select count(*)::int as n from {table} where {column} = %s".encode(), (value,))
    return int(rows[0]["n"])


async def job_of(database: Database, run_id: str) -> str:
    return str((await database.fetch("select job_id from runs where id = %s", (run_id,)))[0]["job_id"])


async def test_memory_of_deleted_jobs_and_of_pages_long_gone_is_removed_piece_by_piece(database: Database) -> None:
    crawl = RealCrawl(database)
    kept, deleted, lately = [await job_of(database, await crawl.open("a")) for _ in range(3)]
    await database.fetch("update jobs set deleted_at = now() - interval '2 hours' where id = %s", (deleted,))
    await database.fetch("update jobs set deleted_at = now() where id = %s", (lately,))
    for values in ((kept, 300, 3), (kept, 500, 2), (deleted, 0, 7), (lately, 0, 1)):
        await database.fetch(_REMEMBER, values)
    assert await Retention(database, pages=4).forget_pages() >= 9
    assert [await count(database, "job_pages", "job_id", job) for job in (kept, deleted, lately)] == [3, 0, 1]


async def test_an_estimate_that_is_over_leaves_nothing_and_takes_nothing_else(database: Database) -> None:
    crawl = RealCrawl(database)
    runs = {name: await crawl.open("a", "b", "c") for name in ("over", "just over", "open", "a crawl")}
    jobs = {name: await job_of(database, run) for name, run in runs.items()}
    for run in runs.values():
        (task,) = await crawl.frontier.reserve(run, {HOST: 1})
        await crawl.ledger.close([page(task, records=1, batches=[(str(uuid4()), 1)])])
        await database.fetch(_COOKIE, (run,))
    for name, kind, state, ago in (
        ("over", "estimate", "completed", 7200), ("just over", "estimate", "completed", 60),
        ("open", "estimate", "running", 7200), ("a crawl", "crawl", "completed", 7200),
    ):  # fmt: skip
        await database.fetch(
            "update runs set kind = %s, state = %s, finished_at = now() - make_interval(secs => %s) where id = %s",
            (kind, state, ago, runs[name]),
        )
    before = {table: await count(database, table, "run_id", runs["over"]) for table in TABLES}
    assert before == {"frontier": 3, "run_hosts": 1, "run_batches": 1, "run_cookies": 1}
    assert await Retention(database, estimates=1).forget_estimates() >= 1
    for name, run in runs.items():
        left = {table: await count(database, table, "run_id", run) for table in TABLES}
        assert left == (dict.fromkeys(TABLES, 0) if name == "over" else before), name
        alive = [await count(database, "runs", "id", run), await count(database, "jobs", "id", jobs[name])]
        assert alive == ([0, 0] if name == "over" else [1, 1]), name


_USER = "insert into users (id, username, password_hash) values (%s, %s, '')"
_SESSION = """
insert into sessions (id, user_id, refresh_hash, last_seen, expires_at, revoked_at, idle_lifetime, user_agent)
values (gen_random_uuid(), %(user)s, decode(md5(random()::text), 'hex'), now() - make_interval(days => %(seen)s),
    now() - make_interval(days => %(over)s), now() - make_interval(days => %(ended)s), %(idle)s * 86400, %(name)s)"""
_LINK = """
insert into sign_in_links (link_hash, user_id, expires_at) values (%s, %s, now() - make_interval(days => %s))"""
_DEVICE = """
insert into devices (user_id, mark, network, last_seen) values (%s, %s, %s, now() - make_interval(days => %s))"""


@pytest.fixture
async def users(database: Database) -> list[str]:
    found = [str(uuid4()) for _ in range(2)]
    for user in found:
        await database.fetch(_USER, (user, user))
    return found


async def left(database: Database, table: str, column: str, user: str) -> set[str]:
    rows = await database.fetch(f"select {column} as name from {table} where user_id = %s".encode(), (user,))
    return {str(row["name"]) for row in rows}


async def test_sessions_that_ended_long_ago_go_but_for_the_last_one(database: Database, users: list[str]) -> None:
    user, away = users
    for name, fields in {
        "over": {"seen": 60, "over": 31}, "ended": {"seen": 61, "over": -7, "ended": 31},
        "idle": {"seen": 44, "over": -7}, "lately over": {"seen": 62, "over": 29, "idle": 99},
        "lately ended": {"seen": 63, "over": -7, "ended": 29, "idle": 99}, "alive": {"seen": 1, "over": -7},
    }.items():  # fmt: skip
        await database.fetch(_SESSION, {"user": user, "name": name, "idle": 13, "ended": None} | fields)
    for seen in (900, 800):
        values = {"user": away, "name": f"{seen}", "seen": seen, "over": seen - 1, "idle": 1, "ended": None}
        await database.fetch(_SESSION, values)
    assert await Retention(database, pages=2).forget_sessions() >= 4
    assert await left(database, "sessions", "user_agent", user) == {"lately over", "lately ended", "alive"}
    assert await left(database, "sessions", "user_agent", away) == {"800"}


async def test_links_that_have_not_worked_for_long_go(database: Database, users: list[str]) -> None:
    for name, days in {"old": 8, "lately": 6, "good": -1}.items():
        await database.fetch(_LINK, (f"{name} {users[0]}".encode(), users[0], days))
    assert await Retention(database, pages=1).forget_links() >= 1
    kept = await left(database, "sign_in_links", "split_part(convert_from(link_hash, 'UTF8'), ' ', 1)", users[0])
    assert kept == {"lately", "good"}


async def test_devices_that_were_not_seen_for_long_go_but_for_the_last_one(
    database: Database, users: list[str]
) -> None:
    user, away = users
    for owner, days in ((user, 401), (user, 399), (user, 2), (away, 900), (away, 500)):
        await database.fetch(_DEVICE, (owner, f"{days}".encode(), f"{days}", days))
    assert await Retention(database, pages=1).forget_devices() >= 2
    assert await left(database, "devices", "network", user) == {"399", "2"}
    assert await left(database, "devices", "network", away) == {"500"}
