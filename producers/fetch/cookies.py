"""The rules of cookies (RFC 6265bis, draft 22): what a host may set, and what goes back to whom. Pure.

A crawler is a user agent without scripts and without pages that embed others: HttpOnly and SameSite change nothing.
What is bounded here is what a site may make us keep.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.cookies import Cookie
from schemas.hosts import UrlError, canonical_host, is_public_suffix

MAX_SIZE = 4096
"""Bytes of name and value together (5.6)."""

MAX_ATTRIBUTE = 1024
"""Bytes of an attribute's value (5.6)."""

MAX_LIFETIME = 400 * 86_400.0
"""Seconds that a cookie lives at most (5.5)."""

MAX_PER_DOMAIN = 50
MAX_PER_SITE = 180
MAX_SITE_BYTES = 65_536
"""What one site may have in one run; more than 64 KB would not fit into a request anyway."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_MAX_AGE = re.compile(r"-?[0-9]+").fullmatch
_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[^0-9]|$)").match
_DAY = re.compile(r"([0-9]{1,2})(?:[^0-9]|$)").match
_YEAR = re.compile(r"([0-9]{2,4})(?:[^0-9]|$)").match
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PREFIXES = ("__secure-", "__host-")


class Place(NamedTuple):
    """Where a request goes, as far as cookies care: ports do not matter to them."""

    secure: bool
    host: str
    path: str

    @classmethod
    def of(cls, url: str) -> "Place":
        """Of a canonical URL."""
        scheme, _, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        host = authority.partition("]")[0] + "]" if authority[:1] == "[" else authority.partition(":")[0]
        return cls(scheme == "https", host, slash + re.split("[?#]", path, maxsplit=1)[0] or "/")


def cookie_date(text: str) -> float | None:
    """Epoch seconds of a date in any of the forms that servers write (5.1.1); None if it is none."""
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _DELIMITERS.split(text):
        if time is None and (found := _TIME(token)):
            time = int(found[1]), int(found[2]), int(found[3])
        elif day is None and (found := _DAY(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = 1 + _MONTHS.index(token[:3].lower())
        elif year is None and (found := _YEAR(token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, *time, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def parse(header: str, place: Place, now: float) -> Cookie | None:
    """The cookie that a Set-Cookie header from `place` makes (5.6, 5.7), which may be one that has expired; None for a
    header that is to be ignored."""
    if _CONTROL(header):
        return None
    pair, *rest = header.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", name
    name, value = name.strip(" \t"), value.strip(" \t")
    if not (name or value) or len(name) + len(value) > MAX_SIZE:
        return None
    attributes = _attributes(rest)
    domain = _domain(attributes.get("domain", ""), place.host)
    secure = "secure" in attributes
    if domain is None or (secure and not place.secure):
        return None
    path = attributes.get("path", "")
    cookie = Cookie(
        name=name,
        value=value,
        domain=domain or place.host,
        path=path if path[:1] == "/" else default_path(place.path),
        host_only=not domain,
        secure=secure,
        http_only="httponly" in attributes,
        created=now,
        expires=_expires(attributes, now),
    )
    return cookie if _keeps_its_promise(cookie, path) else None


def _attributes(parts: Iterable[str]) -> dict[str, str]:
    """The last of each name counts, but for dates and domains that mean nothing."""
    found: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        name, value = name.strip(" \t").lower(), value.strip(" \t")
        if len(value) > MAX_ATTRIBUTE:
            continue
        if name == "max-age" and not _MAX_AGE(value):
            continue
        if name == "expires" and cookie_date(value) is None:
            continue
        found[name] = value
    return found


def _domain(said: str, host: str) -> str | None:
    """The domain that a cookie is for; empty where it is for `host` alone, None where it may not be set."""
    said = said.removeprefix(".")
    if not said:
        return ""
    try:
        domain = canonical_host(said) if said.isascii() else None
    except UrlError:
        return None
    if domain is None:
        return None
    if is_public_suffix(domain):
        return "" if domain == host else None
    return domain if domain_matches(host, domain) else None


def _expires(attributes: dict[str, str], now: float) -> float | None:
    if "max-age" in attributes:
        age = attributes["max-age"]
        seconds = float(age[:12])
        return now + min(seconds, MAX_LIFETIME) if seconds > 0 else 0.0
    date = cookie_date(attributes.get("expires", ""))
    return None if date is None else min(date, now + MAX_LIFETIME)


def _keeps_its_promise(cookie: Cookie, said_path: str) -> bool:
    """`__Secure-` and `__Host-` promise how a cookie was set (4.1.3)."""
    name = cookie.name.lower()
    if not cookie.name and cookie.value.lower().startswith(_PREFIXES):
        return False
    if name.startswith(_PREFIXES) and not cookie.secure:
        return False
    return not name.startswith("__host-") or (cookie.host_only and said_path == "/")


def default_path(path: str) -> str:
    """The path of a cookie that names none (5.1.4)."""
    return path[: path.rfind("/")] or "/"


def domain_matches(host: str, domain: str) -> bool:
    """5.1.3: the same, or `host` is a name below `domain`."""
    if host == domain:
        return True
    return host.endswith("." + domain) and not (host[-1:].isdigit() or host[-1:] == "]")


def path_matches(path: str, of: str) -> bool:
    """5.1.4: `path` is the cookie's path `of`, or below it."""
    return path == of or (path.startswith(of) and (of[-1] == "/" or path[len(of)] == "/"))


class Jar:
    """The cookies of one site (a registered domain and all below it) in one run."""

    def __init__(self, cookies: Iterable[Cookie] = ()) -> None:
        self._cookies = {cookie.id: cookie for cookie in cookies}
        self._used = dict.fromkeys(self._cookies, 0.0)

    def __len__(self) -> int:
        return len(self._cookies)

    def merge(self, older: Iterable[Cookie]) -> None:
        """What was kept elsewhere, as far as nothing newer is known."""
        for cookie in older:
            self._cookies.setdefault(cookie.id, cookie)
            self._used.setdefault(cookie.id, 0.0)

    def header(self, place: Place, now: float) -> list[tuple[str, str]]:
        """Names and values that go with a request, in their order (5.8.3)."""
        if not self._cookies:
            return []
        found = [cookie for cookie in self._cookies.values() if _goes(cookie, place) and not cookie.expired(now)]
        for cookie in found:
            self._used[cookie.id] = now
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.created))
        return [(cookie.name, cookie.value) for cookie in found]

    def receive(self, header: str, place: Place, now: float) -> list[Cookie]:
        """Takes a Set-Cookie header; returns what has changed, cookies that are gone as expired ones."""
        cookie = parse(header, place, now)
        if cookie is None or self._overlays_secure(cookie, place, now):
            return []
        known = self._cookies.get(cookie.id)
        if cookie.expired(now):
            return self._forget([known], now) if known else []
        if known is not None:
            cookie = replace(cookie, created=known.created)
        self._cookies[cookie.id], self._used[cookie.id] = cookie, now
        return [cookie, *self._forget(self._too_many(cookie.domain, now), now)]

    def clear(self, now: float) -> list[Cookie]:
        """Forgets all; returns them as expired ones."""
        return self._forget(list(self._cookies.values()), now)

    def _overlays_secure(self, cookie: Cookie, place: Place, now: float) -> bool:
        """A host without TLS may not replace or hide a Secure cookie (5.7, step 12)."""
        return not place.secure and any(
            other.secure
            and other.name == cookie.name
            and not other.expired(now)
            and (domain_matches(other.domain, cookie.domain) or domain_matches(cookie.domain, other.domain))
            and path_matches(cookie.path, other.path)
            for other in self._cookies.values()
        )

    def _too_many(self, domain: str, now: float) -> list[Cookie]:
        """What must go: what has expired, then what was used longest ago, of the domain and of the site."""
        oldest_first = sorted(
            self._cookies.values(), key=lambda cookie: (not cookie.expired(now), self._used[cookie.id], cookie.created)
        )
        mine = [cookie for cookie in oldest_first if cookie.domain == domain]
        gone = {cookie.id: cookie for cookie in mine[: max(0, len(mine) - MAX_PER_DOMAIN)]}
        left = [cookie for cookie in oldest_first if cookie.id not in gone]
        room = sum(cookie.size for cookie in left)
        for place, cookie in enumerate(left):
            if len(left) - place <= MAX_PER_SITE and room <= MAX_SITE_BYTES:
                break
            room -= cookie.size
            gone[cookie.id] = cookie
        return list(gone.values())

    def _forget(self, cookies: Iterable[Cookie], now: float) -> list[Cookie]:
        gone = []
        for cookie in cookies:
            del self._cookies[cookie.id], self._used[cookie.id]
            gone.append(replace(cookie, value="", expires=now))
        return gone


def _goes(cookie: Cookie, place: Place) -> bool:
    if cookie.secure and not place.secure:
        return False
    whose = place.host == cookie.domain if cookie.host_only else domain_matches(place.host, cookie.domain)
    return whose and path_matches(place.path, cookie.path)
