"""A request's body as a file that a thread can read, decompressed and bounded."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from typing import IO, cast

import lz4.frame
import zstandard

from infra.local.clickhouse_front.errors import Refused, cannot_read

BODY_LIMIT = 1024 * 1024 * 1024
PIECE = 64 * 1024
AT_ONCE = 1024 * 1024
_TOO_LARGE = 413


async def body_of(pieces: AsyncIterator[bytes]) -> io.RawIOBase | io.BytesIO:
    """A body that a thread can read. A short one is read here: each piece that a thread asks for costs two changes of
    threads, and for a small insert they were half of the request."""
    begun = bytearray()
    async for piece in pieces:
        begun += piece
        if len(begun) > AT_ONCE:
            return RequestBody(bytes(begun), pieces, asyncio.get_running_loop())
    return io.BytesIO(begun)


class RequestBody(io.RawIOBase):
    """A body of which the rest arrives in the event loop, read in a thread: at most one piece is in memory."""

    def __init__(self, begun: bytes, pieces: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._pieces = pieces
        self._loop = loop
        self._rest = memoryview(begun)

    def readable(self) -> bool:
        """It can be read, once."""
        return True

    def readinto(self, buffer: object) -> int:
        """Waits for a piece unless there is one; 0 at the end. Raises what the connection raised."""
        while not self._rest:
            piece = asyncio.run_coroutine_threadsafe(_next(self._pieces), self._loop).result()
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        target = memoryview(cast(bytearray, buffer)).cast("B")
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class BoundedReader:
    """Reads at most so many bytes: a small compressed body may become a large one."""

    def __init__(self, source: IO[bytes], limit: int = BODY_LIMIT) -> None:
        self._source = source
        self._left = limit

    def read(self, size: int = PIECE) -> bytes:
        """Up to `size` bytes, none at the end. Raises Refused beyond the limit and for what cannot be decompressed."""
        try:
            piece = self._source.read(size)
        except (OSError, EOFError, RuntimeError, zstandard.ZstdError) as error:
            raise cannot_read(str(error)) from error
        self._left -= len(piece)
        if self._left < 0:
            raise Refused(_TOO_LARGE, 0, f"The body is larger than {BODY_LIMIT >> 20} MiB: send it in parts.")
        return piece


def decoded(body: io.RawIOBase | io.BytesIO, encoding: str) -> BoundedReader:
    """The body's bytes by its Content-Encoding; drivers send several compressed frames, one after the other."""
    source: IO[bytes]
    if encoding in ("", "identity"):
        source = cast(IO[bytes], body)
    elif encoding == "gzip":
        source = cast(IO[bytes], gzip.GzipFile(fileobj=_buffered(body)))
    elif encoding == "lz4":
        source = cast(IO[bytes], lz4.frame.LZ4FrameFile(_buffered(body)))
    elif encoding == "zstd":
        reader = zstandard.ZstdDecompressor().stream_reader(cast(IO[bytes], body), PIECE, read_across_frames=True)
        source = cast(IO[bytes], reader)
    else:
        raise cannot_read(f"Content-Encoding {encoding!r} is unknown: use gzip, lz4 or zstd.")
    return BoundedReader(source)


def _buffered(body: io.RawIOBase | io.BytesIO) -> IO[bytes]:
    return body if isinstance(body, io.BytesIO) else io.BufferedReader(body, PIECE)


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)
