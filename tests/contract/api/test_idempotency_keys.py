"""What every store of idempotency keys promises, with the jobs that are made under them."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from schemas.accounts import Act, Claim
from schemas.errors import DeedDone
from schemas.idempotency import Held, KeptAnswer
from schemas.ledger import JobFilter
from tests.contract.api.conftest import Stores
from tests.contract.api.test_jobs import act, opening

BODY = b"a body's hash"
ANSWER = KeptAnswer(201, {"location": "/x"}, '{"ünï":"\U0001f41f"}'.encode())


def attempt(key: str) -> Claim:
    return Claim(key, str(uuid4()))


def claimed(claim: Claim, action: str = "job_created") -> Act:
    return replace(act(action), claim=claim)


async def claim(stores: Stores, made: Claim) -> Held:
    held = await stores.idempotency.claim(made, BODY, str(uuid4()))
    assert isinstance(held, Held)
    return held


async def lapse(stores: Stores) -> None:
    """As if whoever held a claim had been killed some time ago."""
    if stores.database is None:
        stores.idempotency.expire()  # type: ignore[attr-defined]
    else:
        await stores.database.fetch(
            "update idempotency_keys set held_until = now() - interval '1 second' where answer is null"
        )


async def test_of_twenty_at_once_one_holds_the_key_until_it_answers(stores: Stores) -> None:
    key = str(uuid4())
    attempts = [attempt(key) for _ in range(20)]
    found = await asyncio.gather(*(stores.idempotency.claim(each, BODY, str(uuid4())) for each in attempts))
    holders = [made for made, standing in zip(attempts, found, strict=True) if isinstance(standing, Held)]
    assert len(holders) == 1 and found.count("under way") == 19
    await stores.idempotency.answer(holders[0], ANSWER)
    assert await stores.idempotency.claim(attempt(key), BODY, str(uuid4())) == ANSWER
    assert await stores.idempotency.claim(attempt(key), b"another", str(uuid4())) == "another request"


async def test_what_was_given_up_may_be_tried_again_and_makes_the_same(stores: Stores) -> None:
    key = str(uuid4())
    first = attempt(key)
    held = await claim(stores, first)
    await stores.idempotency.release(first, undone=True)
    second = await claim(stores, attempt(key))
    assert second.deed == held.deed
    await stores.idempotency.answer(first, ANSWER)  # it is late, and not its to say
    assert await stores.idempotency.claim(attempt(key), BODY, str(uuid4())) == "under way"


@pytest.mark.parametrize("what", ["create", "keep"])
async def test_an_attempt_that_was_killed_after_its_deed_is_found_out_by_the_next(stores: Stores, what: str) -> None:
    key, job = str(uuid4()), opening()
    killed = attempt(key)
    await claim(stores, killed)
    do = stores.jobs.create if what == "create" else stores.versions.keep
    first = await do(job, claimed(killed))
    await lapse(stores)
    again = attempt(key)
    await claim(stores, again)
    assert await do(job, claimed(again)) == first
    assert await stores.jobs.count(JobFilter(owner=job.owner)) == 1
    other = replace(opening(), owner=job.owner)
    with pytest.raises(DeedDone):  # whatever else it tried to do under the key
        await stores.jobs.create(other, claimed(again))
    assert await stores.jobs.count(JobFilter(owner=job.owner)) == 1


async def test_a_zombie_cannot_do_what_another_attempt_holds(stores: Stores) -> None:
    if stores.database is None:
        pytest.skip("the fake knows nothing of transactions")
    key, job = str(uuid4()), opening()
    zombie, heir = attempt(key), attempt(key)
    await claim(stores, zombie)
    await lapse(stores)
    await claim(stores, heir)
    with pytest.raises(DeedDone):
        await stores.jobs.create(job, claimed(zombie))
    assert await stores.jobs.job(job.job_id) is None
    await stores.jobs.create(job, claimed(heir))
    assert await stores.jobs.job(job.job_id) is not None


async def test_one_attempt_may_do_several_things_and_a_refused_one_leaves_the_deed_free(stores: Stores) -> None:
    key, job = str(uuid4()), opening()
    first = attempt(key)
    await claim(stores, first)
    await stores.jobs.create(job, claimed(first))
    assert await stores.jobs.cancel(job.job_id, claimed(first, "job_cancelled")) == [job.run_id]
    await stores.idempotency.release(first, undone=True)
    second = attempt(key)
    await claim(stores, second)
    await stores.jobs.create(opening(), claimed(second))


async def test_a_refused_repeat_leaves_what_another_attempt_has_done(stores: Stores) -> None:
    key, job = str(uuid4()), opening()
    killed, refused, third = attempt(key), attempt(key), attempt(key)
    await claim(stores, killed)
    await stores.jobs.create(job, claimed(killed))
    await lapse(stores)
    await claim(stores, refused)
    await stores.idempotency.release(refused, undone=True)
    await claim(stores, third)
    with pytest.raises(DeedDone):
        await stores.jobs.create(replace(opening(), owner=job.owner), claimed(third))
    assert await stores.jobs.count(JobFilter(owner=job.owner)) == 1


async def test_answers_are_sealed(stores: Stores) -> None:
    if stores.database is None:
        pytest.skip("the fake keeps nothing at rest")
    made = attempt(str(uuid4()))
    await claim(stores, made)
    await stores.idempotency.answer(made, KeptAnswer(200, {}, b'{"key":"trawl_secret"}'))
    rows = await stores.database.fetch("select answer from idempotency_keys where id = %s", (made.key,))
    assert rows[0]["answer"] and b"trawl_secret" not in bytes(rows[0]["answer"])
