"""Commands on `/ws` against the real stores: what becomes of the job, what is written down, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from infra.local.ports import free_port
from infra.postgres.pool import Database
from tests.integration.api.conftest import Served
from tests.integration.api.test_gateway import client, scrape
from tests.unit.api.test_streams import all_of

__all__ = ["client"]


WORD = "a long enough word"


@pytest.fixture
async def database(engines: Any) -> AsyncIterator[Database]:
    async with Database(engines.postgres_owner) as found:
        yield found


@asynccontextmanager
async def signed_in(served: Served, username: str, word: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        answer = await http.post("/api/v1/auth/login", json={"username": username, "password": word})
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http


@pytest.fixture
async def analyst(served: Served, client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in as an analyst of its own."""
    name = f"analyst-{uuid4().hex[:12]}"
    asked = {"username": name, "email": f"{name}@example.com", "role": "analyst", "password": WORD}
    made = await client.post("/api/v2/users", json=asked)
    assert made.status_code == 201, made.text
    async with signed_in(served, name, WORD) as http:
        yield http


@asynccontextmanager
async def desk(served: Served, headers: dict[str, str]) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://{served.address}/ws", additional_headers=headers, open_timeout=60) as socket:
        assert json.loads(await socket.recv())["type"] == "connected"
        yield socket


def shown(http: httpx.AsyncClient) -> dict[str, str]:
    return {"Authorization": http.headers["Authorization"]}


async def commanded(socket: ClientConnection, action: str, job_id: str, name: str = "") -> dict[str, Any]:
    asked = {"id": name or str(uuid4()), "action": action, "job_id": job_id}
    await socket.send(json.dumps({"type": "command", "data": asked}))
    told = json.loads(await asyncio.wait_for(socket.recv(), 60))
    assert told["type"] == "command_result", told
    assert {field: told["data"][field] for field in asked} == asked
    data: dict[str, Any] = told["data"]
    return data


async def acts(database: Database, job_id: str) -> list[dict[str, Any]]:
    return await database.fetch(b"select * from audit where object = %s order by id", (job_id,))


async def over(database: Database, run_id: str) -> None:
    """What dispatch does when the last page is done."""
    await database.fetch(b"update runs set state = 'completed', finished_at = now() where id = %s", (run_id,))


async def test_a_job_is_commanded_from_its_first_run_to_its_third(
    served: Served, client: httpx.AsyncClient, database: Database
) -> None:
    made = await scrape(client, name="commanded")
    job_id, phases = made["job_id"], []
    async with desk(served, shown(client)) as socket:
        for action in ("pause", "resume", "stop", "cancel"):
            told = await commanded(socket, action, job_id)
            assert told["status"] == "accepted", told
            assert told["job"] == (await client.post(f"{made['links']['self']}/{action}")).json()
            phases.append(told["job"]["phase"])
        runs = [made["run_id"]]
        for action in ("start", "retry"):
            await over(database, runs[-1])
            told = await commanded(socket, action, job_id)
            assert told["status"] == "accepted", told
            found = (await client.get(made["links"]["self"])).json()
            alike = ("job_id", "run_id", "name", "dataset", "status", "links")
            assert {name: found[name] for name in alike} == {name: told["job"][name] for name in alike}
            runs.append(told["job"]["run_id"])
            assert await database.fetch(b"select key from outbox where key = %s", (runs[-1],)), "it is on its way"
    assert phases == ["paused", "queued", "stopping", "cancelling"] and len(set(runs)) == 3
    lines = await acts(database, job_id)
    assert [line["action"] for line in lines] == [
        "job_created", "job_paused", "job_resumed", "job_stopped", "job_cancelled", "job_started", "job_retried"
    ]  # fmt: skip
    assert len({line["request_id"] for line in lines[1:]}) == 1 and {line["address"] for line in lines} == {"127.0.0.1"}


async def test_what_rest_refuses_is_refused_in_the_same_words(
    served: Served, client: httpx.AsyncClient, analyst: httpx.AsyncClient, database: Database
) -> None:
    foreign, mine = await scrape(client), await scrape(analyst)
    wanted = {"name": "reads", "scopes": ["read_data"]}
    key = {"X-API-Key": (await analyst.post("/api/v1/auth/keys", json=wanted)).json()["key"]}
    await over(database, mine["run_id"])
    cases = [
        (shown(analyst), foreign["job_id"], ("start", "stop", "pause", "resume", "cancel", "retry"), 404),
        (key, mine["job_id"], ("start", "stop", "pause", "resume", "cancel", "retry"), 403),
        (shown(analyst), mine["job_id"], ("stop", "pause", "resume", "cancel"), 409),
    ]
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        for headers, job_id, actions, status in cases:
            async with desk(served, headers) as socket:
                for action in actions:
                    told = await commanded(socket, action, job_id)
                    answer = await http.post(f"/api/v1/jobs/{job_id}/{action}", headers=headers)
                    assert answer.status_code == status and told["status"] == "refused"
                    assert told["error"] == answer.json()["error"], action
    for job_id in (foreign["job_id"], mine["job_id"]):
        assert [line["action"] for line in await acts(database, job_id)] == ["job_created"]


async def test_a_quota_holds_for_commands(
    served: Served, client: httpx.AsyncClient, analyst: httpx.AsyncClient, database: Database
) -> None:
    made = await scrape(analyst)
    await over(database, made["run_id"])
    me = (await analyst.get("/api/v1/auth/me")).json()["id"]
    allowed = await client.put(f"/api/v1/quotas/{me}", json={"running_jobs": 0})
    assert allowed.status_code == 200, allowed.text
    async with desk(served, shown(analyst)) as socket:
        told = await commanded(socket, "start", made["job_id"])
    assert told["error"]["code"] == "RATE_LIMIT_EXCEEDED" and told["error"]["details"]["quota"] == "running_jobs"
    assert told["retry_after"] == 60


async def test_a_session_that_has_ended_commands_nothing(
    served: Served, analyst: httpx.AsyncClient, database: Database
) -> None:
    made = await scrape(analyst)
    async with desk(served, shown(analyst)) as socket:
        assert (await commanded(socket, "pause", made["job_id"]))["status"] == "accepted"
        assert (await analyst.post("/auth/logout")).status_code == 200
        resume = {"id": str(uuid4()), "action": "resume", "job_id": made["job_id"]}
        await socket.send(json.dumps({"type": "command", "data": resume}))
        frames, code = await all_of(socket)
    told = [frame["data"]["error"]["code"] for frame in frames if frame["type"] == "command_result"]
    assert told in (["AUTHENTICATION_REQUIRED"], []) and code == 1008, "it may have been ended first"
    assert (frames[-1]["type"], frames[-1]["data"]["code"]) == ("error", "TOKEN_EXPIRED")
    assert [line["action"] for line in await acts(database, made["job_id"])] == ["job_created", "job_paused"]


async def test_the_same_id_again_does_nothing_also_after_a_kill(
    served: Served, client: httpx.AsyncClient, database: Database
) -> None:
    made, name = await scrape(client), f"ïd {uuid4()}"
    await over(database, made["run_id"])
    async with desk(served, shown(client)) as socket:
        first = await commanded(socket, "start", made["job_id"], name)
        assert first["status"] == "accepted", first
        await over(database, first["job"]["run_id"])
        assert await commanded(socket, "start", made["job_id"], name) == first
        other = await commanded(socket, "cancel", made["job_id"], name)
        assert other["error"]["details"]["errors"][0]["code"] == "KEY_REUSED"
    await asyncio.to_thread(served.stop, kill=True)
    await asyncio.to_thread(served.start)
    async with desk(served, shown(client)) as socket:
        assert await commanded(socket, "start", made["job_id"], name) == first
    assert [line["action"] for line in await acts(database, made["job_id"])] == ["job_created", "job_started"]


async def test_of_many_sockets_with_one_id_one_is_obeyed(
    served: Served, client: httpx.AsyncClient, database: Database
) -> None:
    made, name = await scrape(client), str(uuid4())
    await over(database, made["run_id"])

    async def one() -> dict[str, Any]:
        async with desk(served, shown(client)) as socket:
            return await commanded(socket, "retry", made["job_id"], name)

    told = await asyncio.gather(*(one() for _ in range(10)))
    done = [each["job"]["run_id"] for each in told if each["status"] == "accepted"]
    waits = [each["error"]["details"]["errors"][0]["code"] for each in told if each["status"] == "refused"]
    assert done and len(set(done)) == 1 and set(waits) <= {"IN_PROGRESS"}
    assert [line["action"] for line in await acts(database, made["job_id"])] == ["job_created", "job_retried"]


@pytest.fixture(scope="module")
def strict(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A second gateway, at which an account may ask little of jobs."""
    port, metrics_port = free_port(), free_port()
    limits = {"*": {"limit": 1000000, "burst": 1000000}, "jobs": {"limit": 6, "burst": 6, "block": 0}}
    environ = served.environ | {
        "TRAWL_PORT": str(port), "TRAWL_METRICS_PORT": str(metrics_port), "TRAWL_RATE_LIMITS": json.dumps(limits)
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("strict")
    found = replace(served, environ=environ, port=port, metrics_port=metrics_port, folder=folder, process=None)
    found.start()
    yield found
    found.stop()


async def test_commands_take_from_the_bucket_of_their_requests(
    strict: Served, analyst: httpx.AsyncClient, database: Database
) -> None:
    made = await scrape(analyst)  # at the other gateway: one of six, and the upgrade is the second
    async with desk(strict, shown(analyst)) as socket:
        for _ in range(4):
            assert (await commanded(socket, "pause", made["job_id"]))["status"] == "accepted"
        told = await commanded(socket, "stop", made["job_id"])
        assert (told["status"], told["error"]["code"]) == ("refused", "RATE_LIMIT_EXCEEDED")
        assert 0 < told["retry_after"] <= 60 and told["error"]["details"]["retry_after"] == told["retry_after"]
    async with httpx.AsyncClient(base_url=strict.url, trust_env=False, timeout=60) as http:
        assert (await http.get("/api/v1/jobs", headers=shown(analyst))).status_code == 429
    assert [line["action"] for line in await acts(database, made["job_id"])] == ["job_created", "job_paused"]
