"""HTTP/2 where a request asks for it, behind the same guard."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509

from infra.http.exchange import HttpFetcher
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse, ExchangeResult
from tests.integration.http.misbehaving import PAGE
from tests.integration.http.newer import Http2Server
from tests.integration.http.test_guarded import LOOPBACK, authority


async def ask(fetcher: HttpFetcher, url: str, read: float = 60.0, **more: object) -> ExchangeResult:
    request = ExchangeRequest(url, http2=True, connect_timeout=60.0, read_timeout=read, **more)  # type: ignore[arg-type]
    return await fetcher.fetch(request)


async def test_requests_share_one_connection_and_tell_all(tmp_path: Path) -> None:
    serving, trusting = authority(tmp_path, [LOOPBACK])
    async with Http2Server(serving) as server, HttpFetcher(["127.0.0.1"], authorities=trusting) as fetcher:
        first = await ask(fetcher, server.url("/a%7Eb?x=[1]"), method="POST", body=b"hello", headers=(("X-A", "1"),))
        assert isinstance(first, ExchangeResponse), first
        assert (first.body, first.http_version, first.tls_version) == (PAGE, "HTTP/2", "TLSv1.3")
        assert first.address == "127.0.0.1"
        assert [value for name, value in first.headers if name == "set-cookie"] == ["a=1", "b=2"]
        assert first.times.connect is not None and first.times.tls is not None and first.times.tls > 0
        assert first.times.first_byte >= first.times.connect + first.times.tls
        _, head, body = server.asked[0]
        assert (head[":path"], head[":method"], head["x-a"], body) == ("/a%7Eb?x=[1]", "POST", "1", b"hello")
        assert head[":authority"] == f"127.0.0.1:{server.port}"
        more = await asyncio.gather(*(ask(fetcher, server.url(f"/{n}")) for n in range(20)))
        assert all(one.ok for one in more)
        assert {one.times.tls for one in more if isinstance(one, ExchangeResponse)} == {None}
        assert {number for number, _, _ in server.asked} == {1}
        plain = await fetcher.fetch(ExchangeRequest(server.url("/p"), total_timeout=60.0))
        assert not plain.ok or getattr(plain, "http_version", "") == "HTTP/1.1", "nobody asked for HTTP/2"


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/never", {"timeout"}),
        ("/reset", {"malformed_response", "connection_lost"}),
        ("/half", {"malformed_response", "connection_lost"}),
    ],
)
async def test_what_is_not_whole_is_a_failure(path: str, kinds: set[str], tmp_path: Path) -> None:
    serving, trusting = authority(tmp_path, [LOOPBACK])
    async with Http2Server(serving) as server, HttpFetcher(["127.0.0.1"], authorities=trusting) as fetcher:
        found = await ask(fetcher, server.url(path), read=1.0 if kinds == {"timeout"} else 60.0)
        assert isinstance(found, ExchangeFailure), found
        assert found.kind in kinds
        assert len(found.reason) > 20
        assert (await ask(fetcher, server.url("/"))).ok


async def test_a_host_without_http2_is_spoken_to_in_the_older_one(tmp_path: Path) -> None:
    serving, trusting = authority(tmp_path, [LOOPBACK])
    async with (
        Http2Server(serving, newer=False) as server,
        HttpFetcher(["127.0.0.1"], authorities=trusting) as fetcher,
    ):
        found = await ask(fetcher, server.url("/"))
        assert isinstance(found, ExchangeResponse), found
        assert (found.http_version, found.body) == ("HTTP/1.1", PAGE)


async def test_the_guard_stands_before_http2_as_well(tmp_path: Path) -> None:
    answers: dict[str, Sequence[str]] = {"inside.example": ["127.0.0.1"], "mixed.example": ["8.8.8.8", "127.0.0.1"]}
    serving, trusting = authority(tmp_path, [x509.DNSName("inside.example")])
    async with Http2Server(serving) as server:
        async with HttpFetcher(authorities=trusting, lookup=lambda host: answers[host]) as fetcher:
            for host in ("127.0.0.1", "2130706433", "[::1]", "inside.example", "mixed.example"):
                found = await ask(fetcher, f"https://{host}:{server.port}/")
                assert isinstance(found, ExchangeFailure)
                assert found.kind == "blocked_address", found
        assert server.connections == 0
        async with HttpFetcher(["inside.example"], authorities=trusting, lookup=lambda host: answers[host]) as fetcher:
            whole = await ask(fetcher, f"https://inside.example:{server.port}/")
            assert isinstance(whole, ExchangeResponse), whole
            assert whole.times.dns is not None
        async with HttpFetcher(["127.0.0.1"]) as fetcher:
            untrusted = await ask(fetcher, server.url("/"))
            assert isinstance(untrusted, ExchangeFailure)
            assert untrusted.kind == "tls_failed"
