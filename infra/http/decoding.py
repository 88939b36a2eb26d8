"""Decompression while reading, with a bound on what comes out.

204 kB of gzip can be 200 MB of page: nothing is decompressed beyond the limit, in any layer. gzip, deflate (zlib's
and the raw form that some servers send under the same name) and stacks of them are understood; RFC 9110, 8.4.
"""

import zlib
from collections.abc import Iterator

from infra.http.exceptions import BodyTooLarge, BodyUndecodable

ACCEPTED = "gzip, deflate"
"""What is sent as Accept-Encoding: what this module reads with a bound."""

_PIECE = 1 << 18
_MAX_CODINGS = 4
_MAX_MEMBERS = 1000
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_FIRST = 0x1F


def codings_of(values: list[str]) -> list[str]:
    """The codings of all Content-Encoding headers in the order they were applied, without `identity`."""
    names = (name.strip().lower().removeprefix("x-") for value in values for name in value.split(","))
    return [name for name in names if name not in ("", "identity")]


class Body:
    """Takes a body as it arrives and gives it decompressed and whole, or not at all.

    `limit` bounds the bytes received, those of every layer between, and the result. Raises BodyTooLarge as soon as
    one is exceeded, BodyUndecodable for unknown codings, broken data, and data that ends too early.
    """

    def __init__(self, codings: list[str], limit: int) -> None:
        if len(codings) > _MAX_CODINGS:
            raise BodyUndecodable(f"The body is said to be compressed {len(codings)} times; {_MAX_CODINGS} are read.")
        self._layers = [_Layer(coding, limit) for coding in reversed(codings)]
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self.wire_size = 0

    def feed(self, data: bytes) -> None:
        """The next bytes as received."""
        self.wire_size += len(data)
        over = self.wire_size - self._limit
        if over > 0:
            self._push(data[:-over], 0)
            raise BodyTooLarge(f"More than {self._limit} bytes were sent; that is the limit.")
        self._push(data, 0)

    def finish(self) -> bytes:
        """The whole body, once everything has been received."""
        if self.wire_size:
            for layer in self._layers:
                layer.finish()
        return self.beginning()

    def beginning(self) -> bytes:
        """What has come out so far, up to the limit; after BodyTooLarge it is the first `limit` bytes or nearly so."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _push(self, data: bytes, depth: int) -> None:
        if depth < len(self._layers):
            for piece in self._layers[depth].feed(data):
                self._push(piece, depth + 1)
            return
        self._size += len(data)
        over = self._size - self._limit
        self._pieces.append(data if over <= 0 else data[:-over])
        if over > 0:
            raise BodyTooLarge(f"The body is larger than {self._limit} bytes; that is the limit.")


class _Layer:
    """One coding. A gzip body may have several members; padding after the last is ignored, as browsers do."""

    def __init__(self, coding: str, limit: int) -> None:
        if coding not in ("gzip", "deflate"):
            raise BodyUndecodable(f"The body is compressed with {coding[:40]!r}, which was not asked for.")
        self._coding = coding
        self._limit = limit
        self._made = 0
        self._members = 0
        self._held = b""
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._held:
            data, self._held = self._held + data, b""
        while data:
            stream = self._stream = self._stream or self._begin(data)
            if stream is None:
                return
            yield from self._inflate(stream, data)
            if not stream.eof:
                return
            data = stream.unused_data
            self._stream = None
            self._members += 1

    def finish(self) -> None:
        if self._stream is not None or not self._members:
            raise BodyUndecodable(f"The {self._coding} body ends too early.")

    def _begin(self, data: bytes) -> "zlib._Decompress | None":
        """The stream that `data` begins; None if it is padding, or too short to tell."""
        if self._members >= _MAX_MEMBERS:
            raise BodyUndecodable(f"The gzip body has more than {_MAX_MEMBERS} members.")
        if self._members and (self._coding == "deflate" or data[0] != _GZIP_FIRST):
            return None
        if self._coding == "gzip":
            return zlib.decompressobj(_GZIP)
        if len(data) < 2:
            self._held = data
            return None
        zlib_header = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)

    def _inflate(self, stream: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = stream.decompress(data, _PIECE)
            except zlib.error as problem:
                raise BodyUndecodable(f"The body is not valid {self._coding}: {problem}") from problem
            self._made += len(piece)
            over = self._made - self._limit
            if piece:
                yield piece if over <= 0 else piece[:-over]
            if over > 0:
                raise BodyTooLarge(f"The body decompresses to more than {self._limit} bytes; that is the limit.")
            data = stream.unconsumed_tail
            # A full piece may leave output waiting inside zlib although all input is taken.
            if stream.eof or (not data and len(piece) < _PIECE):
                return
