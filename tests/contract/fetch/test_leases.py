"""Host leases: one owner a host, politeness that survives its keeper; and what is said of runs."""

import asyncio
from uuid import uuid4

import pytest

from schemas.leases import HostRecord, RunState
from tests.contract.fetch.conftest import Keeping

WELL = HostRecord()


def hosts(count: int) -> list[str]:
    """Hosts that no other test knows."""
    return [f"{uuid4().hex}.test" for _ in range(count)]


async def test_two_owners_never_hold_one_host(keeping: Keeping) -> None:
    wanted = hosts(20)
    owners = [keeping.owner(f"owner {number}") for number in range(6)]
    granted = await asyncio.gather(*(owner.acquire(wanted) for owner in owners))
    held = [host for found in granted for host in found]
    assert sorted(held) == sorted(wanted), "each once"


async def test_an_owner_may_ask_again_and_a_stranger_may_not(keeping: Keeping) -> None:
    (host,) = hosts(1)
    first, second = keeping.owner("first"), keeping.owner("second")
    assert host in await first.acquire([host])
    assert host in await first.acquire([host])
    assert await second.acquire([host]) == {}
    assert await second.renew({host: WELL}) == set()
    await second.release({host: WELL})
    assert await second.acquire([host]) == {}, "nobody gives back what is another's"


async def test_an_heir_waits_the_lease_out(keeping: Keeping) -> None:
    (host,) = hosts(1)
    first, heir = keeping.owner("first"), keeping.owner("heir")
    await first.acquire([host])
    assert await heir.acquire([host]) == {}
    await keeping.passes(31)
    assert host in await heir.acquire([host])
    assert await first.renew({host: WELL}) == set(), "it was away for too long"
    assert await first.acquire([host]) == {}


async def test_a_lapsed_lease_cannot_be_renewed(keeping: Keeping) -> None:
    """Somebody may have had it meanwhile: it must be acquired anew."""
    (host,) = hosts(1)
    owner = keeping.owner("owner")
    await owner.acquire([host])
    await keeping.passes(31)
    assert await owner.renew({host: WELL}) == set()


async def test_a_renewed_lease_holds_on(keeping: Keeping) -> None:
    (host,) = hosts(1)
    owner, other = keeping.owner("owner"), keeping.owner("other")
    await owner.acquire([host])
    owner.seconds = 300.0
    assert await owner.renew({host: WELL}) == {host}
    await keeping.passes(31)
    assert await other.acquire([host]) == {}


async def test_what_is_known_of_a_host_is_handed_over(keeping: Keeping) -> None:
    """Not before when it may be visited, at what pace, and how it was: by what was given back, and by what was
    written down last before the lease lapsed."""
    given, lapsing = hosts(2)
    first, heir = keeping.owner("first"), keeping.owner("heir")
    new = await first.acquire([given, lapsing])
    assert {record.wait_s < -1e6 for record in new.values()} == {True}, "nobody was ever there"
    record = HostRecord(400.0, 2.5, 16.0, 1.25, 7, 600.0, "503")
    await first.renew({lapsing: record})
    await first.release({given: record})
    await keeping.passes(31)
    for host, found in (await heir.acquire([given, lapsing])).items():
        assert 0.0 < found.wait_s <= 369.0, host
        assert 631.0 <= found.failing_s < 1000.0, host
        rest = (found.delay, found.backoff, found.latency, found.failures, found.failure)
        assert rest == (2.5, 16.0, 1.25, 7, "503"), host


async def test_a_host_that_might_have_been_visited_says_for_how_long(keeping: Keeping) -> None:
    (host,) = hosts(1)
    first = keeping.owner("first")
    await first.acquire([host])
    await first.release({host: HostRecord(wait_s=0.1)})
    await keeping.passes(100)
    found = (await first.acquire([host]))[host]
    assert -500.0 < found.wait_s <= -99.8
    assert found.failures == 0 and found.failing_s == 0.0


async def test_what_was_given_back_is_free_at_once(keeping: Keeping) -> None:
    (host,) = hosts(1)
    first, second = keeping.owner("first"), keeping.owner("second")
    await first.acquire([host])
    await first.release({host: WELL})
    assert host in await second.acquire([host])
    assert await first.renew({host: WELL}) == set()


@pytest.mark.parametrize("state", [RunState(), RunState(paused=True), RunState(delay=2.5), RunState(True, 0.0), None])
async def test_what_is_said_of_a_run(keeping: Keeping, state: RunState | None) -> None:
    run, owner = await keeping.run(), keeping.owner("owner")
    await keeping.says(run, state)
    nobody = str(uuid4())
    assert await owner.run_states([run, nobody]) == ({} if state is None else {run: state})
