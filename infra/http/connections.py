"""Connections: opened to approved addresses only, kept alive, counted.

aiohttp's connector pools and dials; what is added is that an address written in the URL is checked too (aiohttp asks
no resolver about those), that a socket opens to nothing the guard has not approved for this very attempt, and that
the number of open sockets has a bound (aiohttp bounds the busy ones; a crawl of many hosts leaves thousands idle).
"""

import asyncio
import os
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

import aiohttp
import certifi
import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import AddrInfoType, Connection
from yarl import URL

from infra.http.exceptions import AddressBlocked, NameNotResolved, TlsFailed
from infra.http.guard import AddressGuard
from infra.http.resolver import Dial, GuardedResolver, Lookup, ResolverLimits, dial, system_lookup

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
    connect_ms: float | None
    dns_ms: float | None
    crowded: bool

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
    """The pool. It belongs to the running loop: `open` there, or it opens itself at the first use; `close` ends all."""

    def __init__(
        self,
        guard: AddressGuard,
        limits: PoolLimits,
        tls: ssl.SSLContext | None = None,
        names: ResolverLimits | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._guard = guard
        self._limits = limits
        self._tls = tls
        self._resolver = GuardedResolver(guard, names, lookup)
        self._connector: aiohttp.TCPConnector | None = None
        self._templates: dict[Origin, tuple[aiohttp.ClientRequest, str | None]] = {}
        self._peers: WeakKeyDictionary[ResponseHandler, Peer] = WeakKeyDictionary()

    async def acquire(self, origin: Origin, connect: float | None, pool: float | None) -> Channel:
        """A connection to `origin`; `connect` bounds name, TCP and TLS, `pool` the wait for a place before that (s).

        Raises AddressBlocked, NameNotResolved, TlsFailed, ConnectError or ConnectTimeout.
        """
        template, literal = self._template(origin)
        attempt = Dial({literal} if literal else set())
        dial.set(attempt)
        began = time.perf_counter()
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
            return Channel(connection, protocol, peer, True, None, None, len(self._peers) > self._limits.open)
        peer = self._peers[protocol] = _peer(connection)
        spent = (time.perf_counter() - began) * 1000
        return Channel(connection, protocol, peer, False, spent, attempt.dns_ms, len(self._peers) > self._limits.open)

    async def close(self) -> None:
        """Ends every connection and look-up."""
        if self._connector is not None:
            await self._connector.close()
            self._connector = None
        await self._resolver.close()

    def open(self) -> aiohttp.TCPConnector:
        """Reads the trusted authorities, which takes some 30 ms: better before the first exchange than in it."""
        if self._connector is None:
            self._connector = aiohttp.TCPConnector(
                ssl=self._tls or _trusted(),
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
        return socket.socket(family, kind, proto)

    def _template(self, origin: Origin) -> tuple[aiohttp.ClientRequest, str | None]:
        """What the connector needs to know of an origin, and its address where the URL itself gives it."""
        found = self._templates.get(origin)
        if found is not None:
            return found
        refused = self._guard.literal_verdict(origin.host, origin.port)
        if refused:
            raise AddressBlocked(refused)
        authority = f"[{origin.host}]" if ":" in origin.host else origin.host
        try:
            url = URL(f"{origin.scheme}://{authority}:{origin.port}/", encoded=True)
            template = aiohttp.ClientRequest("GET", url, loop=asyncio.get_running_loop())
        except ValueError as problem:
            raise httpx.UnsupportedProtocol(f"{authority[:80]!r} cannot be connected to: {problem}") from problem
        if len(self._templates) >= _KNOWN_ORIGINS:
            self._templates.clear()
        try:
            literal: str | None = _plain(origin.host)
        except ValueError:
            literal = None
        self._templates[origin] = template, literal
        return template, literal


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
    cause = problem.os_error if isinstance(problem, aiohttp.ClientConnectorError) else problem
    return httpx.ConnectError(f"{where} could not be connected to: {cause}")


def _trusted() -> ssl.SSLContext:
    """Verification by the system's authorities, or by Mozilla's list where the system has none."""
    paths = ssl.get_default_verify_paths()
    known = any(path and os.path.exists(path) for path in (paths.cafile, paths.capath))
    context = ssl.create_default_context(cafile=None if known else certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
