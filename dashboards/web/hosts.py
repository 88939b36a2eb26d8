"""Under which names this server answers."""

import ipaddress
import re
import socket
from collections.abc import Iterable

_PORT = re.compile(r":[0-9]+$").search
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class OwnHosts:
    """The `host:port` pairs that are this server.

    A page of somebody else's that makes its name resolve to this machine (DNS rebinding) sends its own name, and is
    recognised by it. A server that listens everywhere also answers to every name and address of its machine. `more` are
    whole `host[:port]` names, under which a proxy is reached.
    """

    def __init__(self, listens_on: str, port: int, more: Iterable[str] = ()) -> None:
        names = {listens_on.lower()}
        if _everywhere(listens_on):
            names |= _names_of_this_machine()
        if _everywhere(listens_on) or _is_loopback(listens_on):
            names |= set(_LOOPBACK)
        self.pairs = frozenset(f"{_bracketed(name)}:{port}" for name in names if name and not _everywhere(name))
        bare = {_bracketed(name) for name in names} if port in (80, 443) else set()
        self._bare = frozenset(bare | {name.lower() for name in more})

    def __contains__(self, host: str) -> bool:
        return host.lower() in self.pairs or host.lower() in self._bare

    def origins(self) -> list[str]:
        """What a WebSocket's Origin may name. Bokeh takes a name without a port for every port of it, and an origin
        without one for port 80, whatever its scheme."""
        return sorted(self.pairs | {name if _PORT(name) or name.endswith("]") else f"{name}:80" for name in self._bare})


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
