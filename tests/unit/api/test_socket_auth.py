"""Who may open a WebSocket, and when they lose it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api.auth.callers import COOKIE, Caller
from api.live.sockets import Sockets
from api.metrics import Metrics
from schemas.accounts import Standing
from tests.unit.api.accounts_fakes import FakeAccounts
from tests.unit.api.conftest import PASSWORD, Client, World, listening
from tests.unit.api.eventually import eventually
from tests.unit.api.patient import connect
from tests.unit.api.test_streams import all_of, until


@pytest.fixture
async def served(world: World) -> AsyncIterator[tuple[str, Client, str]]:
    """A gateway with little patience, and the address of a stream of anna's."""
    async with listening(world, auth_frame_within=3.0, socket_check=0.05, sign_in_freshness=0.05) as (address, client):
        made = await client.scrape(await client.headers("anna"))
        world.jobs.change(made["run_id"], state="running")
        yield address, client, f"ws://{address}{made['links']['stream']}"


async def refusal(url: str, **options: Any) -> tuple[int, dict[str, Any]]:
    """The answer to an upgrade that is refused."""
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, **options)
    body = caught.value.response.body
    return caught.value.response.status_code, json.loads(body or b"{}")


async def test_headers_and_the_first_frame_let_in(served: tuple[str, Client, str]) -> None:
    _, client, url = served
    headers = await client.headers("anna")
    token = headers["Authorization"].split()[1]
    key = (await client.http.post("/api/v1/auth/keys", headers=headers, json={"name": "k"})).json()["key"]
    for given in (headers, {"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        async with connect(url, additional_headers=given) as socket:
            await until(socket, "status")
    for secret in (token, key):
        async with connect(url) as socket:
            await socket.send(json.dumps({"type": "auth", "data": {"token": secret}}))
            await until(socket, "status")


async def test_a_signed_in_page_of_ours_is_let_in_and_no_other(served: tuple[str, Client, str]) -> None:
    address, client, url = served
    ours = f"http://{address}"
    await client.http.post("/sign-in", data={"username": "anna", "password": PASSWORD}, headers={"Origin": ours})
    cookie = {"Cookie": f"{COOKIE}={client.http.cookies[COOKIE]}"}
    async with connect(url, additional_headers=cookie, origin=ours) as socket:  # type: ignore[arg-type]
        await until(socket, "status")
    for origin in ("http://evil.example", "null", f"https://{address}", f"http://{address}.evil.example"):
        for more in (cookie, await client.headers("anna")):
            status, body = await refusal(url, additional_headers=more, origin=origin)
            assert status == 403 and body["error"]["details"]["errors"][0]["code"] == "FOREIGN_ORIGIN"
    # A program that steals the cookie has no page of ours to say it came from.
    async with connect(url, additional_headers=cookie) as socket:
        _, code = await all_of(socket)
    assert code == 1008


async def test_behind_a_proxy_with_tls_our_pages_are_those_of_its_address(world: World) -> None:
    async with listening(world, public_url="https://trawl.example") as (address, client):
        url, anna = f"ws://{address}/api/v1/stream", await client.headers("anna")
        for origin in (f"http://{address}", f"https://{address}", "http://trawl.example"):
            status, _ = await refusal(url, additional_headers=anna, origin=origin)
            assert status == 403
        async with connect(url, additional_headers=anna, origin="https://trawl.example"):  # type: ignore[arg-type]
            await eventually(lambda: client.gateway.hub._listeners)


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization", "TOKEN"])
async def test_a_token_in_the_address_is_refused_even_if_it_is_good(served: tuple[str, Client, str], name: str) -> None:
    _, client, url = served
    headers = await client.headers("anna")
    status, body = await refusal(f"{url}?{name}={headers['Authorization'].split()[1]}", additional_headers=headers)
    assert status == 403 and body["error"]["details"]["errors"][0]["code"] == "TOKEN_IN_QUERY"


async def test_a_bad_header_is_a_401_at_the_upgrade(served: tuple[str, Client, str]) -> None:
    _, _, url = served
    for given in ({"Authorization": "Bearer x"}, {"X-API-Key": "trawl_x"}, {"Authorization": "Basic eDp5"}):
        status, body = await refusal(url, additional_headers=given)
        assert status == 401 and body["error"]["code"] == "AUTHENTICATION_REQUIRED"


@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        "{",
        "[]",
        '"x"',
        '{"type": "auth"}',
        '{"type": "auth", "data": {"token": 7}}',
        '{"type": "auth", "data": {"token": "x.y.z"}}',
        '{"type": "auth", "data": {"token": ""}}',
        '{"type": "auth", "data": "trawl_x"}',
        '{"type": "subscribe", "data": {}}',
        b"\x00\xff",
        "[" * 50_000,
    ],
)
async def test_whoever_does_not_say_who_they_are_is_sent_away(served: tuple[str, Client, str], said: Any) -> None:
    _, _, url = served
    async with connect(url) as socket:
        if said is not None:
            await socket.send(said)
        frames, code = await all_of(socket)
    assert code == 1008 and [frame["type"] for frame in frames] == ["error"]
    assert frames[0]["data"]["code"] == "AUTHENTICATION_REQUIRED"


async def test_a_refresh_token_opens_nothing(served: tuple[str, Client, str]) -> None:
    _, client, url = served
    answer = await client.http.post("/api/v1/auth/login", json={"username": "anna", "password": PASSWORD})
    status, _ = await refusal(url, additional_headers={"Authorization": f"Bearer {answer.json()['refresh_token']}"})
    assert status == 401


async def test_what_is_somebody_elses_is_an_error_frame_and_a_close(served: tuple[str, Client, str]) -> None:
    address, client, url = served
    otto = await client.headers("otto")
    for foreign in (url, f"ws://{address}/api/v1/jobs/nowhere/stream"):
        async with connect(foreign, additional_headers=otto) as socket:
            frames, code = await all_of(socket)
        assert code == 1008 and frames[0]["data"]["code"] == "RESOURCE_NOT_FOUND"
    async with connect(f"ws://{address}/api/v1/stream?channel=secrets", additional_headers=otto) as socket:
        frames, code = await all_of(socket)
    assert code == 1008 and frames[0]["type"] == "error"


async def test_a_stream_ends_with_the_sign_in(served: tuple[str, Client, str]) -> None:
    _, client, url = served
    headers = await client.headers("anna")
    key = (await client.http.post("/api/v1/auth/keys", headers=headers, json={"name": "k"})).json()
    async with (
        connect(url, additional_headers=headers) as by_token,
        connect(url, additional_headers={"X-API-Key": key["key"]}) as by_key,
    ):
        await until(by_token, "status")
        await until(by_key, "status")
        await client.http.post("/auth/logout", headers=headers)
        frames, code = await all_of(by_token)
        assert code == 1008 and frames[-1]["data"]["code"] == "TOKEN_EXPIRED"
        again = await client.headers("anna")
        await client.http.delete(f"/api/v1/auth/keys/{key['id']}", headers=again)
        _, code = await all_of(by_key)
        assert code == 1008


async def test_a_stream_ends_with_the_token_or_the_role(world: World) -> None:
    async with listening(world, socket_check=0.05) as (address, client):
        made = await client.scrape(await client.headers("anna"))
        world.jobs.change(made["run_id"], state="running")
        url = f"ws://{address}{made['links']['stream']}"
        async with connect(url, additional_headers=await client.headers("anna")) as socket:
            await until(socket, "status")
            client.gateway.sockets._clock = lambda: time.time() + client.gateway.config.access_lifetime
            _, code = await all_of(socket)
        assert code == 1008
    async with listening(world, socket_check=0.05) as (address, client):
        async with connect(f"ws://{address}/api/v1/stream", additional_headers=await client.headers("root")) as socket:
            await eventually(lambda: client.gateway.hub._listeners)
            world.accounts.change(world.ids["root"], role="viewer")
            _, code = await all_of(socket)
        assert code == 1008


async def test_a_store_that_is_away_for_a_moment_ends_no_stream(served: tuple[str, Client, str]) -> None:
    _, client, url = served
    async with connect(url, additional_headers=await client.headers("anna")) as socket:
        await until(socket, "status")
        accounts = client.world.accounts
        accounts.switch.away = True
        asked = accounts.asked_about
        await eventually(lambda: accounts.asked_about > asked + 1)
        accounts.switch.away = False
        await eventually(lambda: accounts.asked_about > asked + 3)
        await socket.send("still here")
        assert (await socket.ping()) is not None and socket.close_code is None


async def test_a_socket_that_opens_while_the_store_is_asked_is_not_taken_for_ended() -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    class Slow(FakeAccounts):
        async def standing(self, ids: Sequence[str]) -> dict[str, Standing]:
            asked.set()
            await answered.wait()
            return dict.fromkeys(ids, Standing(role="analyst", permissions=frozenset()))

    def caller(number: int) -> Caller:
        return Caller(user_id="u", username="anna", role="analyst", via="token", credential_id=f"session-{number}",
                      expires_at=None)  # fmt: skip

    sockets = Sockets(Slow(), Metrics(), limit=9, every=60)
    with sockets.watched(caller(1)) as first:
        checking = asyncio.create_task(sockets.check())
        await asked.wait()
        with sockets.watched(caller(2)) as second:
            answered.set()
            await checking
            assert not first.ended.is_set() and not second.ended.is_set()


async def test_a_frame_over_64_kb_is_a_1009(served: tuple[str, Client, str]) -> None:
    _, client, url = served
    async with connect(url, additional_headers=await client.headers("anna")) as socket:
        await until(socket, "status")
        await socket.send("x" * 65_000)
        await socket.send("x" * 65_537)
        _, code = await all_of(socket)
    assert code == 1009


async def test_only_so_many_sockets_are_open(world: World) -> None:
    async with listening(world, max_sockets=2) as (address, client):
        headers = await client.headers("root")
        url = f"ws://{address}/api/v1/stream"
        async with connect(url, additional_headers=headers), connect(url, additional_headers=headers):
            status, body = await refusal(url, additional_headers=headers)
            assert status == 503 and body["error"]["code"] == "SERVICE_UNAVAILABLE"
        await eventually(lambda: b"trawl_sockets 0.0" in client.gateway.metrics.text())
        async with connect(url, additional_headers=headers):
            pass
