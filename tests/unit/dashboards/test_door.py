"""Who is let in: the whole way from the gateway's ticket to a socket, against the real server."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import websockets
from websockets.typing import Origin, Subprotocol

from dashboards.feed.feed import Feed
from dashboards.web.gate import VISIT_S
from tests.unit.dashboards.serving import GATEWAY_PORT, SECRET, FakeSessions, serving, ticket


@dataclass
class Door:
    """The server under test; `late` is how far its clock is ahead of ours."""

    feed: Feed
    sessions: FakeSessions
    port: int = 0
    late: float = 0.0

    def now(self) -> float:
        return time.time() + self.late

    def ticket(self, lifetime: float = 60, **given: Any) -> str:
        return ticket(self.now(), lifetime, **given)

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    found = Door(Feed(time.time()), FakeSessions())
    async with serving(found.feed, clock=found.now, sessions=found.sessions) as port:
        found.port = port
        yield found


async def test_a_ticket_becomes_a_cookie_and_the_address_is_clean(door: Door) -> None:
    async with door.browser() as browser:
        answer = await browser.get("/run", params={"id": "a b", "ticket": door.ticket()})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/run?id=a+b"
        cookie = answer.headers["set-cookie"]
        assert re.match(rf"trawl_dashboards_{door.port}=", cookie)
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and f"Max-Age={int(VISIT_S)}" in cookie
        page = await browser.get("/overview")
        assert page.status_code == 200
        assert 'data-slot="pulse"' in page.text


@pytest.mark.parametrize("path", ["/overview", "/run", "/trends", "/overview/ws", "/trends/autoload.js"])
async def test_nobody_comes_in_without_a_ticket(door: Door, path: str) -> None:
    async with door.browser() as browser:
        answer = await browser.get(path)
        assert answer.status_code in (403, 404)
        assert "set-cookie" not in answer.headers
        assert "bokeh" not in answer.text.lower()


async def test_the_refusal_is_a_page_that_leads_to_the_gateway(door: Door) -> None:
    async with door.browser() as browser:
        answer = await browser.get("/overview", headers={"host": f"localhost:{door.port}"})
        assert answer.status_code == 403
        assert f'href="http://localhost:{GATEWAY_PORT}/"' in answer.text


async def test_old_forged_and_misused_tickets_are_worth_nothing(door: Door) -> None:
    session = door.ticket(kind="session")
    for given in (door.ticket(-1), door.ticket(secret="another"), session, "rubbish", door.ticket()[:-2], "é"):
        async with door.browser() as browser:
            answer = await browser.get("/overview", params={"ticket": given})
            assert answer.status_code == 403, given
            assert "set-cookie" not in answer.headers


async def test_a_ticket_is_good_once_but_a_reload_by_the_same_browser_is_not_punished(door: Door) -> None:
    ticket = door.ticket()
    async with door.browser() as browser, door.browser() as thief:
        assert (await browser.get("/overview", params={"ticket": ticket})).status_code == 303
        assert (await browser.get("/overview", params={"ticket": ticket})).status_code == 303
        assert (await thief.get("/overview", params={"ticket": ticket})).status_code == 403


async def test_a_ticket_is_no_cookie_and_a_cookie_ends(door: Door) -> None:
    async with door.browser() as browser:
        browser.cookies.set(f"trawl_dashboards_{door.port}", door.ticket())
        assert (await browser.get("/overview")).status_code == 403
        browser.cookies.clear()
        await browser.get("/overview", params={"ticket": door.ticket()})
        door.late = VISIT_S - 60
        assert (await browser.get("/overview")).status_code == 200
        door.late = VISIT_S + 1
        assert (await browser.get("/overview")).status_code == 403


async def test_a_foreign_host_name_is_refused_even_with_a_cookie(door: Door) -> None:
    async with door.browser() as browser:
        await browser.get("/overview", params={"ticket": door.ticket()})
        answer = await browser.get("/overview", headers={"host": f"evil.example:{door.port}"})
        assert answer.status_code == 403
        assert "evil.example" not in answer.text


async def test_the_redirect_stays_on_this_server(door: Door) -> None:
    async with door.browser() as browser:
        answer = await browser.get("/", params={"ticket": door.ticket()})
        assert answer.headers["location"].startswith("/overview?ticket=")
        assert answer.headers["location"].count("//") == 0


async def test_answers_are_hardened_and_hold_no_secret(door: Door) -> None:
    async with door.browser() as browser:
        await browser.get("/overview", params={"ticket": door.ticket()})
        page = await browser.get("/overview")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy and "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        cookie = browser.cookies[f"trawl_dashboards_{door.port}"]
        assert cookie not in page.text, "what scripts can read must not hold the cookie"
        assert cookie not in tickets_payloads(page.text)
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page.text), "nothing comes from elsewhere"


def tickets_payloads(text: str) -> str:
    """What is packed into the page's session token, unpacked."""
    import base64
    import zlib

    found = ""
    for part in re.findall(r"[A-Za-z0-9_-]{40,}", text):
        for candidate in (part, part.split(".")[0]):
            try:
                raw = base64.urlsafe_b64decode(candidate + "=" * (-len(candidate) % 4))
            except ValueError:
                continue
            found += raw.decode("latin1")
            try:
                found += zlib.decompress(raw).decode("latin1")
            except zlib.error:
                continue
    return found


async def test_static_files_and_health_are_open_and_say_nothing(door: Door) -> None:
    async with door.browser() as browser:
        assert (await browser.get("/health")).json() == {"status": "ok"}
        assert (await browser.get("/look/page.css")).status_code == 200
        assert (await browser.get("/look/../figures.py")).status_code in (403, 404)
        assert (await browser.get("/look/%2e%2e/palette.py")).status_code in (403, 404)


async def socket(door: Door, *, cookie: str = "", token: str, origin: str) -> websockets.ClientConnection:
    headers = {"Cookie": f"trawl_dashboards_{door.port}={cookie}"} if cookie else {}
    return await websockets.connect(
        f"ws://127.0.0.1:{door.port}/overview/ws", subprotocols=[Subprotocol("bokeh"), Subprotocol(token)],
        origin=Origin(origin),
        additional_headers=headers, proxy=None, open_timeout=60,
    )  # fmt: skip


async def admitted(door: Door) -> tuple[str, str]:
    """(cookie, session token) of a page that was opened."""
    async with door.browser() as browser:
        await browser.get("/overview", params={"ticket": door.ticket()})
        page = await browser.get("/overview")
        token = re.search(r'"token":\s*"([^"]+)"', page.text)
        assert token
        return browser.cookies[f"trawl_dashboards_{door.port}"], token[1]


async def test_a_socket_wants_the_cookie_our_origin_and_a_signed_session(door: Door) -> None:
    cookie, token = await admitted(door)
    ours = f"http://127.0.0.1:{door.port}"
    for wrong in (
        {"cookie": "", "token": token, "origin": ours},
        {"cookie": cookie, "token": token, "origin": "http://evil.example"},
        {"cookie": cookie, "token": token, "origin": f"http://127.0.0.1:{door.port + 1}"},
    ):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await socket(door, **wrong)
        assert refused.value.response.status_code == 403
    altered = token[:-3] + ("aaa" if not token.endswith("aaa") else "bbb")
    unsigned = await socket(door, cookie=cookie, token=altered, origin=ours)
    with pytest.raises(websockets.ConnectionClosed):
        await unsigned.recv()
    good = await socket(door, cookie=cookie, token=token, origin=ours)
    assert "ACK" in str(await good.recv())
    await good.close()


async def test_a_session_that_was_signed_too_long_ago_opens_no_socket(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bokeh's own clock moves: the page was opened a minute ago, and its visit is not over."""
    cookie, token = await admitted(door)

    later = datetime.now(UTC) + timedelta(seconds=60)
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda tz: later), timezone=timezone)
    monkeypatch.setattr("bokeh.server.views.ws.dt", clock)
    old = await socket(door, cookie=cookie, token=token, origin=f"http://127.0.0.1:{door.port}")
    with pytest.raises(websockets.ConnectionClosed):
        await old.recv()


async def test_a_frame_beyond_the_limit_closes_the_socket(door: Door) -> None:
    cookie, token = await admitted(door)
    connection = await socket(door, cookie=cookie, token=token, origin=f"http://127.0.0.1:{door.port}")
    await connection.recv()
    with pytest.raises(websockets.ConnectionClosed):
        await connection.send("x" * 70_000)
        while True:
            await asyncio.wait_for(connection.recv(), 60)


async def hung_up(door: Door, head: str) -> None:
    """Returns when the server has hung up on somebody who begins so and then sends a letter now and then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(head.encode())
    try:
        while not reader.at_eof():
            writer.write(b"a")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1024), 0.02)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def test_who_is_slow_is_hung_up_on_and_a_page_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.web.server._IDLE_S", 1.0)
    monkeypatch.setattr("dashboards.web.server._BODY_S", 1.0)
    door = Door(Feed(time.time()), FakeSessions())
    async with serving(door.feed, clock=door.now, sessions=door.sessions) as door.port:
        cookie, token = await admitted(door)
        page = await socket(door, cookie=cookie, token=token, origin=f"http://127.0.0.1:{door.port}")
        await page.recv()
        async with asyncio.timeout(60):
            await hung_up(door, "GET / HTTP/1.1\r\nHost: x\r\nX-Filling: ")
            await hung_up(door, "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            assert await reader.read() == b"", "nor is a place kept for somebody who says nothing"
            writer.close()
            await (await page.ping())
        await page.close()


async def test_a_page_hears_nothing_more_once_its_visit_is_over(door: Door) -> None:
    await admitted(door)
    assert len(door.feed._listeners) == 1
    door.late = VISIT_S + 60
    door.feed.tick(door.now())
    async with asyncio.timeout(60):
        while door.feed._listeners:  # noqa: ASYNC110  (Bokeh runs the page's callback when it likes)
            await asyncio.sleep(0.01)


async def test_a_second_server_on_the_port_is_told_so(door: Door) -> None:
    from dashboards.errors import PortTaken
    from dashboards.web.server import Address, listening
    from dashboards.wording import templates

    with pytest.raises(PortTaken, match=f"127.0.0.1:{door.port}.*TRAWL_DASHBOARDS_PORT"):
        at = Address(host="127.0.0.1", port=door.port, gateway_port=1)
        async with listening({}, at, secret=SECRET, sessions=door.sessions, templates=templates(), clock=time.time):
            pass
