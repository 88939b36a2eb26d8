"""Which addresses a crawler may be sent to: the public internet's web, and what the operator names.

Whoever can submit a URL can otherwise make this machine talk to its neighbours, to itself, and to the cloud's
metadata service (server-side request forgery, OWASP API7:2023). The decision is about the address that is dialled,
never about how the URL is written. Sources: IANA's special-purpose address registries (RFC 6890) as of 2025, and
the port list of the WHATWG Fetch standard.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from infra.errors import NotConfigured
from schemas.hosts import UrlError, canonical_host, numeric_host

Address = IPv4Address | IPv6Address

_IPV4 = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers, and some clouds' metadata"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's internal service"),
        ("169.254.0.0/16", "link-local, and most clouds' metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved or broadcast"),
    )
)
_IPV6 = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "an IPv4 address in IPv6 clothes"),
        ("::ffff:0:0:0/96", "an IPv4 address in IPv6 clothes"),
        ("::/96", "an IPv4 address in IPv6 clothes"),
        ("64:ff9b::/96", "translated to IPv4 (NAT64)"),
        ("64:ff9b:1::/48", "translated to IPv4 (NAT64)"),
        ("2001::/32", "a Teredo tunnel to IPv4"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel to IPv4"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private (unique local)"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_ISATAP = (0x00005EFE, 0x02005EFE)

_PORTS = frozenset(
    [1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
     110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
     531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
     5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080]
)  # fmt: skip


class AddressGuard:
    """Says for one address and port whether it may be dialled; holds no state and does no I/O.

    `allow` names exceptions: `host`, `host:port`, an address with or without a port, or a network (CIDR). It is
    empty unless an operator fills it. A named host is trusted together with whatever its name resolves to. Raises
    NotConfigured for an entry that is none of these.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        self._names: set[tuple[str, int | None]] = set()
        for entry in allow:
            try:
                self._add(entry.strip())
            except (ValueError, UrlError) as problem:
                raise NotConfigured(
                    f"{entry!r} in the allow-list is not a host, host:port, address or network: {problem}"
                ) from problem

    def verdict(self, ip: str | Address, port: int, host: str = "") -> str | None:
        """None: `ip` may be dialled on `port`. Otherwise why not, as a sentence.

        `host` is the name that resolved to `ip`, if any: the allow-list may name it.
        """
        try:
            address = ip_address(ip) if isinstance(ip, str) else ip
        except ValueError:
            return f"{ip!r} is not an IP address."
        if self._allowed(address, port, host):
            return None
        what = _special(address)
        if what:
            return f"{address} is {what}; only public addresses are visited unless the allow-list names them."
        if port in _PORTS or not 0 < port < 65536:
            return f"Port {port} is not one that web pages are served from."
        return None

    def literal_verdict(self, host: str, port: int) -> str | None:
        """The same for a URL's host where it is an address, in whatever form; None for a name, which is to be resolved.

        An address that is not written in its usual form is refused whatever it means: programs disagree about it.
        """
        bare = host.strip("[]")
        if ":" in bare:
            return self.verdict(bare, port)
        try:
            address = numeric_host(bare)
        except UrlError as problem:
            return str(problem)
        if address is None:
            return None
        if str(address) != bare:
            return f"{host!r} is a disguised form of {address}; write the address itself."
        return self.verdict(address, port)

    def _allowed(self, address: Address, port: int, host: str) -> bool:
        if host and ((host, port) in self._names or (host, None) in self._names):
            return True
        return any(address in network and own_port in (None, port) for network, own_port in self._networks)

    def _add(self, entry: str) -> None:
        if "/" in entry:
            self._networks.append((ip_network(entry, strict=False), None))
            return
        host, port = _host_and_port(entry)
        if port is not None and not 0 < port < 65536:
            raise ValueError(f"{port} is not a port")
        name = canonical_host(host)
        try:
            self._networks.append((ip_network(name.strip("[]")), port))
        except ValueError:
            self._names.add((name, port))


def _special(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((what for network, what in _IPV4 if address in network), None)
    found = next((what for network, what in _IPV6 if address in network), None)
    if found is None and address not in _GLOBAL_UNICAST:
        return "not a global unicast address"
    if found is None and (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return "an ISATAP tunnel to IPv4"
    return found


def _host_and_port(entry: str) -> tuple[str, int | None]:
    if entry.count(":") > 1 and not entry.startswith("["):
        return f"[{entry}]", None
    if entry.endswith("]") or ":" not in entry:
        return entry, None
    host, _, port = entry.rpartition(":")
    return host, int(port)
