"""Under which names this server answers."""

import ipaddress
import socket
from collections.abc import Iterable

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class OwnHosts:
    """The `host:port` pairs that are this server.

    A page of somebody else's that makes its name resolve to this machine (DNS rebinding) sends its own name, and is
    recognised by it. A server that listens everywhere also answers to every name and address of its machine.
    """

    def __init__(self, listens_on: str, port: int, more: Iterable[str] = ()) -> None:
        names = {listens_on.lower(), *more}
        if _everywhere(listens_on):
            names |= _names_of_this_machine()
        if _everywhere(listens_on) or _is_loopback(listens_on):
            names |= set(_LOOPBACK)
        self.pairs = frozenset(f"{_bracketed(name)}:{port}" for name in names if name and not _everywhere(name))
        self._bare = frozenset(_bracketed(name) for name in names) if port in (80, 443) else frozenset()

    def __contains__(self, host: str) -> bool:
        return host.lower() in self.pairs or host.lower() in self._bare

    def origins(self) -> list[str]:
        """What a WebSocket's Origin may name."""
        return sorted(self.pairs | self._bare)


def _everywhere(host: str) -> bool:
    return host in ("", "0.0.0.0", "::", "*")  # noqa: S104  (compared, not bound)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _names_of_this_machine() -> set[str]:
    name = socket.gethostname().lower()
    try:
        found = socket.getaddrinfo(name, None)
    except OSError:
        return {name}
    return {name, *(str(entry[4][0]) for entry in found)}
