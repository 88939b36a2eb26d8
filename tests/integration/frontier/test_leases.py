"""Host leases in PostgreSQL: one owner a host, politeness that survives its keeper."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.postgres.leases import Leases
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from tests.engines import Engines


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=12) as database:
        yield database


def hosts(count: int) -> list[str]:
    """Hosts that no other test knows."""
    return [f"{uuid4().hex}.test" for _ in range(count)]


async def lapsed(database: Database, host: str) -> None:
    """Returns when the lease of a host has run out, by PostgreSQL's clock."""
    statement = "select pg_sleep(greatest(0, extract(epoch from lease_until - clock_timestamp())) + 0.001) from hosts "
    await database.fetch((statement + "where host = %s").encode(), (host,))


async def test_two_owners_never_hold_one_host(database: Database) -> None:
    wanted = hosts(20)
    owners = [Leases(database, f"owner {number}", 30.0) for number in range(6)]
    granted = await asyncio.gather(*(owner.acquire(wanted) for owner in owners))
    held = [host for found in granted for host in found]
    assert sorted(held) == sorted(wanted), "each once"


async def test_an_owner_may_ask_again_and_a_stranger_may_not(database: Database) -> None:
    (host,) = hosts(1)
    first, second = Leases(database, "first", 30.0), Leases(database, "second", 30.0)
    assert host in await first.acquire([host])
    assert host in await first.acquire([host])
    assert await second.acquire([host]) == {}
    assert await second.renew({host: (0.0, 0.0)}) == set()
    await second.release({host: (0.0, 0.0)})
    assert await second.acquire([host]) == {}, "nobody gives back what is another's"


async def test_an_heir_waits_the_lease_out(database: Database) -> None:
    (host,) = hosts(1)
    first, heir = Leases(database, "first", 0.3), Leases(database, "heir", 30.0)
    await first.acquire([host])
    assert await heir.acquire([host]) == {}
    await lapsed(database, host)
    assert host in await heir.acquire([host])
    assert await first.renew({host: (0.0, 0.0)}) == set(), "it was away for too long"
    assert await first.acquire([host]) == {}


async def test_a_lapsed_lease_cannot_be_renewed(database: Database) -> None:
    """Somebody may have had it meanwhile: it must be acquired anew."""
    (host,) = hosts(1)
    owner = Leases(database, "owner", 0.2)
    await owner.acquire([host])
    await lapsed(database, host)
    assert await owner.renew({host: (0.0, 0.0)}) == set()


async def test_a_renewed_lease_holds_on(database: Database) -> None:
    (host,) = hosts(1)
    owner, other = Leases(database, "owner", 0.4), Leases(database, "other", 0.4)
    await owner.acquire([host])
    first_end = (await database.fetch("select lease_until from hosts where host = %s", (host,)))[0]["lease_until"]
    owner.seconds = 30.0
    assert await owner.renew({host: (0.0, 0.0)}) == {host}
    await database.fetch("select pg_sleep(extract(epoch from %s - clock_timestamp()) + 0.01)", (first_end,))
    assert await other.acquire([host]) == {}


async def test_politeness_is_handed_over(database: Database) -> None:
    """What the host was promised holds for the next owner too: at what pace, and not before when."""
    given, lapsing = hosts(2)
    first, heir = Leases(database, "first", 0.3), Leases(database, "heir", 30.0)
    assert await first.acquire([given, lapsing]) == {given: (0.0, 0.0), lapsing: (0.0, 0.0)}
    await first.renew({lapsing: (40.0, 2.5)})
    await first.release({given: (50.0, 1.5)})
    found = await heir.acquire([given])
    assert 49.0 < found[given][0] <= 50.0 and found[given][1] == pytest.approx(1.5)
    await lapsed(database, lapsing)
    found = await heir.acquire([lapsing])
    assert 38.0 < found[lapsing][0] <= 40.0 and found[lapsing][1] == pytest.approx(2.5)


async def test_what_was_given_back_is_free_at_once(database: Database) -> None:
    (host,) = hosts(1)
    first, second = Leases(database, "first", 30.0), Leases(database, "second", 30.0)
    await first.acquire([host])
    await first.release({host: (0.0, 0.0)})
    assert host in await second.acquire([host])
    assert await first.renew({host: (0.0, 0.0)}) == set()
