"""Through a proxy, on real sockets: it is guarded like a host, and it is never asked for what we would not dial."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from infra.http.exchange import HttpFetcher
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse, ExchangeResult
from tests.integration.http.forwarding import ForwardingProxy
from tests.integration.http.misbehaving import PAGE, MisbehavingServer
from tests.integration.http.test_guarded import authority

PUBLIC = "93.184.216.34"
"""Where the names of these tests are said to be; nobody dials it."""


def lookup(host: str) -> Sequence[str]:
    if host == "unknown.example":
        raise OSError("no such name")
    return ["127.0.0.1", PUBLIC] if host in ("inside.example", "localhost") else [PUBLIC]


async def through(fetcher: HttpFetcher, url: str, proxy: str) -> ExchangeResult:
    return await fetcher.fetch(
        ExchangeRequest(url, proxy=proxy, connect_timeout=60.0, read_timeout=60.0, total_timeout=120.0)
    )


def kind(result: ExchangeResult) -> str:
    return result.kind if isinstance(result, ExchangeFailure) else "fetched"


async def test_http_goes_in_absolute_form_and_keeps_its_connection(server: MisbehavingServer) -> None:
    async with (
        ForwardingProxy(server.port) as proxy,
        HttpFetcher([f"127.0.0.1:{proxy.port}"], lookup=lookup) as fetcher,
    ):
        first = await through(fetcher, "http://site.example/page?a=%7E&&b", proxy.url)
        assert isinstance(first, ExchangeResponse), first
        assert (first.body, first.address) == (PAGE, "127.0.0.1")
        assert (await through(fetcher, "http://site.example/page", proxy.url)).ok
    assert [head.split(b"\r\n")[0] for head in proxy.asked] == [
        b"GET http://site.example/page?a=%7E&&b HTTP/1.1",
    ], "the second request goes over the first one's connection"
    assert b"Host: site.example\r\n" in proxy.asked[0]
    assert len(server.asked) == 2


async def test_https_goes_through_a_tunnel_that_the_proxy_cannot_read(tmp_path: Path) -> None:
    serving, trusting = authority(tmp_path, [x509.DNSName("site.example")])
    async with (
        MisbehavingServer(tls=serving) as server,
        ForwardingProxy(server.port) as proxy,
        HttpFetcher([f"127.0.0.1:{proxy.port}"], authorities=trusting, lookup=lookup) as fetcher,
    ):
        found = await through(fetcher, "https://site.example/page", proxy.url)
        assert isinstance(found, ExchangeResponse), found
        assert (found.body, found.tls_version) == (PAGE, "TLSv1.3")
        assert proxy.asked[0].startswith(b"CONNECT site.example:443 HTTP/1.1\r\n")
        # The certificate is the site's own, not the proxy's to vouch for.
        assert kind(await through(fetcher, "https://other.example/page", proxy.url)) == "tls_failed"


async def test_a_proxy_is_not_asked_for_what_would_not_be_dialled(server: MisbehavingServer) -> None:
    async with (
        ForwardingProxy(server.port) as proxy,
        HttpFetcher([f"127.0.0.1:{proxy.port}"], lookup=lookup) as fetcher,
    ):
        for url in ("http://inside.example/", "https://inside.example/", "http://127.0.0.1/", "https://169.254.169.254/",
                    "http://2130706433/", "http://[::1]/"):  # fmt: skip
            assert kind(await through(fetcher, url, proxy.url)) == "blocked_address", url
        assert kind(await through(fetcher, "http://unknown.example/", proxy.url)) == "dns_failed"
    assert proxy.asked == []


async def test_the_proxys_own_address_is_guarded_too(server: MisbehavingServer) -> None:
    async with ForwardingProxy(server.port) as proxy, HttpFetcher(lookup=lookup) as fetcher:
        for way in (proxy.url, f"http://localhost:{proxy.port}", f"http://127.1:{proxy.port}",
                    f"http://inside.example:{proxy.port}"):  # fmt: skip
            assert kind(await through(fetcher, "http://site.example/page", way)) == "blocked_address", way
            assert kind(await through(fetcher, "https://site.example/page", way)) == "blocked_address", way
        for way in ("socks5://127.0.0.1:1", "https://site.example", "http://user:word@site.example", "nonsense"):
            assert kind(await through(fetcher, "http://site.example/page", way)) == "malformed_response", way
    assert proxy.asked == []


async def test_what_a_proxy_refuses_is_a_failure_with_its_words(server: MisbehavingServer) -> None:
    refusal = b"HTTP/1.1 403 Not for you\r\nContent-Length: 0\r\n\r\n"
    async with ForwardingProxy(server.port, refusal) as proxy, HttpFetcher(["127.0.0.1"], lookup=lookup) as fetcher:
        found = await through(fetcher, "https://site.example/page", proxy.url)
        assert isinstance(found, ExchangeFailure)
        assert found.kind == "connect_failed"
        assert "403" in found.reason
    assert server.connections == 0


def test_the_tests_public_address_is_one() -> None:
    assert ipaddress.ip_address(PUBLIC).is_global
