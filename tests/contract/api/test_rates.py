"""Buckets of tokens: exact, whoever asks, and blocked only by asking for more than the minute has."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from api.ports.limits import Rates
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.rates import PostgresRates
from schemas.limits import Ask, Taken
from tests.unit.api.limits_fakes import FakeRates

BEGIN = 1_800_000_000.0


@dataclass
class Buckets:
    """One kind of store, and its clock."""

    rates: Rates
    move: Callable[[float], None]
    count: Callable[[str], "asyncio.Future[int] | int"]

    async def take(self, owner: str, times: int = 1, **rate: int) -> list[Taken]:
        ask = Ask(owner, "jobs", rate.get("limit", 10), rate.get("burst", 2), rate.get("block", 900))
        return await self.rates.take([ask] * times)


@pytest.fixture(params=["fake", "real"])
async def buckets(request: pytest.FixtureRequest) -> AsyncIterator[Buckets]:
    if request.param == "fake":
        fake = FakeRates()

        def move(to: float) -> None:
            fake.now = to

        yield Buckets(fake, move, lambda owner: sum(key[0] == owner for key in fake.buckets))
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    moment = [BEGIN]
    async with Database(engines.postgres, max_size=8) as database:

        async def count(owner: str) -> int:
            rows = await database.fetch("select count(*) as n from rate_buckets where owner = %s", (owner,))
            return int(rows[0]["n"])

        yield Buckets(
            PostgresRates(database, lambda: datetime.fromtimestamp(moment[0], UTC)),
            lambda to: moment.__setitem__(0, to),
            lambda owner: asyncio.ensure_future(count(owner)),
        )


@pytest.fixture
def owner() -> str:
    return f"u:{uuid4()}"


async def test_the_second_bounds_and_does_not_block(buckets: Buckets, owner: str) -> None:
    buckets.move(BEGIN)
    assert [taken.refused for taken in await buckets.take(owner, 4)] == ["", "", "burst", "burst"]
    buckets.move(BEGIN + 0.75)
    (taken,) = await buckets.take(owner)
    assert (taken.refused, taken.remaining, taken.burst_remaining) == ("burst", 8, 0)
    assert taken.retry == pytest.approx(0.25) and taken.reset == BEGIN + 60
    buckets.move(BEGIN + 1)
    (taken,) = await buckets.take(owner)
    assert (taken.refused, taken.remaining, taken.burst_remaining, taken.retry) == ("", 7, 1, 0.0)


async def test_more_than_a_minute_has_blocks_and_asking_meanwhile_does_not_prolong_it(
    buckets: Buckets, owner: str
) -> None:
    for second in range(5):
        buckets.move(BEGIN + second)
        assert not any(taken.refused for taken in await buckets.take(owner, 2))
    buckets.move(BEGIN + 10)
    (taken,) = await buckets.take(owner)
    assert (taken.refused, taken.remaining, taken.burst_remaining, taken.retry) == ("minute", 0, 0, 900)
    assert taken.reset == BEGIN + 910
    for later, left in ((70, 840), (909.5, 0.5)):  # the minute is over, the block is not
        buckets.move(BEGIN + later)
        (taken,) = await buckets.take(owner)
        assert taken.refused == "minute" and taken.retry == pytest.approx(left)
    buckets.move(BEGIN + 910)
    assert [(taken.refused, taken.remaining) for taken in await buckets.take(owner, 2)] == [("", 9), ("", 8)]


async def test_the_last_of_a_minute_does_not_block(buckets: Buckets, owner: str) -> None:
    for minute in range(3):
        for second in range(5):
            buckets.move(BEGIN + 60 * minute + second)
            assert not any(taken.refused for taken in await buckets.take(owner, 2))


async def test_without_a_block_the_minute_is_waited_for(buckets: Buckets, owner: str) -> None:
    buckets.move(BEGIN)
    await buckets.take(owner, limit=1, block=0)
    buckets.move(BEGIN + 20)
    (taken,) = await buckets.take(owner, limit=1, block=0)
    assert (taken.refused, taken.retry) == ("minute", 40)
    buckets.move(BEGIN + 60)
    assert not (await buckets.take(owner, limit=1, block=0))[0].refused


async def test_tokens_come_back_one_by_one_and_no_edge_lets_twice_the_minute_pass(buckets: Buckets, owner: str) -> None:
    """Nine wait for the end of the first one's minute: with a bucket that is filled at once, 19 pass within 7 s."""
    buckets.move(BEGIN)
    await buckets.take(owner, block=0)
    passed = []
    for tick in range(16):
        at = BEGIN + 55 + tick / 2
        buckets.move(at)
        found = await buckets.take(owner, block=0)
        passed += [at] * (not found[0].refused)
        if found[0].refused:
            back = BEGIN + (60 if at < BEGIN + 60 else 115)
            assert found[0].retry == pytest.approx(back - at), "when the oldest of the ten comes back"
    assert len(passed) == 10, "nine, and the one of the beginning that came back"


async def test_whoever_comes_when_told_is_let_in(buckets: Buckets, owner: str) -> None:
    """And whatever the pace, no 59 s have more than the minute's, no .9 s more than the burst."""
    dice, now, passed = random.Random(7), BEGIN + 0.37, list[float]()
    for _ in range(150):
        buckets.move(now)
        (taken,) = await buckets.take(owner, limit=12, burst=3, block=0)
        if taken.refused:
            assert 0 < taken.retry <= 60
            now += taken.retry + 0.000_01
        else:
            passed.append(now)
            now += dice.choice((0.0, 0.05, 0.2, 3.0))
        assert not (taken.refused and passed and now - passed[-1] > 60.1)
    for spell, most in ((59.0, 12), (0.9, 3)):
        assert all(sum(at <= other < at + spell for other in passed) <= most for at in passed)


async def test_many_at_once_take_as_many_as_there_are(buckets: Buckets, owner: str) -> None:
    buckets.move(BEGIN)
    other = f"u:{uuid4()}"
    mixed = [Ask(who, kind, 100, 40, 0) for who in (owner, other) for kind in ("jobs", "analytics")]
    orders = [mixed, mixed[::-1]] * 30  # in both orders: whoever locks as they come waits in a circle
    found = [taken for part in await asyncio.gather(*map(buckets.rates.take, orders)) for taken in part]
    assert len(found) == 240 and sum(not taken.refused for taken in found) == 4 * 40


async def test_full_buckets_are_forgotten_and_blocked_ones_are_not(buckets: Buckets, owner: str) -> None:
    async def kept() -> int:
        found = buckets.count(owner)
        return found if isinstance(found, int) else await found

    buckets.move(datetime.now(UTC).timestamp() - 300)
    await buckets.take(owner, 2, limit=1, block=900)
    await buckets.rates.take([Ask(owner, "other", 5, 5, 0)])
    buckets.move(datetime.now(UTC).timestamp())
    assert await kept() == 2
    await buckets.rates.sweep()
    assert await kept() == 1
