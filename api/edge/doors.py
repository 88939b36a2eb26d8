"""Who may come in at all: connections that are counted, heads that are small and come in time, bodies that keep coming.

Uvicorn parses HTTP and knows a limit for all connections together; everything else stands here, before anything is
parsed into a request: what a stranger can hold without signing in is a place, a few kilobytes, and that for seconds.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.edge.addresses import Network, counted, trusted
from api.edge.unread import MustRead
from api.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a connection may do. Times are seconds, sizes bytes."""

    connections: int = 12_000
    per_address: int = 256
    """Connections of one address (one /64 of IPv6); trusted proxies, which bring everybody, have no bound of their
    own."""
    handshake: float = 10.0
    """From a connection until its handshake of TLS is done."""
    head_time: float = 10.0
    """From the first byte of a request, or from the connection, until its head is whole."""
    head_size: int = 32_768
    headers: int = 100
    target: int = 8_192
    body_every: float = 10.0
    body_least: int = 5_000
    """Of a body so much must come in each `body_every`, or its end."""
    slow_bodies: int = 32
    """So many bodies of one address may take longer than one `body_every`: each holds the place of a request."""
    unread: float = 30.0
    unread_least: int = 5_000
    """Of what is answered so much must be taken in each `unread`, or all that is left."""
    linger: float = 2.0
    """For so long what is not wanted is read on after an answer to it: a connection that is closed before its peer has
    sent all is reset, and the answer is lost with it."""
    trusted: Sequence[Network] = ()


class Doors:
    """Counts the connections of a gateway, by address and together; also those whose handshake of TLS is under way."""

    def __init__(self, entry: Entry, metrics: Metrics) -> None:
        self.entry = entry
        self._metrics = metrics
        self._open: dict[Any, str] = {}
        self._knocking: dict[tuple[str, int], str] = {}
        self._by_address: Counter[str] = Counter()
        self._slow: set[Any] = set()

    def __len__(self) -> int:
        return len(self._open) + len(self._knocking)

    def comes(self, transport: Any) -> bool:
        """Takes a place for this connection, or the one for which it has knocked; False when there is none."""
        if transport in self._open:
            return True
        peer = get_remote_addr(transport)
        address = self._knocking.pop(peer, None) if peer else None
        if address is None:
            address = self._place(peer)
        if address is None:
            return False
        self._open[transport] = address
        return True

    def left(self, transport: Any) -> None:
        """Gives its place back; once is enough."""
        self.hurries(transport)
        self._free(self._open.pop(transport, ""))

    def dawdles(self, transport: Any) -> bool:
        """Somebody's body takes its time; False when the address has enough of those, each of which holds a request's
        place."""
        if transport in self._slow:
            return True
        address = self._open.get(transport, "")
        if address and sum(self._open.get(one) == address for one in self._slow) >= self.entry.slow_bodies:
            return False
        self._slow.add(transport)
        return True

    def hurries(self, transport: Any) -> None:
        """Its body has come, or comes no more."""
        self._slow.discard(transport)

    def knocks(self, peer: tuple[str, int]) -> bool:
        """Takes a place for somebody whose handshake begins; False when there is none."""
        address = self._place(peer)
        if address is None:
            return False
        self._knocking[peer] = address
        return True

    def gone(self, peer: tuple[str, int]) -> None:
        """The handshake is over: gives the place back, if the connection did not take it."""
        self._free(self._knocking.pop(peer, ""))

    def _place(self, peer: tuple[str, int] | None) -> str | None:
        """As whose the new connection counts (empty: as nobody's), or None when there is no place."""
        address = counted(peer[0]) if peer and not trusted(peer[0], self.entry.trusted) else ""
        if len(self) >= self.entry.connections or (address and self._by_address[address] >= self.entry.per_address):
            self.refused("connections")
            return None
        if address:
            self._by_address[address] += 1
        return address

    def _free(self, address: str) -> None:
        if address:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def refused(self, why: str) -> None:
        """Counts somebody who was turned away."""
        self._metrics.refused.labels(why).inc()


@dataclass(frozen=True, slots=True)
class _Refusal:
    status: str
    sentence: str
    headers: str = ""

    def __bytes__(self) -> bytes:
        head = f"HTTP/1.1 {self.status}\r\ncontent-type: text/plain; charset=utf-8\r\n{self.headers}"
        return f"{head}content-length: {len(self.sentence)}\r\nconnection: close\r\n\r\n{self.sentence}".encode("ascii")


_CROWDED = _Refusal("503 Service Unavailable", "Too many connections; try again shortly.", "retry-after: 5\r\n")
_TOO_SLOW = _Refusal("408 Request Timeout", "The request did not come in time.")
_TOO_LARGE = _Refusal("431 Request Header Fields Too Large", "The request's headers are too large or too many.")
_TOO_LONG = _Refusal("414 URI Too Long", "The address of the request is too long.")


class _Broken(Exception):
    """Stops the parser; the protocol knows why."""


class Guarded(MustRead, HttpToolsProtocol):
    """An HTTP connection that is held to `Entry`."""

    doors: Doors

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self._entry = self.doors.entry
        self._waits: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head = 0
        self._fields = 0
        self._in_body = False
        self._came = 0
        self._why: _Refusal | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Turns it away at once when there is no place."""
        super().connection_made(transport)
        if self.doors.comes(transport):
            self._wait(self._entry.head_time, self._head_late)
        else:
            transport.write(bytes(_CROWDED))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the place back."""
        self._rest()
        self.doors.left(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts before it is parsed: the parser would keep a header of any length."""
        if self.parser is None or self._ended or self.transport.is_closing():
            return
        self._came += len(data)
        if self._in_head:
            if not self._head and self._waits is None:
                self._wait(self._entry.head_time, self._head_late)
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > self._entry.head_size:
            self._refuse(_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        """What the parser did not bear, or what it was stopped for."""
        self._refuse(self._why or _Refusal("400 Bad Request", msg))

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._fields = True, 0

    def on_url(self, url: bytes) -> None:
        """The target, or a piece of it."""
        super().on_url(url)
        if len(self.url) > self._entry.target:
            self._stop(_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        super().on_header(name, value)
        self._fields += len(name) + len(value)
        if len(self.headers) > self._entry.headers or self._fields > self._entry.head_size:
            self._stop(_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The head is whole: from now on the body must keep coming."""
        self._in_head, self._head, self._in_body, self._came = False, 0, True, 0
        self._wait(self._entry.body_every, self._look)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body, self._in_head, self._head = False, True, 0
        self.doors.hurries(self.transport)
        self._rest()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A body that nobody wants any more is read on for a moment and not for ever."""
        super().on_response_complete()
        if self._in_body:
            self._wait(self._entry.linger, self.transport.close)

    def handle_websocket_upgrade(self) -> None:
        """The place goes with the connection; the clock does not."""
        self._rest()
        super().handle_websocket_upgrade()

    def _wait(self, seconds: float, then: Callable[[], Any]) -> None:
        self._rest()
        self._waits = self.loop.call_later(seconds, then)

    def _rest(self) -> None:
        if self._waits:
            self._waits.cancel()
            self._waits = None

    def _head_late(self) -> None:
        self._waits = None
        self._refuse(_TOO_SLOW)

    def _look(self) -> None:
        """A body that drips is cut, and one too many of its address that takes its time; one that waits because we do
        not read on is not."""
        self._waits = None
        drips = self._came < self._entry.body_least
        if not self.flow.read_paused and (drips or not self.doors.dawdles(self.transport)):
            return self._refuse(_TOO_SLOW)
        self._came = 0
        self._wait(self._entry.body_every, self._look)

    def _stop(self, why: _Refusal) -> None:
        self._why = why
        raise _Broken

    def _refuse(self, why: _Refusal) -> None:
        """Says why, where no answer is under way, and ends the connection."""
        if self._ended or self.transport.is_closing():
            return
        self.doors.refused("slow" if why is _TOO_SLOW else "head")
        waited = self.cycle is not None and not self.cycle.response_complete
        silent = why is _TOO_SLOW and not self._came and not waited
        if silent or self.pipeline or (waited and self.cycle.response_started):
            self.transport.close()
            return
        self._say(why)
        if waited:  # for a body, by the application: there is no more of it
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _say(self, why: _Refusal) -> None:
        """The last word; what still comes is read and forgotten for a moment."""
        self._ended = True
        self.flow.resume_reading()
        self.transport.write(bytes(why))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._wait(self._entry.linger, self.transport.close)


class GuardedSocket(MustRead, WebSocketsSansIOProtocol):
    """A WebSocket that gives the place of its connection back."""

    doors: Doors

    async def send(self, message: Any) -> None:
        """A refusal is an answer, too: uvicorn logs an error for each, as if the application had given none."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the place back."""
        self.doors.left(self.transport)
        super().connection_lost(exc)


def guarded(doors: Doors) -> tuple[type[Guarded], type[GuardedSocket]]:
    """The two protocols at these doors: uvicorn makes them itself, and tells them nothing of ours."""
    return type("Guarded", (Guarded,), {"doors": doors}), type("GuardedSocket", (GuardedSocket,), {"doors": doors})
