"""httpx's transport interface over aiohttp's connector and parser.

httpx's own transport costs five times the processor time; httpx-aiohttp re-encodes URLs, merges repeated headers and
hides a cookie jar. Here the request is written as it is given: the `target` extension (bytes, as httpcore has it) or
the URL's own, the headers in their order, nothing added. No redirects, no cookies, no proxies from the environment.
The extension `proxy` (a URL) sends it through an HTTP proxy. Response extensions: `http_version`, `reason_phrase`,
`peer` (address, TLS version; the proxy's, where there is one), `dns_ms`, `connect_ms`, `tls_ms` (None on a kept
connection).
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import EofStream, StreamReader

from infra.http.connections import Channel, Connections, Origin, PoolLimits
from infra.http.exceptions import ConnectionLost, HeadTooLarge
from infra.http.guard import AddressGuard
from infra.http.resolver import GuardedResolver

MAX_HEADER = 65_536
MAX_HEADERS = 512
_READ_BUFFER = 65_536
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_PORTS = {"http": 80, "https": 443}
_TARGET = re.compile(rb"[\x21-\x7e]+").fullmatch
_FIELDS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\r\n\0]*\r\n)*").fullmatch


class GuardedTransport(httpx.AsyncBaseTransport):
    """Every request through the address guard; usable wherever httpx takes a transport.

    Raises httpx's transport errors and this package's branches of them. A request whose kept connection turns out to
    be closed is repeated on another one if its method allows (RFC 9110, 9.2.2); nothing else is ever repeated.
    """

    def __init__(
        self,
        guard: AddressGuard,
        limits: PoolLimits | None = None,
        resolver: GuardedResolver | None = None,
        authorities: Path | None = None,
    ) -> None:
        """`authorities` is a file of certificates that are trusted in place of the system's."""
        self._resolver = resolver or GuardedResolver(guard)
        self._connections = Connections(guard, limits or PoolLimits(), self._resolver, authorities)

    async def __aenter__(self) -> Self:
        self._connections.open()
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response's head; its body is read from the stream, which must be closed."""
        origin = _origin(request.url)
        proxy: str = request.extensions.get("proxy", "")
        wire = _request_head(request, proxy and origin.scheme == "http") + await _request_content(request)
        times: dict[str, float | None] = request.extensions.get("timeout", {})
        while True:
            channel = await self._connections.acquire(origin, times.get("connect"), times.get("pool"), proxy)
            try:
                message, payload = await _ask(channel, wire, request.method, times.get("read"))
                break
            except (ConnectionLost, httpx.ReadError):
                channel.drop()
                if not channel.reused or request.method not in _IDEMPOTENT:
                    raise
            except BaseException:
                channel.drop()
                raise
        return _response(channel, message, payload)

    async def aclose(self) -> None:
        """Ends every connection and look-up."""
        await self._connections.close()
        await self._resolver.close()


async def _ask(
    channel: Channel, wire: bytes, method: str, read_timeout: float | None
) -> tuple[RawResponseMessage, StreamReader]:
    protocol = channel.protocol
    protocol.set_response_params(
        skip_payload=method == "HEAD",
        read_until_eof=True,
        auto_decompress=False,
        read_timeout=read_timeout,
        read_bufsize=_READ_BUFFER,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        max_headers=MAX_HEADERS,
    )
    transport = protocol.transport
    if transport is None:
        raise ConnectionLost("The connection was closed before the request was sent.")
    transport.write(wire)
    protocol.start_timeout()
    try:
        while True:
            message, payload = await protocol.read()
            # Interim responses (100 Continue, 103 Early Hints) announce the real one.
            if not 100 <= message.code < 200 or message.code == 101:
                return message, payload
    except Exception as problem:
        raise _read_error(problem) from problem


class _BodyStream(httpx.AsyncByteStream):
    """The body as received; the connection goes back to the pool only when the last byte was read."""

    def __init__(self, channel: Channel, payload: StreamReader, until_close: bool) -> None:
        self._channel = channel
        self._payload = payload
        self._until_close = until_close
        self._done = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        payload = self._payload
        try:
            while chunk := await payload.readany():
                yield chunk
        except GeneratorExit:
            raise
        except Exception as problem:
            raise self._cut(problem) from problem
        # A body that ends with the connection has no other end: a reset is not one.
        broken = self._channel.protocol.exception() if self._until_close else None
        if isinstance(broken, aiohttp.ClientOSError):
            raise httpx.ReadError(f"The connection broke in the body: {broken}")
        self._done = True
        self._channel.keep()

    async def aclose(self) -> None:
        if not self._done:
            self._done = True
            self._channel.drop()

    def _cut(self, problem: Exception) -> httpx.TransportError:
        broken = self._channel.protocol.exception()
        if isinstance(problem, aiohttp.ClientPayloadError) and isinstance(broken, aiohttp.ClientOSError):
            return httpx.ReadError(f"The connection broke in the body: {broken}")
        return _read_error(problem)


def _response(channel: Channel, message: RawResponseMessage, payload: StreamReader) -> httpx.Response:
    until_close = not message.chunked and "Content-Length" not in message.headers
    version = message.version
    extensions: dict[str, Any] = {
        "http_version": b"HTTP/%d.%d" % (version.major, version.minor),
        "reason_phrase": message.reason.encode("utf-8", "surrogateescape"),
        "peer": channel.peer,
        "dns_ms": channel.dns_ms,
        "connect_ms": channel.connect_ms,
        "tls_ms": channel.tls_ms,
    }
    return httpx.Response(
        message.code,
        headers=list(message.raw_headers),
        stream=_BodyStream(channel, payload, until_close),
        extensions=extensions,
    )


def _origin(url: httpx.URL) -> Origin:
    scheme = url.scheme
    if scheme not in _PORTS or not url.raw_host:
        raise httpx.UnsupportedProtocol(f"{str(url)[:80]!r} is not an http or https URL with a host.")
    return Origin(scheme, url.raw_host.decode("ascii"), url.port or _PORTS[scheme])


def checked_head(request: httpx.Request) -> tuple[bytes, bytes]:
    """Target and header fields as they are sent. Raises LocalProtocolError for what would be something else on the
    wire: a line end within a value would be a header, or a request, of its own."""
    target = request.extensions.get("target") or request.url.raw_path
    if not _TARGET(target):
        raise httpx.LocalProtocolError(f"{target[:80]!r} has characters that a request line cannot hold.")
    lines = [b"%b: %b\r\n" % header for header in request.headers.raw]
    fields = b"".join(lines)
    if fields.count(b"\n") != len(lines) or not _FIELDS(fields):
        raise httpx.LocalProtocolError("A request header has a name or a value that HTTP does not allow.")
    return target, fields


def _request_head(request: httpx.Request, absolute: object) -> bytes:
    """In absolute form for a proxy (RFC 9112, 3.2.2)."""
    target, fields = checked_head(request)
    if absolute:
        target = b"%b://%b%b" % (request.url.raw_scheme, request.url.netloc, target)
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (request.method.encode("ascii"), target, fields)


async def _request_content(request: httpx.Request) -> bytes:
    names = {name.lower() for name, _ in request.headers.raw}
    if names.isdisjoint(_FRAMING):
        return b""
    content = await request.aread()
    if b"content-length" in names:
        return content
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if content else b"0\r\n\r\n"


def _read_error(problem: Exception) -> httpx.TransportError:
    if isinstance(problem, httpx.TransportError):
        return problem
    if isinstance(problem, aiohttp.ServerDisconnectedError | EofStream):
        if not isinstance(getattr(problem, "message", ""), str):
            return httpx.RemoteProtocolError("The connection was closed in the middle of the headers.")
        return ConnectionLost("The connection was closed without an answer.")
    if isinstance(problem, TimeoutError):
        return httpx.ReadTimeout("Nothing was received for too long.")
    if isinstance(problem, OSError):
        return httpx.ReadError(f"The connection broke: {problem}")
    if isinstance(problem, HttpProcessingError):
        if isinstance(problem.__cause__, LineTooLong):
            return HeadTooLarge(f"A line of the response's head has more than {MAX_HEADER} bytes.")
        return httpx.RemoteProtocolError(f"The answer is not HTTP: {' '.join(problem.message.split())[:300]}")
    if isinstance(problem, aiohttp.ClientPayloadError):
        cause = problem.__cause__
        what = cause.message if isinstance(cause, HttpProcessingError) else str(problem)
        return httpx.RemoteProtocolError(f"The body was cut short: {what}")
    return httpx.RemoteProtocolError(f"The answer could not be read: {problem!r}")
