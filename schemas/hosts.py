"""Host names as one string each, and which site they belong to.

Two spellings of one host must never count as two (politeness is kept by host), and an address in disguise
(`2130706433`, `0x7f.1`, full-width digits) must be seen for what it is before anything is decided about it.
"""

import re
from functools import cache, lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Literal
from urllib.parse import unquote

import idna
import tldextract

from schemas.errors import SchemaError

UrlReason = Literal["not_http", "no_host", "bad_host", "bad_port", "credentials", "too_long", "unparsable"]
"""Why a string is not a URL that may be visited; stable for machines."""

_LABELS = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*").fullmatch
_NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)$").search
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*").fullmatch
_MAX_HOST = 253


class UrlError(SchemaError):
    """A string is not a URL that may be visited; `reason` is for machines, the text for people."""

    def __init__(self, reason: UrlReason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason: UrlReason = reason


def numeric_host(host: str) -> IPv4Address | None:
    """The IPv4 address that `host` writes as a number or numbers, in any form that a resolver would understand.

    `2130706433`, `127.1`, `0x7f.1` and `0177.0.0.1` all name 127.0.0.1 to inet_aton(3) and to browsers (WHATWG URL,
    "IPv4 parser"). None: it is a name. UrlError `bad_host`: it ends in a number and is no address.
    """
    host = host.removesuffix(".")
    if not _NUMERIC_END(host):
        return None
    parts = host.split(".")
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 4 or any(number > 255 for number in numbers[:-1]):
        raise UrlError("bad_host", f"{host!r} ends in a number but is not an IPv4 address.")
    room = 256 ** (5 - len(numbers))
    if numbers[-1] >= room:
        raise UrlError("bad_host", f"{host!r} is beyond the last IPv4 address.")
    return IPv4Address(sum(number << (24 - 8 * place) for place, number in enumerate(numbers[:-1])) + numbers[-1])


def _number(part: str) -> int:
    if not _NUMBER(part):
        raise ValueError(f"{part[:20]!r} is not a number")
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part[0] == "0" else int(part)


@lru_cache(maxsize=8192)
def canonical_host(host: str) -> str:
    """The one spelling of `host`: lower case, IDNA (UTS 46), no trailing dot, addresses in their usual form.

    IPv6 keeps its brackets. Raises UrlError `no_host` or `bad_host`.
    """
    if host.startswith("["):
        return f"[{_ipv6(host)}]"
    if "%" in host:
        host = unquote(host, errors="replace")
    if not host.isascii():
        host = _idna(host)
    host = host.lower().removesuffix(".")
    if not host:
        raise UrlError("no_host", "The URL names no host.")
    address = numeric_host(host)
    if address is not None:
        return str(address)
    if len(host) > _MAX_HOST or not _LABELS(host):
        raise UrlError("bad_host", f"{host[:80]!r} is not a host name.")
    return host


def _ipv6(host: str) -> IPv6Address:
    try:
        address = IPv6Address(host[1:-1])
    except AddressValueError as problem:
        raise UrlError("bad_host", f"{host[:80]!r} is not an IPv6 address.") from problem
    if not host.endswith("]") or address.scope_id is not None:
        raise UrlError("bad_host", f"{host[:80]!r} is not an IPv6 address that can be reached from elsewhere.")
    return address


def _idna(host: str) -> str:
    try:
        return idna.encode(host.rstrip("."), uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as problem:
        raise UrlError("bad_host", f"{host[:80]!r} is not an international host name: {problem}.") from problem


def host_of(url: str) -> str:
    """The host of a canonical URL, with its port where that is not the scheme's own (`127.0.0.1:8090`).

    It is the key of politeness: one lease, one delay and one robots.txt belong to it.
    """
    return url.split("/", 3)[2]


def origin_of(url: str) -> str:
    """Scheme and host of a canonical URL, without a slash at the end: where its robots.txt is found (RFC 9309, 2.3)."""
    return url[: url.index("/", 8)]


def bare_host(host: str) -> str:
    """`host` without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


@cache
def _suffixes() -> tldextract.TLDExtract:
    # No addresses to ask: the list that the package ships is used, so that one program gives one answer everywhere.
    return tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


@lru_cache(maxsize=8192)
def registered_domain(host: str) -> str:
    """The domain someone registered (`shop.example.co.uk` → `example.co.uk`), by the Public Suffix List with its
    private part: two projects on one `github.io` are two sites. Addresses and bare names stand for themselves."""
    name = bare_host(host)
    return _suffixes()(name).top_domain_under_public_suffix or name


@lru_cache(maxsize=8192)
def is_public_suffix(host: str) -> bool:
    """Whether names below `host` are registered by anybody (`com`, `co.uk`, `github.io`, any single label): what is
    said about it by one of them must not bind the others."""
    if "." not in host:
        return True
    found = _suffixes()(host)
    return found.suffix == host and not found.domain
