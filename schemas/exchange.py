"""One exchange with a host: what is asked, and what came back or why nothing did.

The fetcher's port and its HTTP adapter meet in these shapes. Trouble on the network is data, not an exception: it
ends as an outcome of the URL, with a sentence for people.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from schemas.events.requests import RenderVisit

FailureKind = Literal[
    "blocked_address",
    "dns_failed",
    "connect_failed",
    "tls_failed",
    "timeout",
    "too_large",
    "decode_failed",
    "malformed_response",
    "bad_content_type",
    "connection_lost",
    "render_failed",
]
"""Why an exchange gave no whole response; closed. `schemas.outcomes` says which outcome each becomes."""


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """One request. Times are seconds, sizes bytes.

    `headers` are sent after the fetcher's own and replace those of the same name. `total_timeout` bounds everything
    from the look-up of the name to the last byte, `connect_timeout` name, TCP and TLS, `read_timeout` the silence
    between two bytes. `max_body` bounds the body as received and as decompressed, each; a larger one is the failure
    `too_large`, unless `cut` says that its first `max_body` bytes are enough (robots.txt and the like, where the rest
    is to be ignored).

    `content_types` are the media types that are wanted (`text/html`, `image/*`; none: all): a page that declares
    another is the failure `bad_content_type`, and its body is not read. `proxy` is an HTTP proxy's URL, through which
    the request goes; `http2` offers HTTP/2 to an https host. `render` asks for a browser, whose document is the body.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    connect_timeout: float = 10.0
    read_timeout: float = 15.0
    total_timeout: float = 30.0
    max_body: int = 10_000_000
    cut: bool = False
    method: str = "GET"
    body: bytes = b""
    content_types: tuple[str, ...] = ()
    proxy: str = ""
    http2: bool = False
    render: RenderVisit | None = None


@dataclass(frozen=True, slots=True)
class ExchangeTimes:
    """Milliseconds: looking the name up, TCP, TLS, from the beginning to the end of the response's head, all of it.

    The first three are None where there was no such part: on a connection that was kept open, without TLS, for an
    address in place of a name.
    """

    total: float
    first_byte: float
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None


@dataclass(frozen=True, slots=True)
class ExchangeResponse:
    """A whole response, of any status; redirects are responses too and are not followed.

    `headers` keep order, repeats and bytes (Latin-1: each byte one character). `body` is decompressed and complete:
    a cut one is a failure, unless the request asked for its beginning only: then `cut` says that there was more.
    `wire_size` is the body as received (with a browser: all that the page loaded), `address` the peer's IP address,
    `screenshot_ref` the picture that a browser took.
    """

    url: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    wire_size: int
    address: str
    times: ExchangeTimes
    http_version: str = "HTTP/1.1"
    tls_version: str | None = None
    cut: bool = False
    screenshot_ref: str = ""
    ok: Literal[True] = field(default=True, init=False)

    @property
    def body_size(self) -> int:
        """Bytes of the decompressed body."""
        return len(self.body)

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class ExchangeFailure:
    """No whole response; `reason` is a sentence for people. `status` and `address` say how far it came;
    `final` that another try would end the same."""

    url: str
    kind: FailureKind
    reason: str
    elapsed_ms: float
    status: int | None = None
    address: str = ""
    final: bool = False
    ok: Literal[False] = field(default=False, init=False)


ExchangeResult: TypeAlias = ExchangeResponse | ExchangeFailure

_SECRET = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authorization"})


def masked(name: str, value: str) -> str:
    """A response's header as it may be kept: a cookie is named, what opens a session is nobody's to read."""
    if (kind := name.lower()) not in _SECRET:
        return value
    cookie, given, _ = value.partition(";")[0].partition("=")
    return f"{cookie[:100]}=…" if given and kind.startswith("set-") else "…"
