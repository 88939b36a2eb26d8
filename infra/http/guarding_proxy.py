"""A proxy on loopback through which a browser makes every request, so that none escapes the address guard.

A page can make its browser ask for anything: scripts, frames, redirects, WebSockets. The browser is told to know no
names and no way out but this proxy (RFC 9110, 7.3.2; CONNECT: 9.3.6). Here names are resolved once, every answer
must be one that may be visited, and what was checked is what is dialled. Each browser context has a passage with a
secret of its own: no other program on this machine can use the proxy, and one page's share of it has an end.
"""

import asyncio
import base64
import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import TracebackType
from typing import Self, cast

import httpx
import structlog

from infra.http.connections import PoolLimits
from infra.http.exceptions import AddressBlocked, BodyTooLarge, NameNotResolved
from infra.http.guard import AddressGuard
from infra.http.proxy_head import MAX_HEAD, Authority, Head, NotARequest, end_to_end, read_head
from infra.http.resolver import GuardedResolver, Lookup, ResolverLimits, system_lookup
from infra.http.transport import GuardedTransport
from schemas.exchange import FailureKind

log = structlog.get_logger()

_PIECE = 65_536
_NO_BODY = frozenset({204, 304})
_ASK = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="trawl"\r\nContent-Length: 0\r\n\r\n'
)
_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REFUSED = b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n"
_KINDS: tuple[tuple[type[Exception], FailureKind], ...] = (
    (AddressBlocked, "blocked_address"),
    (NameNotResolved, "dns_failed"),
    (httpx.TimeoutException, "timeout"),
    (httpx.ConnectError, "connect_failed"),
    (httpx.RemoteProtocolError, "malformed_response"),
)


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """Counts, bytes and seconds: `connections` in all and `per_passage`, an `upload` in a plain request, time for a
    head, for a dial, and of silence."""

    connections: int = 512
    per_passage: int = 64
    upload: int = 16_000_000
    head_s: float = 20.0
    dial_s: float = 10.0
    silence_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing came from an authority."""

    kind: FailureKind
    reason: str


@dataclass(frozen=True, slots=True)
class Reached:
    """The address at which an authority was reached, and what that took in milliseconds; None on a kept connection."""

    address: str
    dns_ms: float | None
    connect_ms: float | None


@dataclass(slots=True)
class Passage:
    """One browser context's way through the proxy: its secret, its budget in bytes, and what it met."""

    user: str
    secret: str
    budget: int
    received: int = 0
    refused: dict[str, Refusal] = field(default_factory=dict)
    reached: dict[str, Reached] = field(default_factory=dict)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def header(self) -> str:
        """Proxy-Authorization that opens it."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()

    def take(self, size: int) -> None:
        """Counts what was received; raises BodyTooLarge beyond the budget."""
        self.received += size
        if self.received > self.budget:
            raise BodyTooLarge(f"A page and all it loads may have {self.budget} bytes.")

    def met(self, where: Authority, problem: Exception) -> None:
        """Remembers why an authority gave nothing; bounded, a page may ask for many."""
        kind: FailureKind = next((kind for error, kind in _KINDS if isinstance(problem, error)), "connect_failed")
        if len(self.refused) < 1000:
            self.refused[str(where)] = Refusal(kind, str(problem))

    def found(self, where: Authority, how: Reached) -> None:
        """Remembers the first way to an authority."""
        self.refused.pop(str(where), None)
        if len(self.reached) < 1000:
            self.reached.setdefault(str(where), how)


class GuardingProxy:
    """Listens on a port of loopback while its context lasts. `allow` is the address guard's allow-list."""

    def __init__(
        self,
        allow: Iterable[str] = (),
        limits: ProxyLimits | None = None,
        *,
        names: ResolverLimits | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._guard = AddressGuard(allow)
        self._limits = limits or ProxyLimits()
        self._resolver = GuardedResolver(self._guard, names, lookup)
        self._transport = GuardedTransport(self._guard, PoolLimits(), self._resolver)
        self._passages: dict[str, Passage] = {}
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=MAX_HEAD)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._transport.aclose()

    @property
    def address(self) -> str:
        """host:port, once it listens."""
        if self._server is None:
            raise RuntimeError("The proxy listens only within its context.")
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def admit(self, budget: int) -> Passage:
        """A passage with `budget` bytes to receive; end it with `dismiss`."""
        passage = Passage(secrets.token_urlsafe(12), secrets.token_urlsafe(32), budget)
        self._passages[passage.user] = passage
        return passage

    def dismiss(self, passage: Passage) -> None:
        """Ends a passage and every connection of it."""
        self._passages.pop(passage.user, None)
        for task in tuple(passage.tasks):
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        if len(self._open) >= self._limits.connections:
            writer.transport.abort()
            return
        self._open.add(task)
        try:
            while await self._serve(reader, writer, task):
                pass
            writer.close()
        except asyncio.CancelledError:
            pass  # the passage or the proxy has ended; nobody waits for this task but the server
        except (NotARequest, httpx.TransportError, httpx.DecodingError, OSError, TimeoutError, EOFError) as problem:
            log.debug("proxy_connection_ended", error=str(problem))
        finally:
            self._open.discard(task)
            for passage in self._passages.values():
                passage.tasks.discard(task)
            if not writer.is_closing():
                writer.transport.abort()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: "asyncio.Task[None]"
    ) -> bool:
        """One request; whether another may follow."""
        async with asyncio.timeout(self._limits.head_s):
            head = await read_head(reader)
        if head is None:
            return False
        passage = self._passage(head)
        if passage is None:
            writer.write(_ASK)
            await writer.drain()
            bodiless = head.value(b"content-length") is None and head.value(b"transfer-encoding") is None
            return bodiless and not head.last
        if task not in passage.tasks:
            if len(passage.tasks) >= self._limits.per_passage:
                return False
            passage.tasks.add(task)
        if head.method == b"CONNECT":
            await self._tunnel(passage, head.tunnel(), reader, writer)
            return False
        await self._forward(passage, head, reader, writer)
        return not head.last

    def _passage(self, head: Head) -> Passage | None:
        given = head.credentials()
        passage = self._passages.get(given[0]) if given else None
        if given is None or passage is None or not hmac.compare_digest(given[1], passage.secret):
            return None
        return passage

    async def _tunnel(
        self, passage: Passage, where: Authority, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            away, to, how = await self._dial(where)
        except httpx.TransportError as problem:
            await _refuse(passage, where, problem, writer)
            return
        passage.found(where, how)
        try:
            writer.write(_OPEN)
            up = asyncio.create_task(_copy(reader, to, None, None))
            down = asyncio.create_task(_copy(away, writer, passage, self._limits.silence_s))
            try:
                done, _ = await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
                for copying in done:
                    copying.result()
            finally:
                for copying in (up, down):
                    copying.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        finally:
            to.close()

    async def _dial(self, where: Authority) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Reached]:
        """A connection to an address that the guard has approved, and to no other."""
        refused = self._guard.literal_verdict(where.host, where.port)
        if refused:
            raise AddressBlocked(refused)
        began = time.perf_counter()
        bare = where.host.strip("[]")
        dns_ms: float | None = None
        if _is_address(bare):
            addresses = [bare]
        else:
            found = await self._resolver.resolve(where.host, where.port)
            addresses, dns_ms = [answer["host"] for answer in found], (time.perf_counter() - began) * 1000
        last: Exception | None = None
        try:
            async with asyncio.timeout(self._limits.dial_s):
                for address in addresses:
                    try:
                        asked = time.perf_counter()
                        reader, writer = await asyncio.open_connection(address, where.port, limit=_PIECE)
                        return reader, writer, Reached(address, dns_ms, (time.perf_counter() - asked) * 1000)
                    except OSError as problem:
                        last = problem
        except TimeoutError as problem:
            raise httpx.ConnectTimeout(f"{where} did not accept a connection in time.") from problem
        raise httpx.ConnectError(f"{where} could not be connected to: {last}")

    async def _forward(
        self, passage: Passage, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One plain http request, by the transport that the fetcher itself uses."""
        where, target = head.resource()
        fields = [(name, value) for name, value in head.forwarded() if name.lower() != b"host"]
        request = httpx.Request(
            head.method.decode("ascii"),
            _url(where),
            headers=[(b"Host", _host(where)), *fields],
            stream=httpx.ByteStream(await self._upload(head, reader)),
            extensions={
                "target": target,
                "timeout": {
                    "connect": self._limits.dial_s,
                    "read": self._limits.silence_s,
                    "pool": self._limits.silence_s,
                },
            },
        )
        try:
            response = await self._transport.handle_async_request(request)
        except (httpx.TransportError, httpx.InvalidURL) as problem:
            await _refuse(passage, where, problem, writer)
            return
        try:
            await _answer(passage, where, head.method, response, writer)
        finally:
            await response.aclose()

    async def _upload(self, head: Head, reader: asyncio.StreamReader) -> bytes:
        length = head.value(b"content-length") or b"0"
        if head.value(b"transfer-encoding") is not None or not length.isdigit():
            raise NotARequest("A request body must say its length.")
        size = int(length[:20])
        if size > self._limits.upload:
            raise NotARequest(f"A request body has {size} bytes; {self._limits.upload} are sent.")
        async with asyncio.timeout(self._limits.head_s):
            return await reader.readexactly(size)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _url(where: Authority) -> httpx.URL:
    return httpx.URL(f"http://{where}/")


def _host(where: Authority) -> bytes:
    return (where.host if where.port == 80 else str(where)).encode("ascii")


async def _refuse(passage: Passage, where: Authority, problem: Exception, writer: asyncio.StreamWriter) -> None:
    """The page learns that there was nothing; why, only its fetcher does."""
    passage.met(where, problem)
    writer.write(_REFUSED % (403 if isinstance(problem, AddressBlocked) else 502))
    await writer.drain()


async def _answer(
    passage: Passage, where: Authority, method: bytes, response: httpx.Response, writer: asyncio.StreamWriter
) -> None:
    """The response as it came, framed anew. A body that breaks off breaks this connection off, too."""
    extensions, status = response.extensions, response.status_code
    passage.found(where, Reached(extensions["peer"].address, extensions["dns_ms"], extensions["connect_ms"]))
    fields = end_to_end(response.headers.raw)
    empty = method == b"HEAD" or status in _NO_BODY or status < 200
    chunked = not empty and not any(name.lower() == b"content-length" for name, _ in fields)
    if chunked:
        fields.append((b"Transfer-Encoding", b"chunked"))
    head = b"".join(b"%b: %b\r\n" % pair for pair in fields)
    passage.take(len(head))
    writer.write(b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, extensions["reason_phrase"], head))
    async for piece in cast(httpx.AsyncByteStream, response.stream):
        passage.take(len(piece))
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
    if chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _copy(
    source: asyncio.StreamReader, to: asyncio.StreamWriter, passage: Passage | None, silence: float | None
) -> None:
    while True:
        async with asyncio.timeout(silence):
            data = await source.read(_PIECE)
        if not data:
            return
        if passage is not None:
            passage.take(len(data))
        to.write(data)
        await to.drain()
