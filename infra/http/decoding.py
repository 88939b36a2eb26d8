"""Decompression while reading, with a bound on what comes out.

204 kB of gzip can be 200 MB of page: nothing is decompressed beyond the limit, in any layer. gzip, deflate (zlib's and
the raw form that some servers send under the same name), br, zstd and stacks of them are understood; RFC 9110, 8.4.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

import cramjam
import zstandard

from infra.http.exceptions import BodyTooLarge, BodyUndecodable

ACCEPTED = "gzip, deflate, br, zstd"
"""What is sent as Accept-Encoding: what this module reads with a bound."""

_PIECE = 1 << 18
_MAX_CODINGS = 4
_MAX_MEMBERS = 1000
_GZIP = 16 + zlib.MAX_WBITS
_FIRST = {"gzip": b"\x1f", "zstd": b"\x28"}
"""How another member begins; everything else after a whole one is padding."""

_ZSTD_WINDOW = 1 << 23  # RFC 9659: what a client must be able to take, and no more
_ZSTD_SLICE = 256  # bytes: 64 run-length blocks of 128 KiB at most come out of them


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
        self._layers = [_layer(coding, limit) for coding in reversed(codings)]
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
            for depth, layer in enumerate(self._layers):
                for piece in layer.finish():
                    self._push(piece, depth + 1)
        return self.beginning()

    def beginning(self) -> bytes:
        """What has come out so far, up to the limit; after BodyTooLarge it is the first `limit` bytes or nearly so."""
        if any(isinstance(layer, _Brotli) and not layer.done for layer in self._layers) and self.wire_size:
            raise BodyUndecodable("The beginning of a br body cannot be read without its end.")
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


class _Layer(Protocol):
    """One coding: bytes in, pieces of bounded size out."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...
    def finish(self) -> Iterator[bytes]: ...


class _Stream(Protocol):
    """A decompressor of one member, whatever the coding: bounded pieces, and what it is when the member ended."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def pieces(self, data: bytes) -> Iterator[bytes]: ...


def _layer(coding: str, limit: int) -> _Layer:
    if coding == "br":
        return _Brotli(limit)
    if coding not in ("gzip", "deflate", "zstd"):
        raise BodyUndecodable(f"The body is compressed with {coding[:40]!r}, which was not asked for.")
    return _Members(coding, limit)


class _Members:
    """gzip, deflate, zstd. A body may have several members; padding after the last is ignored, as browsers do."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding
        self._limit = limit
        self._made = 0
        self._members = 0
        self._held = b""
        self._stream: _Stream | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._held:
            data, self._held = self._held + data, b""
        while data:
            stream = self._stream = self._stream or self._begin(data)
            if stream is None:
                return
            yield from self._bounded(stream.pieces(data))
            if not stream.eof:
                return
            data = stream.unused_data
            self._stream = None
            self._members += 1

    def finish(self) -> Iterator[bytes]:
        if self._stream is not None or not self._members:
            raise BodyUndecodable(f"The {self._coding} body ends too early.")
        return iter(())

    def _begin(self, data: bytes) -> _Stream | None:
        """The stream that `data` begins; None if it is padding, or too short to tell."""
        if self._members >= _MAX_MEMBERS:
            raise BodyUndecodable(f"The {self._coding} body has more than {_MAX_MEMBERS} members.")
        if self._members and data[:1] != _FIRST.get(self._coding):
            return None
        if self._coding == "zstd":
            return _Zstd()
        if self._coding == "gzip":
            return _Inflate(_GZIP)
        if len(data) < 2:
            self._held = data
            return None
        zlib_header = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
        return _Inflate(zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        try:
            for piece in pieces:
                self._made += len(piece)
                over = self._made - self._limit
                if piece:
                    yield piece if over <= 0 else piece[:-over]
                if over > 0:
                    raise BodyTooLarge(f"The body decompresses to more than {self._limit} bytes; that is the limit.")
        except (zlib.error, zstandard.ZstdError) as problem:
            raise BodyUndecodable(f"The body is not valid {self._coding}: {problem}") from problem


class _Inflate:
    """zlib's decompressor, in pieces of 256 KiB."""

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def pieces(self, data: bytes) -> Iterator[bytes]:
        stream = self._stream
        while True:
            piece = stream.decompress(data, _PIECE)
            yield piece
            data = stream.unconsumed_tail
            # A full piece may leave output waiting inside zlib although all input is taken.
            if stream.eof or (not data and len(piece) < _PIECE):
                return


class _Zstd:
    """zstandard's decompressor gives all that its input makes: so it gets little at a time (at most 8 MiB come out)."""

    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self._rest = b""

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data + self._rest

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            yield self._stream.decompress(data[start : start + _ZSTD_SLICE])
            if self._stream.eof:
                self._rest = data[start + _ZSTD_SLICE :]
                return


class _Brotli:
    """br has no checksum and no members. The decoder at hand takes whole input and a buffer of the caller's: a buffer
    of the limit's size costs only the memory that is written to."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self.done = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._pieces.append(data)
        return iter(())

    def finish(self) -> Iterator[bytes]:
        self.done = True
        out = bytearray(self._limit + 1)
        try:
            size = cramjam.brotli.decompress_into(b"".join(self._pieces), out)
        except cramjam.DecompressionError as problem:
            if "whole buffer" not in str(problem):
                raise BodyUndecodable(f"The body is not valid br, or ends too early: {problem}") from problem
            size = self._limit + 1
        yield bytes(memoryview(out)[: min(size, self._limit)])
        if size > self._limit:
            raise BodyTooLarge(f"The body decompresses to more than {self._limit} bytes; that is the limit.")
