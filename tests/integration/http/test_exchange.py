"""Every nasty server, each with the outcome it must have, within bounds."""

import asyncio
import resource
import time

import pytest

from infra.http.connections import PoolLimits
from infra.http.exchange import HttpFetcher, HttpSettings
from producers.fetch.exchange import Exchange
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse, FailureKind
from tests.integration.http.misbehaving import PAGE, MisbehavingServer

LIMIT = 1_000_000


def asking(url: str, total: float = 120.0, read: float = 60.0) -> ExchangeRequest:
    return ExchangeRequest(url, connect_timeout=60.0, read_timeout=read, total_timeout=total, max_body=LIMIT)


async def page(fetcher: HttpFetcher, url: str) -> ExchangeResponse:
    result = await fetcher.fetch(asking(url))
    assert isinstance(result, ExchangeResponse), result
    return result


WHOLE = [
    "/page", "/gzip", "/x-gzip", "/gzip-members", "/gzip-padded", "/deflate", "/raw-deflate", "/brotli", "/zstd",
    "/stacked", "/stacked-twice", "/stacked-new", "/identity",
    "/early-hints", "/empty-type", "/until-close", "/http-1.0", "/close-after",
]  # fmt: skip


@pytest.mark.parametrize("path", WHOLE)
async def test_odd_but_whole_pages_arrive_whole(path: str, server: MisbehavingServer, fetcher: HttpFetcher) -> None:
    result = await page(fetcher, server.url(path))
    assert (result.status, result.body) == (200, PAGE)
    assert result.address == "127.0.0.1"
    assert 0 < result.times.first_byte <= result.times.total
    assert str(result.wire_size) == (result.header("content-length") or str(len(PAGE)))


BROKEN: list[tuple[str, FailureKind]] = [
    ("/status-line", "malformed_response"),
    ("/garbage", "malformed_response"),
    ("/no-colon", "malformed_response"),
    ("/two-lengths", "malformed_response"),
    ("/bad-chunk", "malformed_response"),
    ("/many-headers", "malformed_response"),
    ("/short-length", "malformed_response"),
    ("/cut-chunked", "malformed_response"),
    ("/no-last-chunk", "malformed_response"),
    ("/cut-head", "malformed_response"),
    ("/big-header", "too_large"),
    ("/bomb", "too_large"),
    ("/bomb-stacked", "too_large"),
    ("/deflate-bomb", "too_large"),
    ("/announced-big", "too_large"),
    ("/endless", "too_large"),
    ("/bad-crc", "decode_failed"),
    ("/not-gzip", "decode_failed"),
    ("/unasked", "decode_failed"),
    ("/truncated-brotli", "decode_failed"),
    ("/truncated-zstd", "decode_failed"),
    ("/zstd-bad-checksum", "decode_failed"),
    ("/brotli-bomb", "too_large"),
    ("/zstd-bomb", "too_large"),
    ("/truncated-gzip", "decode_failed"),
    ("/truncated-deflate", "decode_failed"),
    ("/members-bomb", "decode_failed"),
    ("/deep-stack", "decode_failed"),
    ("/drop", "connection_lost"),
    ("/reset", "connection_lost"),
    ("/reset-in-body", "connection_lost"),
    ("/reset-until-close", "connection_lost"),
    ("/never", "timeout"),
    ("/hang-after-head", "timeout"),
]


@pytest.mark.parametrize(("path", "kind"), BROKEN)
async def test_broken_answers_are_failures_of_their_kind_and_soon(
    path: str, kind: FailureKind, server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    began = time.perf_counter()
    result = await fetcher.fetch(asking(server.url(path), read=1.0 if kind == "timeout" else 60.0))
    assert isinstance(result, ExchangeFailure)
    assert result.kind == kind, result.reason
    assert result.reason.endswith(".") or ":" in result.reason
    assert time.perf_counter() - began < 30.0
    # The next exchange is not hurt by what this one left behind.
    assert (await page(fetcher, server.url("/page"))).body == PAGE


async def test_a_dripped_body_ends_at_the_deadline(server: MisbehavingServer, fetcher: HttpFetcher) -> None:
    began = time.perf_counter()
    result = await fetcher.fetch(asking(server.url("/drip"), total=3.0))
    assert isinstance(result, ExchangeFailure)
    assert (result.kind, result.status) == ("timeout", 200)
    # uvloop's clock ticks in milliseconds.
    assert 2.99 <= time.perf_counter() - began < 60.0
    assert 2990 <= result.elapsed_ms < 60_000


async def test_every_nasty_server_at_once_beside_healthy_pages(server: MisbehavingServer) -> None:
    """None of them slows the healthy ones, none costs much memory, and all are told apart as when they are alone."""
    settings = HttpSettings(pool=PoolLimits(per_host=256))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with HttpFetcher([f"127.0.0.1:{server.port}"], settings) as fetcher:
        await page(fetcher, server.url("/page"))
        nasty = [asyncio.create_task(fetcher.fetch(asking(server.url(path), read=8))) for path, _ in BROKEN * 2]
        healthy = [asyncio.create_task(fetcher.fetch(asking(server.url("/page")))) for _ in range(100)]
        pages = await asyncio.gather(*healthy)
        assert not all(one.done() for one in nasty), "the pages waited for those that hang"
        assert all(isinstance(one, ExchangeResponse) and one.body == PAGE for one in pages)
        kinds = [one.kind for one in await asyncio.gather(*nasty) if isinstance(one, ExchangeFailure)]
    assert kinds == [kind for _, kind in BROKEN * 2]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def test_statuses_are_responses_and_redirects_are_not_followed(
    server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    moved = await page(fetcher, server.url("/redirect"))
    assert (moved.status, moved.header("location"), moved.body) == (301, "/page", b"moved")
    assert (await page(fetcher, server.url("/not-found"))).status == 404
    busy = await page(fetcher, server.url("/busy"))
    assert (busy.status, busy.header("Retry-After")) == (503, "7")
    assert (await page(fetcher, server.url("/no-content"))).body == b""
    assert (await page(fetcher, server.url("/empty-gzip"))).body == b""
    assert (await page(fetcher, server.url("/chunked"))).body == b"hello world"


async def test_headers_keep_their_bytes_order_case_and_repeats(server: MisbehavingServer, fetcher: HttpFetcher) -> None:
    latin = await page(fetcher, server.url("/latin-1"))
    location = latin.header("location")
    assert location is not None
    assert location.encode("latin-1") == b"/caf\xe9"
    twice = await page(fetcher, server.url("/duplicates"))
    assert twice.headers == [
        ("Content-Length", str(len(PAGE))),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("X-Case", "Kept"),
    ]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a%7Eb%2fC?x=%41&&y=[1]?z", b"/a%7Eb%2fC?x=%41&&y=[1]?z"),
        ("/a b?c d", b"/a%20b?c%20d"),
        ("/\u00fc\n", b"/%C3%BC%0A"),
        ("/x#fragment", b"/x"),
        ("?q", b"/?q"),
        ("/../a/./b", b"/../a/./b"),
        ('/a?"<>`{}|^\\', b'/a?"<>`{}|^\\'),
    ],
)
async def test_urls_are_asked_for_as_given(
    path: str, sent: bytes, server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    await page(fetcher, server.url(path))
    assert server.asked[-1].split(b"\r\n")[0] == b"GET " + sent + b" HTTP/1.1"


async def test_what_is_sent_is_ours_and_the_requests_and_nothing_else(server: MisbehavingServer) -> None:
    async with HttpFetcher([f"127.0.0.1:{server.port}"], HttpSettings(user_agent="TrawlBot/0.1 (+about)")) as fetcher:
        headers = (("Accept", "text/plain"), ("X-Name", "Gr\u00fc\u00df"), ("Host", "evil"), ("accept-encoding", "br"))
        request = ExchangeRequest(server.url("/page"), headers=headers)
        assert (await fetcher.fetch(request)).ok
        bad = ExchangeRequest(server.url("/page"), headers=(("X-Evil", "a\r\nX-Injected: b"),))
        refused = await fetcher.fetch(bad)
    assert isinstance(refused, ExchangeFailure)
    assert server.asked == [
        f"GET /page HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: TrawlBot/0.1 (+about)\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept: text/plain\r\nX-Name: Gr\u00fc\u00df\r\n\r\n".encode(
            "latin-1"
        )
    ]


async def test_a_connection_is_kept_and_a_closed_one_is_replaced_unseen(
    server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    first = await page(fetcher, server.url("/page"))
    second = await page(fetcher, server.url("/page"))
    assert first.times.connect is not None
    assert second.times.connect is None
    assert server.connections == 1
    for _ in range(5):
        await page(fetcher, server.url("/close-after"))
    assert len(server.asked) >= 7


async def test_a_fresh_connection_that_is_dropped_is_not_asked_twice(
    server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    result = await fetcher.fetch(asking(server.url("/drop")))
    assert not result.ok
    assert len(server.asked) == 1


async def test_an_unwanted_type_is_refused_before_its_body(server: MisbehavingServer, fetcher: HttpFetcher) -> None:
    async def kind(path: str, *types: str) -> str:
        found = await fetcher.fetch(ExchangeRequest(server.url(path), content_types=types, read_timeout=60))
        return found.kind if isinstance(found, ExchangeFailure) else str(found.status)

    assert await kind("/endless-pdf", "text/html") == "bad_content_type"  # read, it would be a timeout
    assert await kind("/pdf", "text/html", "image/*") == "bad_content_type"
    assert await kind("/pdf", "text/html", "application/pdf") == "200"
    assert await kind("/picture", "image/*") == "200"
    assert await kind("/empty-type", "text/html") == "200"
    assert await kind("/error-pdf", "text/html") == "404"  # an error is an error, whatever its page is made of
    assert await kind("/pdf") == "200"


@pytest.mark.parametrize(
    ("method", "body", "framed"),
    [("POST", b"a=1&b=\xff", b"Content-Length: 7"), ("POST", b"", b"Content-Length: 0"),
     ("PUT", b"x", b"Content-Length: 1"), ("DELETE", b"", b""), ("OPTIONS", b"", b""),
     ("GET", b"q", b"Content-Length: 1")],
)  # fmt: skip
async def test_methods_and_bodies(
    method: str, body: bytes, framed: bytes, server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    result = await fetcher.fetch(ExchangeRequest(server.url("/echo"), method=method, body=body))
    assert isinstance(result, ExchangeResponse), result
    assert result.body == body
    head = server.asked[-1]
    assert head.startswith(method.encode() + b" /echo HTTP/1.1\r\n")
    assert (b"Content-Length" in head) == bool(framed)
    assert framed in head


async def test_a_head_request_reads_no_body_however_large_it_is_said_to_be(
    server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    result = await fetcher.fetch(ExchangeRequest(server.url("/announced-big"), method="HEAD"))
    assert isinstance(result, ExchangeResponse), result
    assert (result.status, result.body) == (200, b"")
    assert (await page(fetcher, server.url("/page"))).body == PAGE


async def test_bytes_after_a_response_are_not_the_next_one(server: MisbehavingServer, fetcher: HttpFetcher) -> None:
    assert (await page(fetcher, server.url("/extra-bytes"))).body == b"ok"
    assert (await page(fetcher, server.url("/page"))).body == PAGE


async def test_cancelling_ends_the_exchange_and_leaves_nothing_busy(server: MisbehavingServer) -> None:
    settings = HttpSettings(pool=PoolLimits(busy=1))
    async with HttpFetcher([f"127.0.0.1:{server.port}"], settings) as fetcher:
        for path in ("/never", "/drip", "/hang-after-head"):
            task = asyncio.create_task(fetcher.fetch(asking(server.url(path), total=60, read=60)))
            await server.asked_for(path)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await page(fetcher, server.url("/page"))).body == PAGE


async def test_open_sockets_are_bounded_although_each_would_be_kept() -> None:
    servers = [MisbehavingServer() for _ in range(12)]
    settings = HttpSettings(pool=PoolLimits(open=5))
    async with HttpFetcher(["127.0.0.1"], settings) as fetcher:
        for server in servers:
            await server.__aenter__()
            await page(fetcher, server.url("/page"))
        for server in servers:
            await page(fetcher, server.url("/page"))
        kept = sum(server.connections == 1 for server in servers)
        for server in servers:
            await server.__aexit__(None, None, None)
    assert kept == 5


@pytest.mark.parametrize("path", ["/endless", "/bomb", "/deflate-bomb", "/bomb-stacked"])
async def test_the_beginning_is_enough_for_who_says_so(
    path: str, server: MisbehavingServer, fetcher: HttpFetcher
) -> None:
    result = await fetcher.fetch(ExchangeRequest(server.url(path), max_body=500_000, cut=True, total_timeout=120.0))
    assert isinstance(result, ExchangeResponse), result
    assert result.cut
    assert result.body == (b"x" if path == "/endless" else b"\0") * 500_000
    whole = await fetcher.fetch(ExchangeRequest(server.url("/page"), max_body=len(PAGE), cut=True))
    assert isinstance(whole, ExchangeResponse)
    assert (whole.body, whole.cut) == (PAGE, False)


async def test_the_beginning_of_a_broken_body_is_still_broken(server: MisbehavingServer, fetcher: HttpFetcher) -> None:
    for path in ("/short-length", "/truncated-gzip", "/reset-in-body"):
        assert not (await fetcher.fetch(ExchangeRequest(server.url(path), cut=True, total_timeout=120.0))).ok


def test_the_fetcher_is_the_port_of_the_producers() -> None:
    port: Exchange = HttpFetcher()
    assert callable(port.fetch)
