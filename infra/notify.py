"""Tells the supervisor how this process is doing, by the sd_notify protocol.

One datagram of `NAME=value` lines to the socket that NOTIFY_SOCKET names (systemd, `man 3 sd_notify`). `trawl up`,
systemd and Podman all listen to it, so a process says the same thing whoever started it; without the variable
every call does nothing.
"""

import os
import socket


def ready(status: str = "") -> None:
    """Says that the process now does its work: whoever waits for it may go on."""
    _send("READY=1", *([f"STATUS={_one_line(status)}"] if status else []))


def status(text: str) -> None:
    """Says in a few words what the process is doing; people see it in `trawl status`."""
    _send(f"STATUS={_one_line(text)}")


def stopping() -> None:
    """Says that the process has begun to drain, so that its end is not taken for a crash."""
    _send("STOPPING=1")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _send(*lines: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # systemd's spelling of Linux's abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagram:
        # A supervisor that is gone or slow must not hold up the work: a lost word is repaired by the next.
        datagram.setblocking(False)
        try:
            datagram.sendto("\n".join(lines).encode(), address)
        except OSError:
            return
