"""No visit outlives the sign-in behind it, and the last page that is let in goes live like the first."""

import asyncio
import re
import time

import httpx
import pytest
import websockets
from websockets.typing import Origin, Subprotocol

import dashboards.web.server
from dashboards.feed.feed import Feed
from tests.unit.dashboards.serving import SESSION, FakeSessions, serving, ticket
from tests.unit.dashboards.test_door import Door, admitted, door, socket

__all__ = ["door"]


async def live(door: Door, count: int) -> list[websockets.ClientConnection]:
    """So many pages, each with its socket."""
    found = []
    for _ in range(count):
        cookie, token = await admitted(door)
        found.append(await socket(door, cookie=cookie, token=token, origin=f"http://127.0.0.1:{door.port}"))
        assert "ACK" in str(await found[-1].recv())
    return found


async def closed(connection: websockets.ClientConnection) -> int | None:
    """The close code, once it is closed."""
    async with asyncio.timeout(60):
        await connection.wait_closed()
    return connection.close_code


async def refused(door: Door, cookie: str) -> int:
    async with door.browser() as browser:
        browser.cookies.set(f"trawl_dashboards_{door.port}", cookie)
        return (await browser.get("/overview")).status_code


@pytest.mark.parametrize("now", [{}, {SESSION: "viewer"}], ids=["signed out", "another role"])
async def test_whoever_signs_out_loses_page_socket_and_cookie(door: Door, now: dict[str, str]) -> None:
    cookie, token = await admitted(door)
    ours = f"http://127.0.0.1:{door.port}"
    connection = await socket(door, cookie=cookie, token=token, origin=ours)
    await connection.recv()
    door.sessions.roles = now
    assert await refused(door, cookie) == 403
    with pytest.raises(websockets.InvalidStatus):
        await socket(door, cookie=cookie, token=token, origin=ours)
    assert await closed(connection) == 1008
    door.feed.tick(door.now())
    async with asyncio.timeout(60):
        while door.feed._listeners:  # noqa: ASYNC110  (Bokeh runs the page's callback when it likes)
            await asyncio.sleep(0.01)


async def test_a_ticket_of_a_sign_in_that_has_ended_is_worth_nothing(door: Door) -> None:
    async with door.browser() as browser:
        for gone in (ticket(door.now(), session_id="session-0"), ticket(door.now(), role="viewer")):
            answer = await browser.get("/overview", params={"ticket": gone})
            assert answer.status_code == 403 and "set-cookie" not in answer.headers


async def test_a_visit_ends_with_the_session_at_the_latest(door: Door) -> None:
    async with door.browser() as browser:
        answer = await browser.get("/overview", params={"ticket": ticket(door.now(), ends=door.now() + 600)})
        left = re.search(r"Max-Age=(\d+)", answer.headers["set-cookie"])
        assert left and 540 <= int(left[1]) <= 600
        door.late = 540
        assert (await browser.get("/overview")).status_code == 200
        door.late = 601
        assert (await browser.get("/overview")).status_code == 403


async def test_a_fresh_ticket_counts_before_an_old_cookie(door: Door) -> None:
    async with door.browser() as browser:
        await browser.get("/overview", params={"ticket": door.ticket()})
        door.sessions.roles = {"session-2": "admin"}
        assert (await browser.get("/overview")).status_code == 403
        again = await browser.get("/overview", params={"ticket": ticket(door.now(), session_id="session-2")})
        assert again.status_code == 303
        assert (await browser.get("/overview")).status_code == 200


async def test_while_the_accounts_are_away_nobody_comes_in_and_nobody_is_put_out(door: Door) -> None:
    [connection] = await live(door, 1)
    cookie, _ = await admitted(door)
    door.sessions.away = True
    assert await refused(door, cookie) == 503
    asked = door.sessions.asked
    async with asyncio.timeout(60):
        while door.sessions.asked < asked + 2:  # noqa: ASYNC110  (the watch asks when it likes)
            await asyncio.sleep(0.01)
    assert connection.close_code is None
    door.sessions.away = False
    assert await refused(door, cookie) == 200


async def test_the_last_page_that_is_let_in_goes_live(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboards.web.server, "MOST_PAGES", 2)
    monkeypatch.setattr(dashboards.web.server, "MOST_SOCKETS", 3)
    connections = await live(door, 1)
    cookie, token = await admitted(door)
    assert await refused(door, cookie) == 503
    ours = f"http://127.0.0.1:{door.port}"
    for _ in range(2):
        connections.append(await socket(door, cookie=cookie, token=token, origin=ours))
        assert "ACK" in str(await connections[-1].recv())
    with pytest.raises(websockets.InvalidStatus) as full:
        await socket(door, cookie=cookie, token=token, origin=ours)
    assert full.value.response.status_code == 503
    for connection in connections:
        await connection.close()


async def test_behind_a_proxy_with_tls_everything_is_under_its_names() -> None:
    proxied = {"host": "dash.example"}
    async with (
        serving(
            Feed(time.time()),
            sessions=FakeSessions(),
            public_url="https://dash.example",
            gateway_url="https://trawl.example",
        ) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as browser,
    ):
        refusal = await browser.get("/overview", headers=proxied)
        assert refusal.status_code == 403 and 'href="https://trawl.example/"' in refusal.text
        answer = await browser.get("/overview", params={"ticket": ticket(time.time())}, headers=proxied)
        assert answer.status_code == 303 and "; Secure" in answer.headers["set-cookie"]
        cookie = answer.headers["set-cookie"].partition(";")[0]
        page = await browser.get("/overview", headers={**proxied, "cookie": cookie})
        token = re.search(r'"token":\s*"([^"]+)"', page.text)
        assert token
        for origin, status in (("https://dash.example", 101), ("https://evil.example", 403),
                               ("https://dash.example:8443", 403)):  # fmt: skip
            try:
                async with websockets.connect(
                    "ws://dash.example/overview/ws", host="127.0.0.1", port=port, origin=Origin(origin), proxy=None,
                    subprotocols=[Subprotocol("bokeh"), Subprotocol(token[1])], additional_headers={"Cookie": cookie},
                    open_timeout=60,
                ) as connection:  # fmt: skip
                    await connection.recv()
                    assert status == 101
            except websockets.InvalidStatus as refused_with:
                assert refused_with.response.status_code == status
