"""Connections that speak TLS, counted from the moment at which they are accepted.

A server of asyncio's or uvloop's tells nobody of a connection before its handshake is done: whoever never finishes one
would hold sockets beside all bounds. So these are accepted here, take their place at the doors first, and shake hands
then.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

import structlog

from api.edge.doors import Doors

log = structlog.get_logger()

_REST_S = 0.5
"""After an accept that failed: most often the process has no file descriptor left for the moment."""


class Handshakes:
    """Accepts at one listening socket until it is closed; looks to uvicorn like a server of asyncio's. Who finds no
    place is hung up on, for nothing can be said before a handshake."""

    def __init__(
        self,
        door: socket.socket,
        backlog: int,
        protocol: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext,
        doors: Doors,
    ) -> None:
        self._door = door.dup()  # uvicorn closes its own while this one is still waited at
        self._protocol = protocol
        self._tls = tls
        self._doors = doors
        self._shaking: set[asyncio.Task[None]] = set()
        self._door.listen(backlog)
        self._door.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())

    def close(self) -> None:
        """Accepts nobody any more; handshakes that are under way end."""
        for task in (self._accepting, *self._shaking):
            task.cancel()

    async def wait_closed(self) -> None:
        """Until nothing of that goes on."""
        await asyncio.gather(self._accepting, *self._shaking, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        with self._door:
            while True:
                try:
                    connection, peer = await loop.sock_accept(self._door)
                    self._let_in(connection, peer[:2])
                except OSError:
                    await asyncio.sleep(_REST_S)
                except Exception:  # a door at which nobody waits any more would look open
                    log.exception("not_accepted")
                    await asyncio.sleep(_REST_S)

    def _let_in(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        placed = False
        try:
            placed = self._doors.knocks(peer)
        finally:
            if not placed:
                connection.close()
        if placed:
            task = asyncio.create_task(self._shake(connection, peer))
            self._shaking.add(task)
            task.add_done_callback(self._shaking.discard)

    async def _shake(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        loop, within = asyncio.get_running_loop(), self._doors.entry.handshake
        try:
            await loop.connect_accepted_socket(self._protocol, connection, ssl=self._tls, ssl_handshake_timeout=within)
        except ConnectionAbortedError:
            self._doors.refused("slow")
        except OSError:  # it hung up, or spoke no TLS of ours
            pass
        finally:
            self._doors.gone(peer)
