"""Connections: opened to approved addresses only, kept alive, counted.

aiohttp's connector pools and dials; what is added is that an address written in the URL is checked too (aiohttp asks
no resolver about those), that a socket opens to nothing the guard has not approved for this very attempt, and that
the number of open sockets has a bound (aiohttp bounds the busy ones; a crawl of many hosts leaves thousands idle).
"""

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import AddrInfoType, Connection
from yarl import URL

from infra.http.exceptions import AddressBlocked, NameNotResolved, TlsFailed
from infra.http.guard import AddressGuard
from infra.http.resolver import Dial, GuardedResolver, dial
from infra.http.tls import trusting

_KNOWN_ORIGINS = 4096


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """`busy` exchanges at once, `per_host` of them with one host, `open` sockets at most once idle ones count too;
    an idle one is kept for `keep_alive` seconds."""

    busy: int = 256
    per_host: int = 16
    open: int = 384
    keep_alive: float = 15.0


class Origin(NamedTuple):
    """Where a connection leads. `host` is as in the URL, IPv6 without brackets."""

    scheme: str
    host: str
    port: int


class Peer(NamedTuple):
    """Who is at the other end of an open connection."""

    address: str
    tls_version: str | None


@dataclass(slots=True)
class Channel:
    """A connection held for one exchange. Give it back with `keep`, or end it with `drop`; both may be repeated."""

    connection: Connection
    protocol: ResponseHandler
    peer: Peer
    reused: bool
    crowded: bool
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None

    def keep(self) -> None:
        """The exchange is complete: the next one may use the connection, unless too many are open."""
        if self.crowded:
            self.connection.close()
        else:
            self.connection.release()

    def drop(self) -> None:
        """The exchange was left: nothing more is read, and TLS is not asked for a farewell."""
        self.protocol.abort()
        self.connection.close()


class Connections:
    """The pool. It belongs to the running loop: `open` there, or it opens itself at the first use; `close` ends all.
    The resolver is the caller's."""

    def __init__(
        self, guard: AddressGuard, limits: PoolLimits, resolver: GuardedResolver, authorities: Path | None = None
    ) -> None:
        self._guard = guard
        self._limits = limits
        self._resolver = resolver
        self._authorities = authorities
        self._connector: aiohttp.TCPConnector | None = None
        self._templates: dict[tuple[Origin, str], tuple[aiohttp.ClientRequest, str | None]] = {}
        self._peers: WeakKeyDictionary[ResponseHandler, Peer] = WeakKeyDictionary()

    async def acquire(self, origin: Origin, connect: float | None, pool: float | None, proxy: str = "") -> Channel:
        """A connection to `origin`; `connect` bounds name, TCP and TLS, `pool` the wait for a place before that (s).

        With a `proxy` (its URL) it leads there, and through it to an https origin. The proxy will look the origin's
        name up for itself; it is asked only for names whose addresses we would have dialled.

        Raises AddressBlocked, NameNotResolved, TlsFailed, ConnectError, ConnectTimeout or ProxyError.
        """
        if proxy:
            await self._vouch(origin)
        template, literal = self._template(origin, proxy)
        attempt = Dial({literal} if literal else set())
        dial.set(attempt)
        total = None if connect is None or pool is None else connect + pool
        timeout = aiohttp.ClientTimeout(connect=total, sock_connect=connect)
        try:
            connection = await self.open().connect(template, [], timeout)
        except httpx.TransportError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise _connect_error(problem, origin) from problem
        protocol = cast(ResponseHandler, connection.protocol)
        peer = self._peers.get(protocol)
        if peer is not None:
            return Channel(connection, protocol, peer, True, self._crowded())
        peer = self._peers[protocol] = _peer(connection)
        tcp, tls = attempt.parts(time.perf_counter())
        return Channel(connection, protocol, peer, False, self._crowded(), attempt.dns_ms, tcp, tls)

    async def close(self) -> None:
        """Ends every connection and look-up."""
        if self._connector is not None:
            await self._connector.close()
            self._connector = None

    def _crowded(self) -> bool:
        return len(self._peers) > self._limits.open

    def open(self) -> aiohttp.TCPConnector:
        """Reads the trusted authorities, which takes some 30 ms: better before the first exchange than in it."""
        if self._connector is None:
            self._connector = aiohttp.TCPConnector(
                ssl=trusting(self._authorities, ["http/1.1"]),
                resolver=self._resolver,
                use_dns_cache=False,
                limit=self._limits.busy,
                limit_per_host=self._limits.per_host,
                keepalive_timeout=self._limits.keep_alive,
                socket_factory=self._socket,
            )
        return self._connector

    def _socket(self, info: AddrInfoType) -> socket.socket:
        """The last gate: a socket for an address that was approved for this attempt, or none."""
        family, kind, proto, _, address = info
        attempt = dial.get(None)
        if attempt is None or _plain(str(address[0])) not in attempt.approved:
            raise AddressBlocked(f"{address[0]} was not approved for this connection.")
        attempt.opened = attempt.opened or time.perf_counter()
        return socket.socket(family, kind, proto)

    async def _vouch(self, origin: Origin) -> None:
        """Raises AddressBlocked for an origin that we would not dial ourselves."""
        dial.set(Dial())
        refused = self._guard.literal_verdict(origin.host, origin.port)
        if refused:
            raise AddressBlocked(refused)
        if _literal(origin.host) is None:
            await self._resolver.resolve(origin.host, origin.port)

    def _template(self, origin: Origin, proxy: str) -> tuple[aiohttp.ClientRequest, str | None]:
        """What the connector needs to know of an origin, and the address to dial where a URL itself gives it."""
        found = self._templates.get((origin, proxy))
        if found is not None:
            return found
        authority = f"[{origin.host}]" if ":" in origin.host else origin.host
        try:
            way = URL(proxy) if proxy else None
            url = URL(f"{origin.scheme}://{authority}:{origin.port}/", encoded=True)
            template = aiohttp.ClientRequest("GET", url, proxy=way, loop=asyncio.get_running_loop())
        except ValueError as problem:
            raise httpx.UnsupportedProtocol(f"{authority[:80]!r} cannot be connected to: {problem}") from problem
        if way is not None and (way.scheme != "http" or not way.host or way.user):
            raise httpx.UnsupportedProtocol("A proxy is given as http://host:port, without user and password.")
        host, port = (way.host or "", way.port or 80) if way is not None else (origin.host, origin.port)
        refused = self._guard.literal_verdict(host, port)
        if refused:
            raise AddressBlocked(f"The proxy: {refused}" if way is not None else refused)
        if len(self._templates) >= _KNOWN_ORIGINS:
            self._templates.clear()
        self._templates[origin, proxy] = template, _literal(host)
        return template, _literal(host)


def _literal(host: str) -> str | None:
    """The address that `host` is, in its usual form; None for a name."""
    try:
        return _plain(host)
    except ValueError:
        return None


def _plain(address: str) -> str:
    return str(ip_address(address))


def _peer(connection: Connection) -> Peer:
    transport = connection.transport
    if transport is None:
        return Peer("", None)
    name = transport.get_extra_info("peername")
    session = transport.get_extra_info("ssl_object")
    return Peer(str(name[0]) if name else "", session.version() if session is not None else None)


def _connect_error(problem: Exception, origin: Origin) -> httpx.TransportError:
    where = f"{origin.host}:{origin.port}"
    if isinstance(problem, aiohttp.ClientConnectorSSLError | aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return TlsFailed(f"No trusted TLS session with {where}: {problem}")
    if isinstance(problem, aiohttp.ClientConnectorDNSError):
        return NameNotResolved(f"{origin.host} was not found: {problem}")
    if isinstance(problem, TimeoutError):
        return httpx.ConnectTimeout(f"{where} did not accept a connection in time.")
    if isinstance(problem, aiohttp.ClientHttpProxyError):
        return httpx.ProxyError(f"The proxy refused to connect to {where}: {problem.status} {problem.message[:100]}")
    if isinstance(problem, aiohttp.ClientProxyConnectionError):
        return httpx.ProxyError(f"The proxy could not be connected to: {problem.os_error}")
    cause = problem.os_error if isinstance(problem, aiohttp.ClientConnectorError) else problem
    return httpx.ConnectError(f"{where} could not be connected to: {cause}")
