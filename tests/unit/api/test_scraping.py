"""Asking for a crawl and waiting for it, and asking whether it would be taken."""

import asyncio
from typing import Any
from uuid import UUID

import httpx

from schemas.events import RunCounts
from schemas.ledger import StoredRecord
from tests.unit.api.conftest import Client, World, running
from tests.unit.api.eventually import eventually
from tests.unit.api.patient import PATIENCE_S
from tests.unit.api.test_run_history import NOW

JOB = {"url": "http://shop.test/"}


async def asked(client: Client, headers: dict[str, str], **job: Any) -> httpx.Response:
    return await client.http.post("/api/v1/scrape/sync", headers=headers, json=JOB | job)


async def test_who_waits_gets_the_records(client: Client) -> None:
    headers = await client.headers("anna")
    waiting = asyncio.create_task(asked(client, headers))
    await eventually(lambda: client.world.jobs.runs)
    run = next(iter(client.world.jobs.runs.values()))
    assert run.max_pages == 25 and not waiting.done()
    client.world.records.of_run[run.id] = [
        StoredRecord(id=str(UUID(int=number)), key=str(number), url="u", data=f'{{"n":{number}}}', fetched_at=NOW)
        for number in range(3)
    ]
    client.world.jobs.change(run.id, state="completed", counts=RunCounts(requested=2, fetched=2, stored=3))
    answer = await waiting
    found = answer.json()
    assert answer.status_code == 200 and found["records"] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert (found["status"], found["pages"], found["run_id"]) == ("completed", 2, run.id)


async def test_what_takes_longer_goes_on_and_is_named(world: World) -> None:
    async with running(world, sync_wait=0.1) as client:
        headers = {**await client.headers("anna"), "Idempotency-Key": "one"}
        answer = await asked(client, headers)
        error = answer.json()["error"]
        assert answer.status_code == 408 and error["code"] == "REQUEST_TIMEOUT"
        job = (await client.http.get(f"/api/v1/jobs/{error['details']['job_id']}", headers=headers)).json()
        assert job["status"] == "queued" and world.jobs.runs[job["run_id"]].cancelled_at is None
        world.jobs.change(job["run_id"], state="completed")
        again = await asked(client, headers)
        assert again.status_code == 200 and again.json()["job_id"] == job["job_id"], "the repeat waits for the same job"
        assert len(world.jobs.openings) == 1


async def test_nobody_waits_for_a_large_job_and_not_too_many_wait(world: World) -> None:
    async with running(world, sync_wait=PATIENCE_S) as client:
        headers = await client.headers("anna")
        large = await asked(client, headers, options={"max_pages": 1000})
        assert large.status_code == 422 and large.json()["error"]["details"]["field"] == "options.max_pages"
        waiting = [asyncio.create_task(asked(client, headers)) for _ in range(12)]
        await eventually(lambda: sum(each.done() for each in waiting) == 4 and len(world.jobs.runs) == 8)
        assert {each.result().status_code for each in waiting if each.done()} == {503}
        for run_id in list(world.jobs.runs):
            world.jobs.change(run_id, state="completed")
        counted = [answer.status_code for answer in await asyncio.gather(*waiting)]
        assert counted.count(200) == 8 and counted.count(503) == 4


async def test_a_check_names_everything_that_stands_against_a_job(client: Client) -> None:
    headers = await client.headers("vera")
    job = {
        "urls": [
            "http://shop.test/a",
            "http://127.0.0.1/",
            "http://[::1]:8080/",
            "http://0x7f.1/",
            "http://shop.test:22/",
        ],
        "options": {"credentials": "none"},
        "extract": {"fields": {"price": "p >"}},
    }
    found = (await client.http.post("/api/v1/scrape/validate", headers=headers, json=job)).json()
    assert found["valid"] is False
    fields = [fault["field"] for fault in found["errors"]]
    assert {"urls.1", "urls.2", "urls.3", "extract.fields.price.css", "options.credentials"} <= set(fields)
    assert [source["allowed"] for source in found["sources"]][:4] == [True, False, False, False]
    assert found["job"]["urls"] == job["urls"] and client.world.jobs.acts == []
