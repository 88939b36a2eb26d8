"""Addresses of callers: as whom one counts, and who is behind a proxy that we were told to trust."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
Spoken = Literal["x-forwarded", "forwarded"]
"""Which headers the proxy writes: X-Forwarded-For and -Proto, or Forwarded (RFC 7239). Only these are read, for the
other kind may have come through it from anybody."""

_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^",;]*)\s*').fullmatch
_LONGEST = 100
"""Hops that are looked at: no honest way is longer."""


@lru_cache(maxsize=4096)
def counted(address: str) -> str:
    """As whom an address counts: an IPv6 host as its /64, of which it has every address to itself (RFC 6177)."""
    found = _parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return str(found) if found else address[:64]


def networks(values: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as an operator writes them. ValueError says which one is none."""
    return tuple(ip_network(value, strict=False) for value in values)


def trusted(address: str, among: Sequence[Network]) -> bool:
    """Whether this is one of ours."""
    found = _parsed(address)
    return found is not None and any(found in network for network in among)


def behind(peer: str, headers: Headers, among: Sequence[Network], spoken: Spoken) -> tuple[str, str | None]:
    """The caller's address and scheme (None: not said) behind `peer`, which must be trusted itself. Read from the
    right, for each hop appends whom it saw: the first that is none of our proxies is the caller, and what stands left
    of it is the caller's own invention."""
    hops = _forwarded(headers) if spoken == "forwarded" else _x_forwarded(headers)
    found, scheme = peer, None
    for address, said in hops[::-1][:_LONGEST]:
        parsed = _parsed(address)
        if parsed is None:
            break  # `unknown`, a name, rubbish: whoever is left of it is nobody's word
        found, scheme = str(parsed), said or scheme
        if not trusted(found, among):
            break
    return found, scheme


class Proxies:
    """Puts the caller in the place of the trusted proxy that brings its request. Outermost: everything after it
    (limits, logs, sessions) sees the caller alone. Without trusted networks it is not there at all."""

    def __init__(self, app: ASGIApp, among: Sequence[Network], spoken: Spoken) -> None:
        self._app = app
        self._among = tuple(among)
        self._spoken = spoken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] in ("http", "websocket") and client and trusted(client[0], self._among):
            address, scheme = behind(client[0], Headers(scope=scope), self._among, self._spoken)
            scope["client"] = (address, 0 if address != client[0] else client[1])
            if scheme in ("http", "https"):
                socket = {"http": "ws", "https": "wss"}
                scope["scheme"] = scheme if scope["type"] == "http" else socket[scheme]
        await self._app(scope, receive, send)


def _x_forwarded(headers: Headers) -> list[tuple[str, str | None]]:
    hops = _list(headers.getlist("x-forwarded-for"))
    schemes: list[str | None] = [scheme.lower() for scheme in _list(headers.getlist("x-forwarded-proto"))]
    if len(schemes) != len(hops):  # most proxies write one word for the whole way, and replace what came
        schemes = [schemes[-1] if schemes else None] * len(hops)
    return list(zip(hops, schemes, strict=True))


def _forwarded(headers: Headers) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for element in _list(headers.getlist("forwarded")):
        said: dict[str, str] = {}
        for part in element.split(";"):
            pair = _PAIR(part)
            if pair:
                said[pair[1].lower()] = pair[2].strip('"')
        found.append((said.get("for", ""), said.get("proto", "").lower() or None))
    return found


def _list(lines: Iterable[str]) -> list[str]:
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: with a port, in brackets, or bare; a mapped IPv4 address is an IPv4 one."""
    bare = address.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
