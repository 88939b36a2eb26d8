"""Hears what the children say of themselves by the sd_notify protocol (see `infra.notify`)."""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

Hear = Callable[[str, str], None]
"""Told (name, value) for each line of a datagram: ("READY", "1"), ("STATUS", "…")."""
_CREDENTIALS = struct.Struct("=iII")
_LONGEST = 4096
_EARLY_S, _MOST_EARLY = 5.0, 64
"""For so long words of so many are remembered who may turn out to be children: a program can be quicker to say that it
is ready than a busy supervisor is to learn its process id."""


class NotifySocket(AbstractContextManager["NotifySocket"]):
    """One datagram socket for all children.

    It is in Linux's abstract namespace: no file to clean up, no path too long, and programs of any user can reach it;
    therefore the kernel is asked who sent each datagram, and only a child's own words about itself count.
    """

    def __init__(self) -> None:
        self.address = f"@trawl-{secrets.token_hex(8)}"
        self._socket: socket.socket | None = None
        self._listeners: dict[int, Hear] = {}
        self._early: list[tuple[float, int, bytes]] = []

    def __enter__(self) -> "NotifySocket":
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("\0" + self.address[1:])
        asyncio.get_running_loop().add_reader(self._socket, self._receive)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def listen(self, pid: int, hear: Hear) -> None:
        """Passes on what this process says and has just said, until `forget`."""
        self._listeners[pid] = hear
        since = time.monotonic() - _EARLY_S
        for at, sender, content in self._early:
            if sender == pid and at >= since:
                _pass_on(content, hear)
        self._early = [word for word in self._early if word[1] != pid]

    def forget(self, pid: int) -> None:
        """What this process says no longer matters; its number may go to another."""
        self._listeners.pop(pid, None)

    def _receive(self) -> None:
        if not self._socket:
            return
        space = socket.CMSG_SPACE(_CREDENTIALS.size)
        try:
            content, ancillary, _, _ = self._socket.recvmsg(_LONGEST, space)
        except BlockingIOError:
            return
        sender = _sender(ancillary)
        if hear := self._listeners.get(sender):
            _pass_on(content, hear)
        else:
            self._early = [*self._early[1 - _MOST_EARLY :], (time.monotonic(), sender, content)]


def _pass_on(content: bytes, hear: Hear) -> None:
    for line in content.decode(errors="replace").splitlines():
        name, _, value = line.partition("=")
        hear(name, value)


def _sender(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            pid, _, _ = _CREDENTIALS.unpack(content[: _CREDENTIALS.size])
            return int(pid)
    return 0
