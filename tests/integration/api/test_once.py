"""Idempotency keys on the gateway process: twenty at once, and SIGKILL between commit and answer."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from infra.postgres.pool import Database
from tests.integration.api.conftest import Served
from tests.integration.api.test_gateway import client, until_true

__all__ = ["client"]

JOB = {"url": "http://shop.test/"}
# Keeping an answer waits until we let it, and fails: whoever is killed meanwhile has done the deed and not answered.
HOLD = b"select pg_advisory_xact_lock(1)"
HELD = (
    b"create or replace function keep_held() returns trigger language plpgsql as "
    b"$$ begin perform pg_advisory_xact_lock(1); raise exception 'too late'; end $$",
    b"create trigger keep_held before update of answer on idempotency_keys for each row execute function keep_held()",
)
FREE = b"drop trigger if exists keep_held on idempotency_keys"


async def test_of_twenty_at_once_one_makes_a_job_and_all_hear_of_it(
    served: Served, client: httpx.AsyncClient, engines: Any
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    name = f"twenty {uuid4()}"
    answers = await asyncio.gather(
        *(client.post("/api/v1/scrape", json=JOB | {"name": name}, headers=key) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} <= {202, 409}
    again = await client.post("/api/v1/scrape", json=JOB | {"name": name}, headers=key)
    assert again.status_code == 202 and again.headers["idempotency-replayed"] == "true"
    assert {answer.json()["job_id"] for answer in answers if answer.status_code == 202} == {again.json()["job_id"]}
    listed = (await client.get("/api/v1/jobs", params={"name": name})).json()["jobs"]
    assert [job["job_id"] for job in listed] == [again.json()["job_id"]]


async def test_a_gateway_killed_between_commit_and_answer_has_made_one_job(
    served: Served, client: httpx.AsyncClient, engines: Any
) -> None:
    key, name = {"Idempotency-Key": str(uuid4())}, f"killed {uuid4()}"

    async def ask() -> httpx.Response:
        return await client.post("/api/v1/scrape", json=JOB | {"name": name}, headers=key)

    async with Database(engines.postgres_owner) as owner:
        for statement in HELD:
            await owner.fetch(statement)
        try:
            async with owner.transaction() as holding:
                await holding.execute(HOLD)
                asking = asyncio.create_task(ask())

                async def committed() -> bool:
                    return bool(await owner.fetch("select id from jobs where name = %s", (name,)))

                await until_true(committed)
                assert not asking.done()
                served.stop(kill=True)
                assert isinstance((await asyncio.gather(asking, return_exceptions=True))[0], httpx.TransportError)
        finally:
            await owner.fetch(FREE)
    await asyncio.to_thread(served.start)

    async def answered() -> httpx.Response | None:
        answer = await ask()
        assert answer.status_code in (202, 409), answer.text
        return answer if answer.status_code == 202 else None

    answer = await until_true(answered)
    listed = (await client.get("/api/v1/jobs", params={"name": name})).json()["jobs"]
    assert [job["job_id"] for job in listed] == [answer.json()["job_id"]]
    assert (await ask()).headers["idempotency-replayed"] == "true"
