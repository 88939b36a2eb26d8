"""Requests that carry an Idempotency-Key."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.routes.v1 import jobs
from tests.unit.api.conftest import Client

JOB = {"url": "http://shop.test/"}


async def post(client: Client, headers: dict[str, str], key: str, path: str = "/api/v1/scrape", body: Any = JOB,
               **more: Any) -> httpx.Response:  # fmt: skip
    return await client.http.post(path, headers={**headers, "Idempotency-Key": key}, json=body, **more)


async def test_a_repeat_gets_the_first_answer_and_does_nothing(client: Client) -> None:
    headers, key = await client.headers("anna"), str(uuid4())
    first = await post(client, headers, key)
    second = await post(client, headers, key)
    assert first.status_code == second.status_code == 202 and first.content == second.content
    assert second.headers["idempotency-replayed"] == "true" and "idempotency-replayed" not in first.headers
    assert second.headers["location"] == first.headers["location"]
    assert len(client.world.jobs.openings) == 1
    assert second.headers["x-request-id"] != first.headers["x-request-id"]


async def test_of_twenty_at_once_one_makes_a_job(client: Client) -> None:
    headers, key = await client.headers("anna"), str(uuid4())
    answers = await asyncio.gather(*(post(client, headers, key) for _ in range(20)))
    assert len(client.world.jobs.openings) == 1
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 409)
    assert len({answer.json()["job_id"] for answer in answers if answer.status_code == 202}) == 1


async def test_a_key_belongs_to_one_request_of_one_user_on_one_path(client: Client) -> None:
    anna, otto, key = await client.headers("anna"), await client.headers("otto"), str(uuid4())
    assert (await post(client, anna, key)).status_code == 202
    for other in ({"url": "http://other.test/"}, {**JOB, "name": "x"}):
        answer = await post(client, anna, key, body=other)
        assert answer.status_code == 422 and answer.json()["error"]["details"]["errors"][0]["code"] == "KEY_REUSED"
    assert (await post(client, anna, key, params={"x": "1"})).status_code == 422
    assert (await post(client, otto, key)).headers.get("idempotency-replayed") is None
    assert (await post(client, anna, key, path="/api/v1/jobs")).status_code == 201
    assert len(client.world.jobs.openings) == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "schlüssel"])
async def test_a_key_is_short_and_printable(client: Client, key: str) -> None:
    headers = await client.headers("anna")
    answer = await client.http.post(
        "/api/v1/scrape", headers=httpx.Headers({**headers, "Idempotency-Key": key}, encoding="latin-1"), json=JOB
    )
    assert answer.status_code == 422 and not client.world.jobs.openings


async def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    headers, key = await client.headers("anna"), str(uuid4())
    path = f"/api/v1/jobs/{(await client.scrape(headers))['job_id']}/start"
    assert (await post(client, headers, key, path, None)).status_code == 409
    for run in list(client.world.jobs.runs):
        client.world.jobs.change(run, state="completed")
    started = await post(client, headers, key, path, None)
    assert started.status_code == 202, started.text
    assert (await post(client, headers, key, path, None)).json() == started.json()


async def test_whoever_may_not_gets_nobodys_answer(client: Client) -> None:
    anna, key = await client.headers("anna"), str(uuid4())
    assert (await post(client, anna, key)).status_code == 202
    client.world.accounts.change(client.world.ids["anna"], role="viewer", permissions=("read_data",))
    client.gateway.callers.forget()
    answer = await post(client, anna, key)
    assert answer.status_code in (401, 403) and "job_id" not in answer.text


async def test_a_gateway_that_was_killed_before_it_answered_answers_the_repeat(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deed is committed, the answer is not: as SIGKILL between the two leaves it."""
    headers, key = await client.headers("anna"), str(uuid4())

    async def killed(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(client.world.idempotency, "answer", killed)
        patched.setattr(client.world.idempotency, "release", killed)
        with pytest.raises(asyncio.CancelledError):
            await post(client, headers, key, "/api/v1/jobs")
    assert len(client.world.jobs.openings) == 1
    assert (await post(client, headers, key, "/api/v1/jobs")).status_code == 409, "it may still be under way"
    client.world.idempotency.expire()
    again = await post(client, headers, key, "/api/v1/jobs")
    assert again.status_code == 201, again.text
    assert [again.json()["job_id"]] == list(client.world.jobs.openings)


async def test_a_deed_whose_answer_cannot_be_made_again_says_that_it_was_done(client: Client) -> None:
    headers, key = await client.headers("anna"), str(uuid4())
    path = f"/api/v1/jobs/{(await client.scrape(headers))['job_id']}/cancel"
    row = await post(client, headers, str(uuid4()), path, None)
    assert row.status_code == 200
    client.world.jobs.change(next(iter(client.world.jobs.runs)), cancelled_at=None)
    found = client.world.idempotency
    assert (await post(client, headers, key, path, None)).status_code == 200
    last = list(found.rows.values())[-1]
    last["answer"] = None
    found.expire()
    client.world.jobs.change(next(iter(client.world.jobs.runs)), cancelled_at=None)
    lost = await post(client, headers, key, path, None)
    assert lost.status_code == 409 and "its answer was lost" in lost.text


async def test_reading_and_changing_take_no_notice_of_a_key(client: Client) -> None:
    headers = {**await client.headers("anna"), "Idempotency-Key": "k"}
    assert (await client.http.get("/api/v1/jobs", headers=headers)).status_code == 200
    assert client.world.idempotency.rows == {}


async def test_every_guarded_post_takes_a_key_and_says_so(client: Client) -> None:
    document = client.app.openapi()
    for path, entry in document["paths"].items():
        operation = entry.get("post")
        if operation is None:
            continue
        named = [place["name"] for place in operation.get("parameters", [])]
        assert ("Idempotency-Key" in named) is (operation["x-permission"] != "none"), path
    assert jobs.router.route_class.__name__ == "StrictRoute"
