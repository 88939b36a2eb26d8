"""What a library does not expect is an answer like any other, and repeats nothing."""

import httpx
import pytest

from infra.http.exchange import HttpFetcher
from infra.http.http2 import _sentence
from schemas.exchange import ExchangeFailure, ExchangeRequest


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


def _nobody(host: str) -> list[str]:
    raise OSError(f"no such name: {host}")
