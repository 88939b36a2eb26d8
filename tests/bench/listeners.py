"""Many WebSockets in a process of their own, which does no more with a frame than find its end: so much less than a
server does to send it that some of these keep up with one server.

Reads its orders as a line of JSON, says `open` once all sockets are, waits for a line, listens for so many seconds, and
writes what it saw as a line of JSON. It ends, and its sockets with it, when its input does.
"""

import asyncio
import re
import resource
import sys
import time
from typing import Any

import orjson

_AT_ONCE = 50
_PER_ADDRESS = 100
"""Fewer than the gateway lets one address have."""
_SAMPLED = 10
"""One in so many sockets looks at the moment that a frame carries."""
_SENTENCE = re.compile(rb'"sentence":\s?"([0-9.]+)"').search
_TEXT, _CLOSE, _PING = 1, 8, 9


class Listener(asyncio.Protocol):
    """A WebSocket (RFC 6455) that counts the texts that it is sent, and answers pings."""

    def __init__(self, request: bytes, opened: asyncio.Future[None], late: list[float] | None) -> None:
        self._request = request
        self._opened = opened
        self._late = late
        self._held = b""
        self._is_open = False
        self.texts = 0
        self.closed = False

    def connection_made(self, transport: Any) -> None:
        """Asks for the socket."""
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Counted, where nobody asked for it."""
        self.closed = True
        if not self._opened.done():
            self._opened.set_exception(ConnectionError(self._held[:200].decode("latin-1")))

    def data_received(self, data: bytes) -> None:
        """The whole frames of what has come; the rest is held."""
        data = self._held + data
        if not self._is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end or not head.startswith(b"HTTP/1.1 101"):
                self._held = head + end + data
                return
            self._is_open = True
            self._opened.set_result(None)
        at = 0
        while (start := _payload(data, at)) and start[0] + start[1] <= len(data):
            begin, size = start
            self._frame(data[at] & 15, data, begin, begin + size)
            at = begin + size
        self._held = data[at:]

    def _frame(self, kind: int, data: bytes, begin: int, end: int) -> None:
        if kind == _TEXT:
            self.texts += 1
            if self._late is not None and (said := _SENTENCE(data[begin:end])):
                self._late.append(time.time() - float(said[1]))
        elif kind == _PING:
            self._transport.write(bytes((0x8A, 0x80 | end - begin)) + bytes(4) + data[begin:end])
        elif kind == _CLOSE:
            self.closed = True


def _payload(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins, and its length; None while that is not known."""
    if len(data) < at + 2:
        return None
    size = data[at + 1] & 127
    more = {126: 2, 127: 8}.get(size, 0)
    if len(data) < at + 2 + more:
        return None
    return at + 2 + more, int.from_bytes(data[at + 2 : at + 2 + more], "big") if more else size


async def _open(orders: dict[str, Any], late: list[float]) -> list[Listener]:
    loop, room = asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)
    request = (
        f"GET {orders['path']} HTTP/1.1\r\nHost: 127.0.0.1:{orders['port']}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Authorization: {orders['authorization']}\r\n\r\n"
    ).encode()

    async def one(number: int) -> Listener:
        opened: asyncio.Future[None] = loop.create_future()
        listener = Listener(request, opened, late if number % _SAMPLED == 0 else None)
        source = (f"127.0.{orders['net']}.{1 + number // _PER_ADDRESS}", 0)
        async with room:
            await loop.create_connection(lambda: listener, "127.0.0.1", orders["port"], local_addr=source)
            await asyncio.wait_for(opened, 120)
        return listener

    return list(await asyncio.gather(*map(one, range(orders["count"]))))


async def _main() -> None:
    def told(line: bytes) -> None:
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.flush()

    late: list[float] = []
    orders = orjson.loads(sys.stdin.readline())
    listeners = await _open(orders, late)
    told(b"open")
    await asyncio.to_thread(sys.stdin.readline)
    late.clear()
    before, began = sum(each.texts for each in listeners), time.monotonic()
    await asyncio.sleep(orders["seconds"])
    texts, passed = sum(each.texts for each in listeners) - before, time.monotonic() - began
    told(
        orjson.dumps({"texts": texts, "seconds": passed, "late": late, "lost": sum(each.closed for each in listeners)})
    )
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_main())
