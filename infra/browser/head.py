"""The main response as the fetcher wants it, and what a browser's words for trouble mean. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from schemas.exchange import FailureKind
from schemas.media import media_type, unwanted

Headers = list[tuple[str, str]]

_NET_ERROR = re.compile(r"net::(ERR_[A-Z0-9_]+)").search
_KINDS: tuple[tuple[str, FailureKind], ...] = (
    ("ERR_CERT", "tls_failed"),
    ("ERR_SSL", "tls_failed"),
    ("ERR_NAME", "dns_failed"),
    ("ERR_TIMED_OUT", "timeout"),
    ("ERR_CONNECTION_TIMED_OUT", "timeout"),
    ("ERR_CONTENT_DECODING", "decode_failed"),
    ("ERR_CONTENT_LENGTH", "malformed_response"),
    ("ERR_INCOMPLETE", "malformed_response"),
    ("ERR_INVALID", "malformed_response"),
    ("ERR_RESPONSE_HEADERS", "malformed_response"),
    ("ERR_HTTP2", "malformed_response"),
    ("ERR_CONNECTION", "connection_lost"),
    ("ERR_EMPTY_RESPONSE", "connection_lost"),
    ("ERR_SOCKET", "connection_lost"),
    ("ERR_TUNNEL", "connect_failed"),
    ("ERR_PROXY", "connect_failed"),
)
_HTML = frozenset({"text/html", "application/xhtml+xml", ""})
_OURS = frozenset(
    {"host", "connection", "content-length", "accept-encoding", "cookie", "user-agent", "transfer-encoding", "upgrade",
     "proxy-authorization", "proxy-connection", "keep-alive", "te", "trailer", "expect",
     "if-none-match", "if-modified-since"}
)  # fmt: skip
"""What a request may not set in a browser: what frames it, what has its own way in, and conditions, because the
document can be as it was while what its scripts make of it has changed."""


@dataclass(frozen=True, slots=True)
class MainHead:
    """Status and header fields of the page itself, and when they were there (milliseconds)."""

    status: int
    headers: Headers
    first_byte_ms: float

    def value(self, name: str) -> str:
        """The first value of a field, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def rendered(self) -> bool:
        """Whether a browser makes a page of it: a successful answer with HTML that is not a file to be saved."""
        saved = self.value("content-disposition").strip().lower().startswith("attachment")
        return (
            200 <= self.status < 300
            and self.status not in (204, 205)
            and media_type(self.headers) in _HTML
            and not saved
        )

    def unwanted(self, types: Sequence[str]) -> str:
        """Why the job does not want a successful answer, by its media type; empty where it does."""
        return unwanted(self.headers, types) if 200 <= self.status < 300 else ""

    def as_rendered(self) -> Headers:
        """The header fields of the document that the browser gives: whatever it was, it is UTF-8 now."""
        kept = [(name, value) for name, value in self.headers if name.lower() != "content-type"]
        return [*kept, ("content-type", "text/html; charset=utf-8")]


def failure_kind(text: str) -> tuple[FailureKind, str]:
    """What chromium's error is to a crawler, and its name."""
    found = _NET_ERROR(text)
    name = found[1] if found else ""
    return next((kind for start, kind in _KINDS if name.startswith(start)), "render_failed"), name


def authority_of(url: str) -> str:
    """host:port of a canonical URL, IPv6 in brackets."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def cookies_of(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names and values of the request's Cookie fields (RFC 6265, 4.2.1)."""
    pairs = (pair.strip() for name, value in headers if name.lower() == "cookie" for pair in value.split(";"))
    return [(name, value) for name, mark, value in (pair.partition("=") for pair in pairs) if mark and name]


def sent_headers(own: dict[str, str], wanted: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The browser's own header fields with the request's in their place, as its protocol takes them."""
    given = {name.lower(): (name, value) for name, value in wanted if name.lower() not in _OURS}
    kept = [(name, value) for name, value in own.items() if name.lower() not in given]
    return [{"name": name, "value": value} for name, value in (*kept, *given.values())]
