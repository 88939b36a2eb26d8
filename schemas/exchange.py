"""One exchange with a host: what is asked, and what came back or why nothing did.

The fetcher's port and its HTTP adapter meet in these shapes. Trouble on the network is data, not an exception: it
ends as an outcome of the URL, with a sentence for people.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

FailureKind = Literal[
    "blocked_address",
    "dns_failed",
    "connect_failed",
    "tls_failed",
    "timeout",
    "too_large",
    "decode_failed",
    "malformed_response",
    "connection_lost",
]
"""Why an exchange gave no whole response; closed. `schemas.outcomes` says which outcome each becomes."""


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """A GET of one URL. Times are seconds, sizes bytes.

    `headers` are sent after the fetcher's own and replace those of the same name; `total_timeout` bounds everything
    from the look-up of the name to the last byte, `read_timeout` the silence between two of them. `max_body` bounds
    the body as received and as decompressed, each; a larger one is the failure `too_large`, unless `cut` says that
    its first `max_body` bytes are enough (robots.txt and the like, where the rest is to be ignored).
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    connect_timeout: float = 10.0
    read_timeout: float = 15.0
    total_timeout: float = 30.0
    max_body: int = 10_000_000
    cut: bool = False


@dataclass(frozen=True, slots=True)
class ExchangeTimes:
    """Milliseconds. `dns` and `connect` (name, TCP and TLS together) are None on a connection that was kept open."""

    total: float
    first_byte: float
    connect: float | None = None
    dns: float | None = None


@dataclass(frozen=True, slots=True)
class ExchangeResponse:
    """A whole response, of any status; redirects are responses too and are not followed.

    `headers` keep order, repeats and bytes (Latin-1: each byte one character). `body` is decompressed and complete:
    a cut one is a failure, unless the request asked for its beginning only: then `cut` says that there was more.
    `wire_size` is the body as received, `address` the peer's IP address.
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
    """No whole response; `reason` is a sentence for people. `status` and `address` say how far it came."""

    url: str
    kind: FailureKind
    reason: str
    elapsed_ms: float
    status: int | None = None
    address: str = ""
    ok: Literal[False] = field(default=False, init=False)


ExchangeResult: TypeAlias = ExchangeResponse | ExchangeFailure
