"""What fetchers keep in PostgreSQL: cookies of runs, sealed credentials of sites."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from infra.errors import NotConfigured, StoreRefused
from infra.postgres.cookies import RunCookies
from infra.postgres.credentials import SiteCredentials
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.cookies import Cookie, KeptCookie
from schemas.credentials import SiteCredential, SiteSecret
from tests.engines import Engines

SECRET = "open sesame ünï"


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres) as opened:
        yield opened


def a_seal() -> Seal:
    return Seal(secrets.token_urlsafe(32))


async def a_run(database: Database, owner: str, state: str = "running") -> str:
    job, run = str(uuid4()), str(uuid4())
    await database.fetch(
        "insert into jobs (id, owner, name, dataset, description) values (%s, %s, 'n', 'd', %s)",
        (job, owner, Jsonb({})),
    )
    await database.fetch(
        "insert into runs (id, job_id, owner, dataset, description, state, finished_at) "
        "values (%s, %s, %s, 'd', %s, %s, %s)",
        (run, job, owner, Jsonb({}), state, "2020-01-01" if state == "completed" else None),
    )
    return run


def cookie(name: str, value: str = "v", *, expires: float | None = None) -> Cookie:
    return Cookie(name=name, value=value, domain="example.com", path="/" + "p" * 1000, host_only=False, secure=True,
                  http_only=False, created=1_700_000_000.25, expires=expires)  # fmt: skip


async def test_cookies_come_back_as_they_went(database: Database) -> None:
    store, run = RunCookies(database, a_seal()), str(uuid4())
    later = float(int(time.time() + 1000))
    first = [cookie("a", "caf\xe9 \t" + "x" * 4000), cookie("", "nameless"), cookie("n" * 4000, expires=later)]
    await store.save([KeptCookie(run_id=run, site="example.com", cookie=one) for one in first])
    found = await store.load(run, "example.com")
    assert sorted(found, key=lambda one: one.name) == sorted(first, key=lambda one: one.name)
    assert await store.load(run, "example.org") == []
    assert await store.load(str(uuid4()), "example.com") == []


async def test_a_session_of_a_site_is_sealed_and_bound_to_its_run(database: Database) -> None:
    store, mine, other = RunCookies(database, a_seal()), str(uuid4()), str(uuid4())
    for run in (mine, other):
        await store.save([KeptCookie(run_id=run, site="s", cookie=cookie("session", SECRET[:11] + run))])
    rows = await database.fetch("select c::text as row, sealed from run_cookies c where run_id = %s", (mine,))
    assert len(rows) == 1 and b"sesame" not in bytes(rows[0]["sealed"])
    assert "sesame" not in rows[0]["row"] and b"sesame".hex() not in rows[0]["row"]
    assert [one.value for one in await store.load(mine, "s")] == [SECRET[:11] + mine]
    moved = "update run_cookies set sealed = (select sealed from run_cookies where run_id = %s) where run_id = %s"
    await database.fetch(moved, (other, mine))
    assert await store.load(mine, "s") == []
    assert await RunCookies(database, a_seal()).load(other, "s") == [], "nor under another key"
    assert len(await store.load(other, "s")) == 1


async def test_later_cookies_replace_earlier_ones_and_expired_ones_are_gone(database: Database) -> None:
    store, run = RunCookies(database, a_seal()), str(uuid4())
    for value, expires in (("1", None), ("2", None), ("2", time.time() - 1)):
        await store.save([KeptCookie(run_id=run, site="s", cookie=cookie("a", value, expires=expires))])
        values = [one.value for one in await store.load(run, "s")]
        assert values == ([] if expires else [value])


async def test_fetchers_that_write_the_same_cookies_never_block_each_other(database: Database) -> None:
    store, run = RunCookies(database, a_seal()), str(uuid4())
    kept = [KeptCookie(run_id=run, site="s", cookie=cookie(f"c{n}")) for n in range(200)]
    await asyncio.gather(*(store.save(kept if n % 2 else kept[::-1]) for n in range(8)))
    assert len(await store.load(run, "s")) == 200


async def test_a_sweep_takes_the_cookies_of_runs_that_are_over(database: Database) -> None:
    store = RunCookies(database, a_seal())
    going, over = await a_run(database, "o"), await a_run(database, "o", "completed")
    for run in (going, over, str(uuid4())):
        await store.save([KeptCookie(run_id=run, site="s", cookie=cookie("a"))])
    await store.sweep()
    assert len(await store.load(going, "s")) == 1
    assert await store.load(over, "s") == []


def act(request: str) -> Act:
    return Act(actor="test", action="credentials_added", object="x", request_id=request)


def known(owner: str, name: str = "site") -> SiteCredential:
    return SiteCredential(id=str(uuid4()), owner=owner, name=name, kind="basic", host="example.com")


async def test_credentials_open_for_the_runs_of_their_owner_alone(database: Database) -> None:
    store, owner = SiteCredentials(database, a_seal()), f"owner {uuid4()}"
    added = await store.add(known(owner), SiteSecret(user="u", secret=SECRET), act("r"), 200)
    assert isinstance(added, SiteCredential) and added.created_at is not None and added.used_at is None
    mine, theirs = await a_run(database, owner), await a_run(database, str(uuid4()))
    opened = await store.open(mine, "site")
    assert opened is not None
    assert (opened.host, opened.header, opened.value.startswith("Basic ")) == ("example.com", "Authorization", True)
    assert await store.open(mine, added.id) == opened
    assert await store.open(theirs, "site") is None
    assert await store.open(theirs, added.id) is None
    assert (await store.all(owner))[0].used_at is not None
    assert await store.known(owner, "site") and not await store.known(str(uuid4()), "site")


async def test_a_name_is_taken_once_and_every_change_is_audited(database: Database) -> None:
    store, owner, request = SiteCredentials(database, a_seal()), f"owner {uuid4()}", str(uuid4())
    first = await store.add(known(owner), SiteSecret(secret=SECRET), act(request), 200)
    assert isinstance(first, SiteCredential)
    assert await store.add(known(owner), SiteSecret(secret=SECRET), act(request), 200) == "taken"
    assert len(await store.all(owner)) == 1
    assert not await store.remove(str(uuid4()), first.id, act(request))
    assert await store.remove(owner, first.id, act(request))
    assert await store.all(owner) == []
    rows = await database.fetch("select * from audit where request_id = %s", (request,))
    assert len(rows) == 2
    assert SECRET not in str(rows)


async def test_the_database_holds_no_secret_and_a_moved_one_does_not_open(database: Database) -> None:
    seal, owner = a_seal(), f"owner {uuid4()}"
    store, run = SiteCredentials(database, seal), await a_run(database, owner)
    for name in ("one", "two"):
        await store.add(known(owner, name), SiteSecret(user="u", secret=SECRET), act("r"), 200)
    rows = await database.fetch("select credentials::text as row, sealed from credentials where owner = %s", (owner,))
    for row in rows:
        assert b"sesame" not in bytes(row["sealed"])
        assert "sesame" not in row["row"]
    await database.fetch(
        "update credentials set sealed = (select sealed from credentials where owner = %s and name = 'one') "
        "where owner = %s and name = 'two'", (owner, owner),
    )  # fmt: skip
    assert await store.open(run, "one") is not None
    assert await store.open(run, "two") is None
    assert await SiteCredentials(database, a_seal()).open(run, "one") is None


def test_a_seal_opens_what_it_sealed_where_it_was_sealed_and_unchanged() -> None:
    seal = a_seal()
    sealed = seal.seal(b"plain", "here")
    assert seal.open(sealed, "here", seal.key_id) == b"plain"
    assert seal.seal(b"plain", "here") != sealed
    for changed, context, key in (
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), "here", seal.key_id), (sealed, "there", seal.key_id),
        (sealed[:5], "here", seal.key_id),
    ):  # fmt: skip
        with pytest.raises(StoreRefused):
            seal.open(changed, context, key)
    assert seal.open(sealed, "here", "0" * 16) == b"plain", "a key that is here opens what names another"
    with pytest.raises(StoreRefused, match="sealed with the key"):
        a_seal().open(sealed, "here", seal.key_id)
    with pytest.raises(NotConfigured):
        Seal("too short")
