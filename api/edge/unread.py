"""Whoever asks and does not read what is answered: let go, so that they keep no place, memory or answer under way.

Closing would wait for them: a transport sends what it holds before it closes. So their connection is aborted.
"""

import asyncio
from typing import Any, Protocol


class _Doors(Protocol):
    @property
    def entry(self) -> Any: ...
    def refused(self, why: str) -> None: ...


class MustRead:
    """Before a protocol of uvicorn's. As soon as anything is left unread a watch begins: every `unread` seconds at
    least `unread_least` bytes must have been taken, also by whoever is only waited for to close."""

    doors: _Doors
    transport: Any
    _unread_watch: asyncio.TimerHandle | None = None
    _unread_left = 0

    def connection_made(self, transport: Any) -> None:
        """Whatever is not taken at once is to be told to us."""
        super().connection_made(transport)  # type: ignore[misc]
        transport.set_write_buffer_limits(high=1, low=0)  # with 0 a TLS transport would be full when it is empty

    def pause_writing(self) -> None:
        """Something is left unread."""
        super().pause_writing()  # type: ignore[misc]
        self._begin_unread()

    def resume_writing(self) -> None:
        """Nothing is."""
        self._end_unread()
        super().resume_writing()  # type: ignore[misc]

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nobody left to read."""
        self._end_unread()
        super().connection_lost(exc)  # type: ignore[misc]

    def _begin_unread(self) -> None:
        self._end_unread()
        self._unread_left = self.transport.get_write_buffer_size()
        self._unread_watch = asyncio.get_running_loop().call_later(self.doors.entry.unread, self._look_unread)

    def _end_unread(self) -> None:
        if self._unread_watch is not None:
            self._unread_watch.cancel()
            self._unread_watch = None

    def _look_unread(self) -> None:
        self._unread_watch = None
        if self.transport.get_write_buffer_size() > self._unread_left - self.doors.entry.unread_least:
            self.doors.refused("unread")
            self.transport.abort()
        else:
            self._begin_unread()
