"""Ports of this machine that are free."""

import socket


def bound() -> tuple[socket.socket, int]:
    """A socket on a port of its own, and the port."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    return door, int(door.getsockname()[1])
