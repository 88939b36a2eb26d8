"""The guarding proxy, spoken to in bytes as a browser would, and as somebody would who should not."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from infra.http.guarding_proxy import GuardingProxy, Passage, ProxyLimits
from tests.integration.http.misbehaving import PAGE, MisbehavingServer

BUDGET = 1_000_000


def lookup(host: str) -> Sequence[str]:
    return {"mixed.example": ["93.184.215.14", "127.0.0.1"], "localhost": ["127.0.0.1"]}[host]


@pytest.fixture
async def proxy(server: MisbehavingServer) -> AsyncIterator[GuardingProxy]:
    limits = ProxyLimits(per_passage=2, head_s=3.0, upload=1000)
    async with GuardingProxy([f"127.0.0.1:{server.port}"], limits, lookup=lookup) as running:
        yield running


async def say(proxy: GuardingProxy, *parts: bytes) -> bytes:
    """All that comes back until the proxy ends it; each further part is sent when something has come for the last."""
    host, port = proxy.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    heard = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(60):
            for part in parts[:-1]:
                writer.write(part)
                heard += await reader.read(65_536)
            writer.write(parts[-1])
            while data := await reader.read(65_536):
                heard += data
    writer.close()
    return heard


def ask(line: str, passage: Passage | None, *fields: str) -> bytes:
    own = [f"Proxy-Authorization: {passage.header}"] if passage else []
    return "\r\n".join([f"{line} HTTP/1.1", "Connection: close, X-Hop", *own, *fields, "", ""]).encode()


async def test_only_who_holds_a_passage_is_served_and_only_while_it_lasts(
    server: MisbehavingServer, proxy: GuardingProxy
) -> None:
    passage = proxy.admit(BUDGET)
    line = f"GET {server.url('/page')}"
    wrong = base64.b64encode(f"{passage.user}:guessed".encode()).decode()
    for request in (ask(line, None), ask(line, None, f"Proxy-Authorization: Basic {wrong}"),
                    ask(line, None, f"Authorization: {passage.header}"),
                    ask(f"CONNECT 127.0.0.1:{server.port}", None)):  # fmt: skip
        assert (await say(proxy, request)).startswith(b"HTTP/1.1 407 ")
    assert server.connections == 0
    assert PAGE in await say(proxy, ask(line, passage))
    proxy.dismiss(passage)
    assert (await say(proxy, ask(line, passage))).startswith(b"HTTP/1.1 407 ")
    assert server.connections == 1


async def test_a_request_goes_on_without_what_is_the_proxys(server: MisbehavingServer, proxy: GuardingProxy) -> None:
    passage = proxy.admit(BUDGET)
    fields = ["Host: other.example", "Proxy-Connection: keep-alive", "X-Hop: 1", "X-End: 2"]
    heard = await say(proxy, ask(f"GET {server.url('/page?a=%20b')}", passage, *fields))
    assert heard.startswith(b"HTTP/1.1 200 ") and PAGE in heard
    sent = server.asked[-1]
    assert sent.startswith(b"GET /page?a=%20b HTTP/1.1\r\n") and b"X-End: 2\r\n" in sent
    assert b"Host: 127.0.0.1:%d\r\n" % server.port in sent
    assert b"roxy" not in sent and b"X-Hop" not in sent and passage.secret.encode() not in sent
    assert passage.reached[f"127.0.0.1:{server.port}"].address == "127.0.0.1"
    assert passage.received >= len(PAGE)


async def test_a_tunnel_carries_bytes_both_ways(server: MisbehavingServer, proxy: GuardingProxy) -> None:
    passage = proxy.admit(BUDGET)
    inner = b"GET /close-after HTTP/1.1\r\nHost: x\r\n\r\n"
    heard = await say(proxy, ask(f"CONNECT 127.0.0.1:{server.port}", passage), inner)
    assert heard.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK") and PAGE in heard


@pytest.mark.parametrize("host", ["localhost", "mixed.example", "[::1]", "2130706433", "0x7f.1", "169.254.169.254"])
async def test_what_may_not_be_visited_is_refused_either_way(proxy: GuardingProxy, host: str) -> None:
    async with MisbehavingServer() as neighbour:
        where = f"{host}:{neighbour.port}"
        for line in (f"CONNECT {where}", f"GET http://{where}/page"):
            passage = proxy.admit(BUDGET)
            assert (await say(proxy, ask(line, passage))).startswith(b"HTTP/1.1 403 ")
            assert passage.refused[where].kind == "blocked_address"
        assert neighbour.connections == 0


async def test_what_is_no_request_ends_the_connection(server: MisbehavingServer, proxy: GuardingProxy) -> None:
    passage = proxy.admit(BUDGET)
    inside = f"127.0.0.1:{server.port}"
    for request in (
        ask("GET /page", passage, f"Host: {inside}"),
        ask(f"GET ftp://{inside}/", passage),
        ask(f"GET http://user@{inside}/page", passage),
        ask("CONNECT 127.0.0.1", passage),
        ask("CONNECT 127.0.0.1:99999", passage),
        ask(f"POST http://{inside}/page", passage, "Content-Length: 5000"),
        ask(f"POST http://{inside}/page", passage, "Transfer-Encoding: chunked"),
        ask(f"GET http://{inside}/page", passage, "X: " + "x" * 70_000),
        b"\x16\x03\x01 nonsense\r\n\r\n",
        b"GET http://",
    ):
        assert await say(proxy, request) == b""
    assert server.connections == 0


async def test_a_passage_has_an_end_in_bytes_and_in_connections(
    server: MisbehavingServer, proxy: GuardingProxy
) -> None:
    small = proxy.admit(len(PAGE) // 2)
    assert PAGE not in await say(proxy, ask(f"GET {server.url('/page')}", small))
    passage = proxy.admit(BUDGET)
    host, port = proxy.address.split(":")
    held = []
    for _ in range(2):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(ask(f"CONNECT 127.0.0.1:{server.port}", passage))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        held.append((reader, writer))
    assert await say(proxy, ask(f"GET {server.url('/page')}", passage)) == b""
    proxy.dismiss(passage)
    async with asyncio.timeout(60):
        for reader, writer in held:
            assert await reader.read() == b""
            writer.close()
