"""Commands on `/ws`: what each does and is answered, what is refused as over REST, and that nothing is done twice."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from itertools import product
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from api.limits.categories import rates
from schemas.limits import OwnerGone, QuotaSpent
from tests.unit.api.conftest import Client, World, listening
from tests.unit.api.patient import connect
from tests.unit.api.test_desk import ask, heard

ACTIONS = ("start", "stop", "pause", "resume", "cancel", "retry")
WRONG: list[tuple[Any, set[str]]] = [
    (None, {"data"}),
    ("pause", {"data"}),
    ([], {"data"}),
    ({}, {"id", "action", "job_id"}),
    ({"id": "a", "action": "explode", "job_id": "x"}, {"action"}),
    ({"id": "a", "action": ["pause"], "job_id": "x"}, {"action"}),
    ({"id": "", "action": "pause", "job_id": "x"}, {"id"}),
    ({"id": "x" * 101, "action": "pause", "job_id": "x"}, {"id"}),
    ({"id": 7, "action": "pause", "job_id": "x"}, {"id"}),
    ({"id": "a", "action": "pause", "job_id": ""}, {"job_id"}),
    ({"id": "a", "action": "pause", "job_id": "x" * 101}, {"job_id"}),
    ({"id": "a", "action": "pause", "job_id": {}}, {"job_id"}),
    ({"id": "a", "action": "pause", "job_id": "x", "owner": "me"}, {"owner"}),
    ({"id": "a", "action": "pause", "job_id": "x", "force": False}, {"force"}),
    ({"id": "a", "action": "retry", "job_id": "x", "priority": "high"}, {"priority"}),
    ({"id": "a", "action": "start", "job_id": "x", "priority": "urgent", "force": "maybe"}, {"force", "priority"}),
]
"""What may stand in a frame instead of a command, and the fields that are told of it."""


def command(action: str, job_id: str, name: str = "", **more: Any) -> dict[str, Any]:
    """A command under an id of its own, unless `name` is one."""
    return {"type": "command", "data": {"id": name or f"{action} {time.monotonic_ns()}", "action": action,
                                        "job_id": job_id, **more}}  # fmt: skip


async def commanded(socket: ClientConnection, *said: Any, **more: Any) -> dict[str, Any]:
    """What is answered to a command: always one frame, which names it."""
    asked = command(*said, **more)
    told = await ask(socket, asked)
    assert told["type"] == "command_result", told
    data: dict[str, Any] = told["data"]
    assert {name: data[name] for name in ("id", "action", "job_id")} == {
        name: asked["data"][name] for name in ("id", "action", "job_id")
    }
    return data


async def still_open(socket: ClientConnection) -> bool:
    return bool((await ask(socket, {"type": "ping"}))["type"] == "pong")


@asynccontextmanager
async def desk(world: World, username: str = "anna", **config: Any) -> AsyncIterator[tuple[ClientConnection, Client]]:
    """Somebody's socket; nobody else looks whether their session still stands."""
    async with (
        listening(world, **{"socket_check": 3600.0, **config}) as (address, client),
        opened(address, await client.headers(username)) as socket,
    ):
        yield socket, client


@asynccontextmanager
async def opened(address: str, headers: dict[str, str]) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://{address}/ws", additional_headers=headers) as socket:
        assert (await heard(socket))["type"] == "connected"
        yield socket


async def running_job(client: Client, username: str = "anna") -> dict[str, Any]:
    made = await client.scrape(await client.headers(username))
    client.world.jobs.change(made["run_id"], state="running")
    return made


def actions(world: World) -> list[str]:
    return [act.action for act in world.jobs.acts]


async def test_a_job_is_paused_resumed_stopped_cancelled_started_and_retried(world: World) -> None:
    async with desk(world) as (socket, client):
        made, headers = await running_job(client), await client.headers("anna")
        for action in ("pause", "resume", "stop", "cancel", "start", "retry"):
            if action in ("start", "retry"):
                for run_id in list(world.jobs.runs):
                    world.jobs.change(run_id, state="completed")
            told = await commanded(socket, action, made["job_id"])
            assert told["status"] == "accepted" and "error" not in told, told
            if action not in ("start", "retry"):  # saying these twice is no mistake, so REST tells the same
                over_rest = await client.http.post(f"{made['links']['self']}/{action}", headers=headers)
                assert told["job"] == over_rest.json()
            else:
                assert told["job"]["run_id"] == list(world.jobs.runs)[-1] and told["job"]["status"] == "queued"
                assert set(told["job"]) == set(made)
    assert actions(world) == ["job_created", "job_paused", "job_resumed", "job_stopped", "job_cancelled",
                              "job_started", "job_retried"]  # fmt: skip
    assert {act.actor for act in world.jobs.acts} == {world.ids["anna"]}
    assert all(act.request_id and act.address for act in world.jobs.acts)


async def test_a_start_may_be_forced_and_have_a_priority(world: World) -> None:
    async with desk(world) as (socket, client):
        made = await running_job(client)
        refused = await commanded(socket, "start", made["job_id"])
        assert (refused["status"], refused["error"]["code"]) == ("refused", "CONFLICT")
        told = await commanded(socket, "start", made["job_id"], force=True, priority="high")
        assert told["status"] == "accepted" and world.jobs.runs[told["job"]["run_id"]].priority == 1


async def test_what_is_wrong_with_a_command_is_named(world: World) -> None:
    async with desk(world) as (socket, _):
        for data, fields in WRONG:
            told = await ask(socket, {"type": "command", "data": data})
            assert told["type"] == "command_result" and told["data"]["status"] == "refused"
            error = told["data"]["error"]
            assert error["code"] == "VALIDATION_ERROR"
            assert {fault["field"] for fault in error["details"]["errors"]} == fields
            said = data if isinstance(data, dict) else {}
            for name in ("id", "action", "job_id"):
                given = said.get(name)
                assert told["data"][name] == (given if isinstance(given, str) and len(given) <= 100 else None)
        assert await still_open(socket)
    assert not world.idempotency.rows
    assert len(world.rates.buckets["u:" + world.ids["anna"], "jobs"].seconds) == 1, "the upgrade's"


async def test_what_is_no_frame_of_ours_says_that_commands_are(world: World) -> None:
    async with desk(world) as (socket, _):
        assert "command" in (await ask(socket, {"type": "order"}))["data"]["message"]


async def refused_alike(client: Client, socket: ClientConnection, headers: dict[str, str], job_id: str,
                        action: str) -> dict[str, Any]:  # fmt: skip
    """A refusal over the socket, which is that of REST word for word."""
    told = await commanded(socket, action, job_id)
    over_rest = await client.http.post(f"/api/v1/jobs/{job_id}/{action}", headers=headers)
    assert told["status"] == "refused" and "job" not in told
    assert told["error"] == over_rest.json()["error"]
    assert told.get("retry_after") == (int(over_rest.headers.get("retry-after", 0)) or None)
    assert await still_open(socket)
    error: dict[str, Any] = told["error"]
    return error


async def test_a_foreign_job_is_one_that_is_not_there(world: World) -> None:
    async with desk(world) as (socket, client):
        made, headers = await running_job(client, "otto"), await client.headers("anna")
        for action, job_id in product(ACTIONS, (made["job_id"], "nowhere")):
            error = await refused_alike(client, socket, headers, job_id, action)
            assert error["code"] == "RESOURCE_NOT_FOUND" and error["details"]["field"] == "job_id"
    assert actions(world) == ["job_created"]


async def test_a_viewer_and_a_key_without_the_right_command_nothing(world: World) -> None:
    async with listening(world) as (address, client):
        made, anna = await running_job(client), await client.headers("anna")
        wanted = {"name": "k", "scopes": ["read_data"]}
        key = (await client.http.post("/api/v1/auth/keys", headers=anna, json=wanted)).json()["key"]
        for headers in (await client.headers("vera"), {"X-API-Key": key}):
            async with opened(address, headers) as socket:
                for action in ACTIONS:
                    error = await refused_alike(client, socket, headers, made["job_id"], action)
                    assert error["code"] == "INSUFFICIENT_PERMISSIONS"
                    assert error["details"]["required_permissions"] == ["manage_jobs"]
    assert actions(world) == ["job_created"]


async def test_a_key_with_the_right_commands(world: World) -> None:
    async with listening(world) as (address, client):
        made, anna = await running_job(client), await client.headers("anna")
        wanted = {"name": "k", "scopes": ["read_data", "manage_jobs"]}
        key = (await client.http.post("/api/v1/auth/keys", headers=anna, json=wanted)).json()["key"]
        async with opened(address, {"X-API-Key": key}) as socket:
            assert (await commanded(socket, "pause", made["job_id"]))["job"]["phase"] == "paused"


async def test_an_administrator_commands_what_is_somebody_elses(world: World) -> None:
    async with desk(world, "root") as (socket, client):
        made = await running_job(client)
        assert (await commanded(socket, "cancel", made["job_id"]))["job"]["phase"] == "cancelling"
    assert world.jobs.acts[-1].actor == world.ids["root"]


@pytest.mark.parametrize(("state", "refused"), [("completed", ACTIONS[1:5]), ("running", ("start", "retry"))])
async def test_what_the_state_forbids_is_a_conflict(world: World, state: str, refused: tuple[str, ...]) -> None:
    async with desk(world) as (socket, client):
        made, headers = await running_job(client), await client.headers("anna")
        world.jobs.change(made["run_id"], state=state)
        for action in refused:
            error = await refused_alike(client, socket, headers, made["job_id"], action)
            assert error["code"] == "CONFLICT"
    assert actions(world) == ["job_created"]


async def test_a_command_costs_what_its_request_costs(world: World) -> None:
    limits = rates({"jobs": {"limit": 5, "burst": 5, "block": 0}})
    async with desk(world, rates=limits) as (socket, client):
        headers = await client.headers("anna")
        made = await client.scrape(headers)  # one token, and the socket's upgrade was another
        for _ in range(3):
            assert (await commanded(socket, "pause", made["job_id"]))["status"] == "accepted"
        done = actions(world)
        told = await commanded(socket, "resume", made["job_id"])
        assert (told["status"], told["error"]["code"]) == ("refused", "RATE_LIMIT_EXCEEDED")
        details = told["error"]["details"]
        assert {name: details[name] for name in ("limit", "window")} == {"limit": 5, "window": 60}
        assert 0 < details["retry_after"] == told["retry_after"] <= 60
        assert (await client.http.get("/api/v1/jobs", headers=headers)).status_code == 429, "the bucket is one"
        assert await still_open(socket)
        assert actions(world) == done


async def test_each_command_has_the_limit_and_the_permission_of_its_request(world: World) -> None:
    paths = world.app().openapi()["paths"]
    for action in ACTIONS:
        twin = paths[f"/api/v1/jobs/{{job_id}}/{action}"]["post"]
        assert (twin["x-rate-limit"]["category"], twin["x-permission"]) == ("jobs", "manage_jobs")


async def signed_out(world: World, client: Client, headers: dict[str, str]) -> None:
    assert (await client.http.post("/auth/logout", headers=headers)).status_code == 200


async def given_another_role(world: World, client: Client, headers: dict[str, str]) -> None:
    world.accounts.change(world.ids["anna"], role="viewer", permissions=("read_data",))


async def expired(world: World, client: Client, headers: dict[str, str]) -> None:
    client.gateway.sockets._clock = lambda: time.time() + client.gateway.config.access_lifetime


@pytest.mark.parametrize("end", [signed_out, given_another_role, expired])
async def test_a_socket_whose_session_has_ended_commands_nothing(
    world: World, end: Callable[..., Awaitable[None]]
) -> None:
    async with listening(world, socket_check=3600.0) as (address, client):
        made, headers = await running_job(client), await client.headers("anna")
        async with opened(address, headers) as socket:
            await end(world, client, headers)
            for action in ACTIONS:
                told = await commanded(socket, action, made["job_id"])
                assert (told["status"], told["error"]["code"]) == ("refused", "AUTHENTICATION_REQUIRED")
            assert await still_open(socket), "whoever looks after sockets ends it, as ever"
    assert actions(world) == ["job_created"]


async def test_the_same_id_again_is_answered_with_the_first_result(world: World) -> None:
    async with listening(world) as (address, client):
        made, headers = await running_job(client), await client.headers("anna")
        async with opened(address, headers) as socket, opened(address, await client.headers("anna")) as other:
            first = await commanded(socket, "pause", made["job_id"], "älpha\n\x00")
            world.jobs.change(made["run_id"], paused_at=None)
            for again in (socket, other):
                assert await commanded(again, "pause", made["job_id"], "älpha\n\x00") == first
            assert world.jobs.runs[made["run_id"]].paused_at is None, "it was not done again"
            world.jobs.change(made["run_id"], state="completed")
            started = await commanded(socket, "start", made["job_id"], "b")
            world.jobs.change(started["job"]["run_id"], state="completed")
            assert await commanded(other, "start", made["job_id"], "b") == started
    assert actions(world) == ["job_created", "job_paused", "job_started"] and len(world.jobs.runs) == 2


async def test_an_id_belongs_to_one_command_of_one_account(world: World) -> None:
    async with listening(world) as (address, client):
        made, theirs = await running_job(client), await running_job(client, "otto")
        async with opened(address, await client.headers("anna")) as socket:
            assert (await commanded(socket, "pause", made["job_id"], "a"))["status"] == "accepted"
            for action, job_id in (("resume", made["job_id"]), ("pause", theirs["job_id"])):
                error = (await commanded(socket, action, job_id, "a"))["error"]
                assert error["code"] == "VALIDATION_ERROR"
                fault = error["details"]["errors"][0]
                assert (fault["field"], fault["code"]) == ("id", "KEY_REUSED")
        async with opened(address, await client.headers("otto")) as socket:
            assert (await commanded(socket, "stop", theirs["job_id"], "a"))["status"] == "accepted"
    assert actions(world)[2:] == ["job_paused", "job_stopped"]


async def test_a_refused_command_leaves_its_id_free(world: World) -> None:
    async with desk(world) as (socket, client):
        made = await running_job(client)
        assert (await commanded(socket, "retry", made["job_id"], "a"))["error"]["code"] == "CONFLICT"
        world.jobs.change(made["run_id"], state="completed")
        assert (await commanded(socket, "retry", made["job_id"], "a"))["status"] == "accepted"


async def test_whoever_may_no_more_gets_no_first_result(world: World) -> None:
    async with listening(world, socket_check=3600.0) as (address, client):
        made, headers = await running_job(client), await client.headers("anna")
        async with opened(address, headers) as socket:
            assert (await commanded(socket, "pause", made["job_id"], "a"))["status"] == "accepted"
            await signed_out(world, client, headers)
            assert (await commanded(socket, "pause", made["job_id"], "a"))["status"] == "refused"


async def test_commands_are_carried_out_one_at_a_time_in_their_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()
    pause = world.jobs.pause

    async def slowly(*asked: Any) -> list[str]:
        begun.set()
        await goes_on.wait()
        return await pause(*asked)

    monkeypatch.setattr(world.jobs, "pause", slowly)
    async with desk(world) as (socket, client):
        made = await running_job(client)
        for name, action in (("1", "pause"), ("2", "resume"), ("3", "stop")):
            await socket.send(json.dumps(command(action, made["job_id"], name)))
        await begun.wait()
        assert (await client.http.get("/docs")).status_code == 200, "others are served meanwhile"
        assert actions(world) == ["job_created"] and len(world.idempotency.rows) == 1
        goes_on.set()
        assert [(await heard(socket))["data"]["id"] for _ in range(3)] == ["1", "2", "3"]
    assert actions(world)[1:] == ["job_paused", "job_resumed", "job_stopped"]


async def test_a_command_whose_socket_was_lost_is_not_done_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deed is committed, its result is not kept: as SIGKILL between the two leaves it."""

    async def killed(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    async with listening(world) as (address, client):
        made, headers = await running_job(client), await client.headers("anna")
        done = await running_job(client)
        world.jobs.change(done["run_id"], state="completed")
        for action, job_id in (("start", done["job_id"]), ("pause", made["job_id"])):
            with monkeypatch.context() as patched:
                patched.setattr(world.idempotency, "answer", killed)
                patched.setattr(world.idempotency, "release", killed)
                async with opened(address, headers) as socket:
                    await socket.send(json.dumps(command(action, job_id, action)))
                    await socket.wait_closed()
        world.jobs.change(made["run_id"], paused_at=None)
        before = actions(world)
        assert before[-2:] == ["job_started", "job_paused"]
        async with opened(address, headers) as socket:
            for action, job_id in (("start", done["job_id"]), ("pause", made["job_id"])):
                fault = (await commanded(socket, action, job_id, action))["error"]["details"]["errors"][0]
                assert (fault["field"], fault["code"]) == ("id", "IN_PROGRESS")
            world.idempotency.expire()
            again = await commanded(socket, "start", done["job_id"], "start")
            assert again["job"]["run_id"] == list(world.jobs.runs)[-1]
            lost = (await commanded(socket, "pause", made["job_id"], "pause"))["error"]
            assert lost["code"] == "CONFLICT" and "its answer was lost" in lost["message"]
            assert lost["details"]["field"] == "id"
        assert actions(world) == before


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (QuotaSpent("running_jobs", 3, 3), "RATE_LIMIT_EXCEEDED"),
        (OwnerGone("gone"), "CONFLICT"),
    ],
)
async def test_a_quota_and_a_removed_owner_are_told_as_over_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, problem: Exception, code: str
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise problem

    async with desk(world) as (socket, client):
        made, headers = await running_job(client), await client.headers("anna")
        monkeypatch.setattr(world.jobs, "start", refuse)
        error = await refused_alike(client, socket, headers, made["job_id"], "start")
        assert error["code"] == code


async def test_a_store_that_is_away_refuses_the_command_alone(world: World) -> None:
    async with desk(world) as (socket, client):
        made = await running_job(client)
        for part in (world.accounts, world.rates, world.jobs):
            part.switch.away = True
            told = await commanded(socket, "pause", made["job_id"], "a")
            assert (told["status"], told["error"]["code"]) == ("refused", "SERVICE_UNAVAILABLE") and told["retry_after"]
            part.switch.away = False
        assert (await commanded(socket, "pause", made["job_id"], "a"))["status"] == "accepted"


async def test_what_fails_here_is_told_and_logged_and_ends_no_socket(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    async with desk(world) as (socket, client):
        made = await running_job(client)
        monkeypatch.setattr(world.jobs, "pause", broken)
        told = await commanded(socket, "pause", made["job_id"])
        assert told["error"]["code"] == "SERVER_ERROR" and "a secret" not in json.dumps(told)
        noted = next(entry for entry in logged if entry["event"] == "command_failed")
        assert noted["request_id"] in told["error"]["message"]
        assert await still_open(socket)
