"""Sources are often files named .gz, which no Content-Encoding speaks of."""

import zlib

from streams.extraction.errors import UnreadableError

MAX_BYTES = 50_000_000
"""Bytes of a source, unpacked; the protocol of sitemaps allows 52,428,800 and says 50 MB."""

_MAGIC = b"\x1f\x8b"


def unpacked(body: bytes) -> bytes:
    """The bytes within, known by gzip's magic number (RFC 1952), once: a bomb ends at MAX_BYTES."""
    if not body.startswith(_MAGIC):
        if len(body) > MAX_BYTES:
            raise UnreadableError("too_large", f"The source has {len(body)} bytes; {MAX_BYTES} are read.")
        return body
    parts, room = [], MAX_BYTES
    while body.startswith(_MAGIC):
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            part = member.decompress(body, room + 1)
        except zlib.error as problem:
            raise UnreadableError("decode_failed", f"The source cannot be unpacked: {problem}.") from problem
        room -= len(part)
        if room < 0:
            raise UnreadableError("too_large", f"The source has more than {MAX_BYTES} bytes when unpacked.")
        if not member.eof:
            raise UnreadableError("decode_failed", "The source is cut short: its gzip has no end.")
        parts.append(part)
        body = member.unused_data
    return b"".join(parts)
