"""The head of a request to a proxy: read with a bound, and split (RFC 9112, 3.2).

Whoever connects is the browser, and behind it pages that nobody knows: what is not exactly a request is refused.
"""

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass

MAX_HEAD = 65_536
"""Bytes of a request's head."""

_LINE = re.compile(rb"([A-Z]{1,20}) ([\x21-\x7e]{1,32768}) HTTP/1\.[01]").fullmatch
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*").fullmatch
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:/?#@\[\]\\]+)(?::([0-9]{1,5}))?").fullmatch
_ABSOLUTE = re.compile(rb"http://([^/?#]+)([^#]*)", re.IGNORECASE).fullmatch
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade"}
)  # fmt: skip

Fields = list[tuple[bytes, bytes]]


class NotARequest(Exception):
    """The bytes are no request that a proxy serves; the connection is closed."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Where a request goes: a host as in a URL, IPv6 in brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Head:
    """A request's first line and its header fields, in order."""

    method: bytes
    target: bytes
    fields: Fields

    def value(self, name: bytes) -> bytes | None:
        """The first value of a field whose name is given in lower case."""
        return next((value for key, value in self.fields if key.lower() == name), None)

    @property
    def last(self) -> bool:
        """Whether no further request is to come over this connection."""
        return b"close" in (self.value(b"connection") or b"").lower()

    def forwarded(self) -> Fields:
        """The fields that go on: none of this connection's own (RFC 9110, 7.6.1)."""
        return end_to_end(self.fields)

    def tunnel(self) -> Authority:
        """Where CONNECT leads."""
        return authority(self.target.decode("ascii"), None)

    def resource(self) -> tuple[Authority, bytes]:
        """Where an absolute http URL leads, and what is asked there."""
        found = _ABSOLUTE(self.target)
        if found is None:
            raise NotARequest("Only absolute http URLs and CONNECT are served.")
        path = found[2] if found[2][:1] == b"/" else b"/" + found[2]
        return authority(found[1].decode("ascii"), 80), path

    def credentials(self) -> tuple[str, str] | None:
        """User and secret of Proxy-Authorization: Basic (RFC 7617)."""
        scheme, _, token = (self.value(b"proxy-authorization") or b"").partition(b" ")
        if scheme.lower() != b"basic":
            return None
        try:
            user, _, secret = base64.b64decode(token, validate=True).decode("ascii").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user, secret


def end_to_end(fields: Fields) -> Fields:
    """Header fields without those of one connection, and without what `Connection` names."""
    named = {
        word.strip().lower() for name, value in fields if name.lower() == b"connection" for word in value.split(b",")
    }
    dropped = _HOP_BY_HOP | named
    return [(name, value) for name, value in fields if name.lower() not in dropped]


def authority(text: str, usual_port: int | None) -> Authority:
    """`host:port` as it stands in a request; raises NotARequest."""
    found = _AUTHORITY(text)
    port = int(found[2]) if found and found[2] else usual_port
    if found is None or port is None or not 0 < port < 65536:
        raise NotARequest(f"{text[:80]!r} is not a host with a port.")
    return Authority(found[1].lower(), port)


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next request's head; None when the connection ends before it. The reader's limit bounds it."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise NotARequest("The connection ended in the middle of a request.") from end
        return None
    except asyncio.LimitOverrunError as problem:
        raise NotARequest(f"A request's head has more than {MAX_HEAD} bytes.") from problem
    first, *lines = raw[:-4].split(b"\r\n")
    line = _LINE(first)
    fields = [_FIELD(field) for field in lines]
    if line is None or None in fields:
        raise NotARequest("The head is not a request of HTTP/1.")
    return Head(line[1], line[2], [(field[1], field[2]) for field in fields if field])
