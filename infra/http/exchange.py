"""The fetcher's adapter: one guarded exchange, as data.

Whatever the network and the other side do ends as a result within the request's deadline and size, and a body is
passed on whole or not at all.
"""

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx
import structlog

from infra.http.connections import PoolLimits
from infra.http.decoding import ACCEPTED, Body, codings_of
from infra.http.exceptions import (
    AddressBlocked,
    BodyTooLarge,
    BodyUndecodable,
    ConnectionLost,
    HeadTooLarge,
    NameNotResolved,
    TlsFailed,
    TypeUnwanted,
)
from infra.http.guard import AddressGuard
from infra.http.http2 import Http2Transport
from infra.http.resolver import GuardedResolver, Lookup, ResolverLimits, system_lookup
from infra.http.transport import GuardedTransport
from schemas.exchange import (
    ExchangeFailure,
    ExchangeRequest,
    ExchangeResponse,
    ExchangeResult,
    ExchangeTimes,
    FailureKind,
)
from schemas.hosts import UrlError, bare_host, numeric_host
from schemas.media import unwanted

_URL = re.compile(r"(https?)://([^/?#\\]+)([^#]*)", re.IGNORECASE).match
_UNSENDABLE = re.compile(rb"[^\x21-\x7e]")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say how long their body is even when it is empty (RFC 9110, 8.6)."""

_OURS = frozenset(
    {"host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "content-length", "upgrade", "expect",
     "proxy-authorization", "proxy-connection", "accept-encoding"}
)  # fmt: skip

_KINDS: tuple[tuple[type[Exception], FailureKind], ...] = (
    (AddressBlocked, "blocked_address"),
    (NameNotResolved, "dns_failed"),
    (TlsFailed, "tls_failed"),
    (httpx.TimeoutException, "timeout"),
    (httpx.ConnectError, "connect_failed"),
    (HeadTooLarge, "too_large"),
    (BodyTooLarge, "too_large"),
    (TypeUnwanted, "bad_content_type"),
    (BodyUndecodable, "decode_failed"),
    (ConnectionLost, "connection_lost"),
    (httpx.RemoteProtocolError, "malformed_response"),
    (httpx.NetworkError, "connection_lost"),
    (httpx.ProxyError, "connect_failed"),
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What the fetcher says about itself, and its bounds."""

    user_agent: str = "TrawlBot/0.1"
    accept: str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    pool: PoolLimits = field(default_factory=PoolLimits)
    names: ResolverLimits = field(default_factory=ResolverLimits)


@dataclass(slots=True)
class _Progress:
    """How far an exchange has come: what a failure can still tell."""

    began: float
    status: int | None = None
    address: str = ""


class HttpFetcher:
    """One exchange at a call for the fetcher; many may run at once.

    `allow` is the address guard's allow-list, empty unless an operator fills it. Nothing is opened before the first
    exchange; leaving the context ends every connection. `authorities` is a file of certificates that replace the
    trusted ones, `lookup` replaces the system's resolver.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        settings: HttpSettings | None = None,
        *,
        authorities: Path | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._settings = settings or HttpSettings()
        guard, pool = AddressGuard(allow), self._settings.pool
        resolver = GuardedResolver(guard, self._settings.names, lookup)
        self._transport = GuardedTransport(guard, pool, resolver, authorities)
        self._http2 = Http2Transport(guard, pool, resolver, authorities)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http2.aclose()
        await self._transport.aclose()

    async def fetch(self, request: ExchangeRequest) -> ExchangeResult:
        """One exchange. Never raises for what the network or the other side does; cancellation ends it at once."""
        progress = _Progress(time.perf_counter())
        try:
            async with asyncio.timeout(request.total_timeout):
                return await self._exchange(request, progress)
        except TimeoutError:
            reason = f"The exchange was not complete after {request.total_timeout:g} s."
            return _failure(request, progress, "timeout", reason)
        except (httpx.RequestError, httpx.InvalidURL) as problem:
            return _failure(request, progress, _kind(problem), str(problem))
        except Exception as problem:
            # What a library did not expect is a failed exchange, not a task without an answer. Its words stay in the
            # log: nobody knows what they repeat.
            log.error("exchange_failed", url=request.url, exc_info=problem)
            reason = f"The exchange failed in a way that is not provided for: {type(problem).__name__}."
            return _failure(request, progress, "malformed_response", reason)

    async def _exchange(self, request: ExchangeRequest, progress: _Progress) -> ExchangeResponse:
        message = self._message(request)
        # A proxy is spoken to in HTTP/1.1, and so is whoever is behind its tunnel.
        newer = request.http2 and not request.proxy and message.url.scheme == "https"
        transport: httpx.AsyncBaseTransport = self._http2 if newer else self._transport
        response = await transport.handle_async_request(message)
        first_byte = (time.perf_counter() - progress.began) * 1000
        try:
            extensions = response.extensions
            peer = extensions["peer"]
            progress.status, progress.address = response.status_code, peer.address
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
            if 200 <= response.status_code < 300 and (reason := unwanted(headers, request.content_types)):
                raise TypeUnwanted(reason)
            body, wire_size, cut = await _read(response, headers, request)
        finally:
            await response.aclose()
        return ExchangeResponse(
            url=request.url,
            status=response.status_code,
            headers=headers,
            body=body,
            wire_size=wire_size,
            address=peer.address,
            times=ExchangeTimes(
                total=(time.perf_counter() - progress.began) * 1000,
                first_byte=first_byte,
                dns=extensions["dns_ms"],
                connect=extensions["connect_ms"],
                tls=extensions["tls_ms"],
            ),
            http_version=extensions["http_version"].decode("ascii"),
            tls_version=peer.tls_version,
            cut=cut,
        )

    def _message(self, request: ExchangeRequest) -> httpx.Request:
        found = _URL(request.url)
        if found is None:
            raise httpx.UnsupportedProtocol(f"{request.url[:80]!r} is not an http or https URL with a host.")
        url, host = _address(found[1].lower(), found[2])
        target = (found[3] if found[3][:1] == "/" else "/" + found[3]).encode("utf-8", "replace")
        if _UNSENDABLE.search(target):
            target = _UNSENDABLE.sub(lambda byte: b"%%%02X" % byte[0][0], target)
        headers = [(b"Host", host), *_headers(self._settings.user_agent, self._settings.accept, request.headers)]
        if request.body or request.method in _WITH_BODY:
            headers.append((b"Content-Length", b"%d" % len(request.body)))
        extensions: dict[str, Any] = {
            "target": target,
            "timeout": {
                "connect": request.connect_timeout,
                "read": request.read_timeout,
                "write": request.read_timeout,
                "pool": request.total_timeout,
            },
        }
        if request.proxy:
            extensions["proxy"] = request.proxy
        return httpx.Request(
            request.method, url, headers=headers, stream=httpx.ByteStream(request.body), extensions=extensions
        )


async def _read(
    response: httpx.Response, headers: list[tuple[str, str]], request: ExchangeRequest
) -> tuple[bytes, int, bool]:
    """The body, its size as received, and whether there was more than was wanted."""
    limit, cut = request.max_body, request.cut
    announces = request.method != "HEAD"
    codings: list[str] = []
    for name, value in headers:
        lowered = name.lower()
        if lowered == "content-encoding":
            codings.append(value)
        elif lowered == "content-length" and announces and not cut and value.isdecimal() and int(value[:20]) > limit:
            raise BodyTooLarge(f"The body is announced with {value[:20]} bytes; {limit} is the limit.")
    body = Body(codings_of(codings), limit)
    try:
        async for chunk in cast(httpx.AsyncByteStream, response.stream):
            body.feed(chunk)
        return body.finish(), body.wire_size, False
    except BodyTooLarge:
        if not cut:
            raise
        return body.beginning(), body.wire_size, True


@lru_cache(maxsize=4096)
def _address(scheme: str, authority: str) -> tuple[httpx.URL, bytes]:
    """The origin as httpx has it, and the Host header; parsed once for all pages of a site."""
    if "@" in authority:
        raise httpx.UnsupportedProtocol("A URL with a user or password is not fetched; give credentials as headers.")
    try:
        url = httpx.URL(f"{scheme}://{authority}/")
    except httpx.InvalidURL as problem:
        if _numeric(bare_host(authority)):
            raise AddressBlocked(f"{authority[:80]!r} is a disguised form of an address.") from problem
        raise
    return url, url.netloc


def _numeric(host: str) -> bool:
    try:
        return numeric_host(host) is not None
    except UrlError:
        return True


@lru_cache(maxsize=256)
def _headers(user_agent: str, accept: str, extra: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    """Ours, replaced by the request's where it names the same; what frames the exchange is never the request's."""
    own = (("User-Agent", user_agent), ("Accept", accept), ("Accept-Encoding", ACCEPTED))
    given = [(name, value) for name, value in extra if name.lower() not in _OURS]
    named = {name.lower() for name, _ in given}
    return [
        (name.encode("latin-1", "replace"), _value(value))
        for name, value in [*(pair for pair in own if pair[0].lower() not in named), *given]
    ]


def _value(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _kind(problem: Exception) -> FailureKind:
    """What is none of the list is a request that cannot be sent: it must not count against the host's health."""
    return next((kind for error, kind in _KINDS if isinstance(problem, error)), "malformed_response")


def _failure(request: ExchangeRequest, progress: _Progress, kind: FailureKind, reason: str) -> ExchangeFailure:
    elapsed = (time.perf_counter() - progress.began) * 1000
    return ExchangeFailure(request.url, kind, reason, elapsed, progress.status, progress.address)
