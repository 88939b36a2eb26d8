"""What a library does not expect is an answer like any other, and repeats nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from infra.http.exchange import HttpFetcher
from infra.http.http2 import _sentence
from producers.politeness.throttle import FAILING
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("host", ["xn--a.example", "xn--", "xn--ls8h.la"])
async def test_a_name_that_cannot_be_decoded_is_a_failure(host: str, http2: bool) -> None:
    async with HttpFetcher((), lookup=_nobody) as fetcher:
        found = await fetcher.fetch(ExchangeRequest(f"https://{host}/", http2=http2))
    assert isinstance(found, ExchangeFailure) and found.reason


async def test_an_error_that_nobody_provided_for_is_told_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def surprise(*_: object) -> None:
        raise TypeError("secret words")

    async with HttpFetcher((), lookup=_nobody) as fetcher:
        monkeypatch.setattr(fetcher, "_exchange", surprise)
        found = await fetcher.fetch(ExchangeRequest("https://shop.example/"))
    assert isinstance(found, ExchangeFailure) and found.kind == "malformed_response"
    assert "TypeError" in found.reason and "secret" not in found.reason


def test_a_header_that_http_2_refuses_is_not_repeated() -> None:
    problem = httpx.LocalProtocolError("Illegal header value b'Bearer s3cret-token '")
    assert "s3cret" not in str(_sentence(problem, "shop.example"))


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://shop.example/"},
        {"url": "https://me:word@shop.example/"},
        {"url": "https://[x]/"},
        {"headers": [("X Y", "s3cret")]},
    ],
)
async def test_a_request_that_cannot_be_sent_is_not_held_against_its_host(wrong: dict[str, Any], http2: bool) -> None:
    async with HttpFetcher((), lookup=_nobody) as fetcher:
        asked: dict[str, Any] = {"url": "https://shop.example/", "http2": http2} | wrong
        found = await fetcher.fetch(ExchangeRequest(**asked))
    assert isinstance(found, ExchangeFailure) and found.kind == "malformed_response"
    assert found.kind not in FAILING and "s3cret" not in found.reason


class _HungUp:
    """A connection whose socket is gone knows no addresses; a broken one does not even say so."""

    def __init__(self, broken: bool) -> None:
        self.broken = broken

    def get_extra_info(self, _: str) -> None:
        if self.broken:
            raise TypeError("secret words")


class _Stream(httpx.AsyncByteStream):
    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"whole"

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("broken", [False, True])
async def test_a_host_that_hangs_up_after_its_http_2_answer(broken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _Stream()

    async def answered(*_: object) -> httpx.Response:
        return httpx.Response(200, stream=stream, extensions={"network_stream": _HungUp(broken),
                                                              "http_version": b"HTTP/2"})  # fmt: skip

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answered)
    async with HttpFetcher((), lookup=_nobody) as fetcher:
        found = await fetcher.fetch(ExchangeRequest("https://shop.example/", http2=True))
    assert stream.closed
    if broken:
        assert isinstance(found, ExchangeFailure) and "secret" not in found.reason
    else:
        assert isinstance(found, ExchangeResponse) and (found.body, found.address) == (b"whole", "")


def _nobody(host: str) -> list[str]:
    raise OSError(f"no such name: {host}")
