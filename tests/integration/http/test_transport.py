"""httpx's own client over the guarded transport: what its users rely on."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from infra.http.exceptions import AddressBlocked, ConnectionLost, HeadTooLarge, NameNotResolved
from infra.http.guard import AddressGuard
from infra.http.resolver import GuardedResolver
from infra.http.transport import GuardedTransport
from tests.integration.http.misbehaving import PAGE, MisbehavingServer


def nowhere(host: str) -> Sequence[str]:
    raise OSError("no such name")


@pytest.fixture
async def client(server: MisbehavingServer) -> AsyncIterator[httpx.AsyncClient]:
    guard = AddressGuard([f"127.0.0.1:{server.port}"])
    transport = GuardedTransport(guard, resolver=GuardedResolver(guard, lookup=nowhere))
    timeout = httpx.Timeout(0.5, connect=2.0)
    async with httpx.AsyncClient(transport=transport, timeout=timeout) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/drop", ConnectionLost),
        ("/drop", httpx.RemoteProtocolError),
        ("/reset", httpx.ReadError),
        ("/reset-in-body", httpx.ReadError),
        ("/short-length", httpx.RemoteProtocolError),
        ("/cut-chunked", httpx.RemoteProtocolError),
        ("/status-line", httpx.RemoteProtocolError),
        ("/big-header", HeadTooLarge),
        ("/never", httpx.ReadTimeout),
        ("/hang-after-head", httpx.ReadTimeout),
    ],
)
async def test_errors_are_httpxs(
    path: str, expected: type[Exception], server: MisbehavingServer, client: httpx.AsyncClient
) -> None:
    with pytest.raises(expected) as caught:
        await client.get(server.url(path))
    assert isinstance(caught.value, httpx.TransportError)
    assert str(caught.value)
    assert (await client.get(server.url("/page"))).content == PAGE


async def test_errors_before_a_connection_are_connect_errors(
    server: MisbehavingServer, client: httpx.AsyncClient
) -> None:
    with pytest.raises(NameNotResolved) as unknown:
        await client.get("http://nowhere.example/")
    with pytest.raises(AddressBlocked) as blocked:
        await client.get("http://127.0.0.2/")
    assert isinstance(unknown.value, httpx.ConnectError)
    assert isinstance(blocked.value, httpx.ConnectError)
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    transport = GuardedTransport(AddressGuard(["127.0.0.1"]))
    async with httpx.AsyncClient(transport=transport) as other:
        with pytest.raises(httpx.ConnectError, match="could not be connected to"):
            await other.get(f"http://127.0.0.1:{free.getsockname()[1]}/")
    free.close()


async def test_a_host_that_does_not_accept_is_a_connect_timeout() -> None:
    # A listener whose queue is full answers no further SYN.
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(full.getsockname())
        waiting.append(one)
    transport = GuardedTransport(AddressGuard(["127.0.0.1"]))
    async with httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(5.0, connect=0.2)) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(f"http://127.0.0.1:{full.getsockname()[1]}/")
    for one in (full, *waiting):
        one.close()


async def test_bodies_are_sent_with_their_length_or_in_chunks(
    server: MisbehavingServer, client: httpx.AsyncClient
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"two "
        yield b"pieces"

    assert (await client.post(server.url("/echo"), content=b"whole")).content == b"whole"
    assert (await client.post(server.url("/echo"), content=pieces())).content == b"a\r\ntwo pieces\r\n0\r\n\r\n"
    assert (await client.post(server.url("/echo"))).content == b""
    assert (await client.get(server.url("/page"))).content == PAGE
    assert server.connections == 1


async def test_no_cookie_is_kept_by_the_transport_and_no_redirect_followed(server: MisbehavingServer) -> None:
    transport = GuardedTransport(AddressGuard(["127.0.0.1"]))
    for path in ("/duplicates", "/redirect", "/page"):
        request = httpx.Request("GET", server.url(path))
        response = await transport.handle_async_request(request)
        await response.aread()
        assert response.status_code in (200, 301)
    await transport.aclose()
    assert len(server.asked) == 3
    assert not any(b"cookie" in head.lower() for head in server.asked)


async def test_the_environment_names_no_proxy(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    transport = GuardedTransport(AddressGuard(["127.0.0.1"]))
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get(server.url("/page"))).content == PAGE


async def test_extensions_tell_the_peer_and_the_version(server: MisbehavingServer, client: httpx.AsyncClient) -> None:
    first = await client.get(server.url("/page"))
    assert first.http_version == "HTTP/1.1"
    assert first.extensions["peer"] == ("127.0.0.1", None)
    assert first.extensions["connect_ms"] > 0
    assert (await client.get(server.url("/page"))).extensions["connect_ms"] is None


async def test_a_body_that_is_not_read_costs_its_connection_and_nothing_else(
    server: MisbehavingServer, client: httpx.AsyncClient
) -> None:
    async with client.stream("GET", server.url("/endless")) as response:
        async for _ in response.aiter_raw():
            break
    async with client.stream("GET", server.url("/page")):
        pass
    assert (await client.get(server.url("/page"))).content == PAGE


@pytest.mark.parametrize(
    ("headers", "target"),
    [([(b"X-A", b"b\r\nX-B: c")], b"/"), ([(b"X A", b"b")], b"/"), ([(b"X-A", b"\0")], b"/"), ([], b"/a b"),
     ([], b"/ HTTP/1.1\r\nX: y")],
)  # fmt: skip
async def test_nothing_is_smuggled_into_a_request(
    headers: list[tuple[bytes, bytes]], target: bytes, server: MisbehavingServer, client: httpx.AsyncClient
) -> None:
    request = httpx.Request("GET", server.url("/"), headers=headers, extensions={"target": target})
    with pytest.raises(httpx.LocalProtocolError):
        await client.send(request)
    assert server.asked == []


async def test_many_requests_share_few_connections(server: MisbehavingServer, client: httpx.AsyncClient) -> None:
    pages = await asyncio.gather(*(client.get(server.url("/page"), timeout=10) for _ in range(200)))
    assert {page.content for page in pages} == {PAGE}
    assert server.connections <= 16
