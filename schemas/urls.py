"""One spelling for every URL, so that a page is visited once however its links are written.

The rules are those of the WHATWG URL standard for reading (what a browser would open) and of RFC 3986, 6.2.2 for
writing, with w3lib's additions; they are applied to about 45 links a page, hence the short ways for what is
already in order. What is done: scheme and host in lower case, IDNA, default port and fragment dropped, dot segments
resolved, an empty path made `/`, escapes in upper case and unreserved characters unescaped, everything else that is
not a URL character escaped as UTF-8, parameters that only track people dropped, an empty query dropped.

The order of the query is kept, because servers may care and because it is what is sent; `fingerprint` sorts it, so
that two orders are one page all the same. A trailing slash, `www.` and `;` parameters are kept: they may differ.
"""

import re
from functools import lru_cache
from typing import NamedTuple, cast

import xxhash

from schemas.hosts import UrlError, canonical_host, origin_of

MAX_URL = 2048
"""Characters of a canonical URL at most; longer ones are nearly always traps, and indexes are sized by it."""

_DEFAULT_PORT = {"http": 80, "https": 443}
_TRACKING = (
    "utm_[^=&]*|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|twclid|ttclid|yclid|ysclid|_openstat|igshid|igsh|"
    "mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|vero_id|vero_conv|oly_anon_id|oly_enc_id|li_fat_id|srsltid|epik|_ga|_gl"
)

_SPLIT = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL).match
_SEGMENTS = r"(?:/(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)?)+"
_PLAIN_PATH = re.compile(_SEGMENTS).fullmatch
_PLAIN_FROM_ROOT = re.compile(rf"(?!//){_SEGMENTS}").fullmatch
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?-]+").fullmatch
_CLUTTER = re.compile(rf"(?:^|&)(?:&|$|(?:{_TRACKING})(?:[=&]|$))", re.IGNORECASE).search
_TRACKER = re.compile(rf"(?:{_TRACKING})(?:=|$)", re.IGNORECASE).match
_UNSAFE = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~!$&'()*+,;=:@/-]", re.DOTALL)
_UNSAFE_IN_QUERY = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]", re.DOTALL)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_BLANKS = "".join(map(chr, range(33)))
_REMOVED = str.maketrans("", "", "\t\n\r")


class _Base(NamedTuple):
    scheme: str
    origin: str
    path: str
    folder: str
    query: str


def canonical(url: str, base: str | None = None) -> str:
    """The one spelling of `url`, resolved against `base` (the page's own URL, or its `<base href>`) where given.

    Raises UrlError: `not_http` (mailto:, javascript: …), `no_host`, `bad_host`, `bad_port`, `credentials` (a URL
    with user or password, which would end in tables and logs), `too_long` (over MAX_URL), `unparsable` (relative
    without a base).
    """
    if len(url) > 8 * MAX_URL:
        raise UrlError("too_long", f"The URL has {len(url)} characters; {MAX_URL} are allowed.")
    if base is not None and _PLAIN_FROM_ROOT(url):  # the commonest link by far: there is nothing to take apart
        whole = _base(base).origin + url
        if len(whole) <= MAX_URL:
            return whole
    scheme, authority, path, query = _split(_tidy(url))
    if authority is None and not scheme:
        if base is None:
            raise UrlError("unparsable", f"{url[:80]!r} is relative, and nothing says to what.")
        start = _base(base)
        origin, path, query = _relative(start, path, query)
    else:
        origin, path, query = _absolute(scheme, authority, path, query, base)
    if not _PLAIN_PATH(path):
        path = _path(path)
    if query:
        if not _PLAIN_QUERY(query) or _CLUTTER(query):
            query = _query(query)
        if query:
            path = f"{path}?{query}"
    if len(origin) + len(path) > MAX_URL:
        raise UrlError("too_long", f"The URL has {len(origin) + len(path)} characters; {MAX_URL} are allowed.")
    return origin + path


def fingerprint(url: str) -> str:
    """The identity of a canonical URL: xxh3-128 as a UUID string, the same for every order of the query's names.

    Values of a repeated name keep their order, in which they may mean something.
    """
    if "&" in url:
        head, _, query = url.partition("?")
        url = f"{head}?{'&'.join(sorted(query.split('&'), key=_name))}"
    digest = xxhash.xxh3_128_hexdigest(url.encode())
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


def row_fingerprint(url: str, kind: str) -> str:
    """The identity of a row of the frontier: a page's is that of its URL, a sitemap or a feed at it is another row."""
    return fingerprint(url) if kind == "page" else fingerprint(f"{kind} {url}")


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def _split(url: str) -> tuple[str | None, str | None, str, str | None]:
    found = _SPLIT(url)
    if found is None:  # cannot be: every part of the expression may be empty
        raise UrlError("unparsable", f"{url[:80]!r} is not a URL.")
    return cast(tuple[str | None, str | None, str, str | None], found.groups())


def _tidy(url: str) -> str:
    """What a browser ignores: blanks around, tabs and line ends within; a backslash before the query is a slash."""
    url = url.strip(_BLANKS)
    if "\t" in url or "\n" in url or "\r" in url:
        url = url.translate(_REMOVED)
    if "\\" in url:
        head, mark, rest = url.partition("?")
        url = head.replace("\\", "/") + mark + rest
    return url


def _relative(base: _Base, path: str, query: str | None) -> tuple[str, str, str | None]:
    """RFC 3986, 5.2.2, for a reference without an authority."""
    if not path:
        return base.origin, base.path, base.query if query is None else query
    return base.origin, path if path[0] == "/" else base.folder + path, query


def _absolute(
    scheme: str | None, authority: str | None, path: str, query: str | None, base: str | None
) -> tuple[str, str, str | None]:
    """The parts of a reference with a scheme or an authority; `//host/…` takes its scheme from the base."""
    if scheme is None:
        if base is None:
            raise UrlError("unparsable", f"//{authority} has no scheme, and nothing says which.")
        scheme = _base(base).scheme
    elif scheme not in _DEFAULT_PORT:
        scheme = scheme.lower()
        if scheme not in _DEFAULT_PORT:
            raise UrlError("not_http", f"{scheme}: is not http or https.")
    if not authority:
        if authority is None and base is not None and _base(base).scheme == scheme:
            return _relative(_base(base), path, query)
        # http:/host/ and http:///host/ are read as browsers read them: the slashes do not count.
        authority, slash, rest = path.lstrip("/").partition("/")
        path = slash + rest
    return _origin(scheme, authority), path or "/", query


@lru_cache(maxsize=8192)
def _origin(scheme: str, authority: str) -> str:
    if "@" in authority:
        raise UrlError("credentials", "A URL with a user or password is not taken; give credentials as headers.")
    host, port = authority, ""
    if authority.rfind(":") > authority.rfind("]"):
        host, _, port = authority.rpartition(":")
    host = canonical_host(host)
    if not port:
        return f"{scheme}://{host}"
    if not (port.isascii() and port.isdigit()) or not 0 < int(port[:7]) < 65536:
        raise UrlError("bad_port", f"{port[:20]!r} is not a port; 1 to 65535 are.")
    number = int(port)
    return f"{scheme}://{host}" if number == _DEFAULT_PORT[scheme] else f"{scheme}://{host}:{number}"


@lru_cache(maxsize=2048)
def _base(url: str) -> _Base:
    whole = canonical(url)
    origin = origin_of(whole)
    path, _, query = whole[len(origin) :].partition("?")
    return _Base(origin.partition(":")[0], origin, path, path[: path.rindex("/") + 1], query)


def _path(path: str) -> str:
    """RFC 3986, 6.2.2 and 5.2.4: escapes first, since `%2e` is a dot."""
    path = _UNSAFE.sub(_escape, path)
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _query(query: str) -> str:
    kept = [pair for pair in query.split("&") if pair and not _TRACKER(pair)]
    return _UNSAFE_IN_QUERY.sub(_escape, "&".join(kept))


def _escape(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 3:
        char = chr(int(text[1:], 16))
        return char if char in _UNRESERVED else text.upper()
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))
