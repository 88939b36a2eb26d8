"""HTTP/2 for hosts that speak it, by httpx's own transport, behind the same address guard.

It costs several times the processor time of the usual transport, so only jobs that ask for it come here. A host that
does not speak HTTP/2 is spoken to in HTTP/1.1 on the same connection (ALPN decides).
"""

import ssl
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpcore
import httpx

from infra.http.connections import Peer, PoolLimits
from infra.http.exceptions import AddressBlocked, ConnectionLost, NameNotResolved, TlsFailed
from infra.http.guard import AddressGuard
from infra.http.resolver import Dial, GuardedResolver, dial
from infra.http.tls import trusting
from infra.http.transport import checked_head


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens sockets for httpcore: to the addresses that the guard approved in this very look-up, and to no other."""

    def __init__(self, guard: AddressGuard, resolver: GuardedResolver) -> None:
        self._guard = guard
        self._resolver = resolver
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore has it so
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first address that accepts. Raises AddressBlocked, NameNotResolved or httpcore's connect errors."""
        attempt = dial.get(None) or Dial()
        problem: Exception = httpcore.ConnectError(f"{host} has no address.")
        for address in await self._addresses(host, port):
            attempt.opened = attempt.opened or time.perf_counter()
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                problem = failed
        raise problem

    async def _addresses(self, host: str, port: int) -> list[str]:
        refused = self._guard.literal_verdict(host, port)
        if refused:
            raise AddressBlocked(refused)
        return [result["host"] for result in await self._resolver.resolve(host, port)]


class Http2Transport(httpx.AsyncHTTPTransport):
    """httpx's transport over the guarded backend. It has the same extensions as the usual one, and the same errors."""

    def __init__(
        self, guard: AddressGuard, limits: PoolLimits, resolver: GuardedResolver, authorities: Path | None = None
    ) -> None:
        # Not httpx's constructor: it lets nobody choose the backend, and reads certificates before they are needed.
        self._backend = GuardedBackend(guard, resolver)
        self._limits = limits
        self._authorities = authorities
        self._pool: httpcore.AsyncConnectionPool | None = None  # type: ignore[assignment]  # opened at first use

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response's head; its body is read from the stream, which must be closed."""
        checked_head(request)
        attempt, secured, host = Dial(), [0.0], request.url.raw_host.decode("ascii")
        dial.set(attempt)

        async def trace(event: str, _info: dict[str, Any]) -> None:
            if event == "connection.start_tls.complete":
                secured[0] = time.perf_counter()

        request.extensions = {**request.extensions, "trace": trace}
        self._open()
        try:
            response = await super().handle_async_request(request)
        except httpx.TransportError as problem:
            raise _sentence(problem, host) from problem
        try:
            self._describe(response, attempt, secured[0])
        except BaseException:
            await response.aclose()
            raise
        response.stream = _Body(response.stream, host)  # type: ignore[arg-type]  # the asynchronous kind
        return response

    @staticmethod
    def _describe(response: httpx.Response, attempt: Dial, secured: float) -> None:
        """The extensions that the usual transport has as well."""
        tcp, tls = attempt.parts(secured)
        stream = response.extensions.pop("network_stream")
        session = stream.get_extra_info("ssl_object")
        address = stream.get_extra_info("server_addr") or ("",)  # a host that has hung up at once has none any more
        response.extensions |= {
            "peer": Peer(str(address[0]), session.version() if session else None),
            "dns_ms": attempt.dns_ms,
            "connect_ms": tcp,
            "tls_ms": tls,
        }

    async def aclose(self) -> None:
        """Ends every connection."""
        if self._pool is not None:
            await super().aclose()

    def _open(self) -> None:
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=trusting(self._authorities, []),
                max_connections=self._limits.busy,
                max_keepalive_connections=self._limits.open,
                keepalive_expiry=self._limits.keep_alive,
                http1=True,
                http2=True,
                network_backend=self._backend,
            )


class _Body(httpx.AsyncByteStream):
    """The body with its errors in our words."""

    def __init__(self, stream: httpx.AsyncByteStream, host: str) -> None:
        self._stream = stream
        self._host = host

    async def __aiter__(self) -> Any:
        try:
            async for chunk in self._stream:
                yield chunk
        except httpx.TransportError as problem:
            raise _sentence(problem, self._host) from problem

    async def aclose(self) -> None:
        await self._stream.aclose()


def _sentence(problem: httpx.TransportError, host: str) -> httpx.TransportError:
    """httpcore's errors say little, some nothing at all."""
    if isinstance(problem, AddressBlocked | NameNotResolved):
        return problem
    if isinstance(problem, httpx.LocalProtocolError):  # its words repeat the header, which may hold a secret
        return httpx.LocalProtocolError("A request header has a name or a value that HTTP does not allow.")
    said = f": {problem}" if str(problem) else "."
    if isinstance(problem, httpx.ConnectError):
        cause: BaseException | None = problem
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                return TlsFailed(f"No trusted TLS session with {host}{said}")
            cause = cause.__cause__ or cause.__context__
        return httpx.ConnectError(f"{host} could not be connected to{said}")
    if isinstance(problem, httpx.ConnectTimeout):
        return httpx.ConnectTimeout(f"{host} did not accept a connection in time.")
    if isinstance(problem, httpx.TimeoutException):
        return httpx.ReadTimeout("Nothing was received for too long.")
    if isinstance(problem, httpx.RemoteProtocolError) and "disconnected without" in str(problem):
        return ConnectionLost("The connection was closed without an answer.")
    if isinstance(problem, httpx.RemoteProtocolError):
        return httpx.RemoteProtocolError(f"The answer is not HTTP, or was cut short{said}")
    return httpx.ReadError(f"The connection broke{said}")
