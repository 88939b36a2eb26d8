"""A web server that does everything wrong, one way per path, and remembers what it was asked.

Plain sockets, because no web framework can be made to send these answers.
"""

import asyncio
import gzip
import socket
import ssl
import struct
import zlib
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import cramjam
import zstandard

PAGE = b"<html><body>" + b"<p>All is well.</p>" * 50 + b"</body></html>"


def response(body: bytes, *headers: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    """A well-formed response, but for what the caller makes wrong."""
    size = len(body) if length is None else length
    return b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Length: %d" % size, *headers, b"", body])


def bomb(layers: int, size: int) -> bytes:
    """Zeros, compressed again and again."""
    data = bytes(size)
    for _ in range(layers):
        data = gzip.compress(data, 9)
    return data


def reset(writer: asyncio.StreamWriter) -> None:
    """Closes with a TCP RST instead of a FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


def _brotli(data: bytes) -> bytes:
    return bytes(cramjam.brotli.compress(data))


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def _changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place:][1:]


GZIP = b"Content-Encoding: gzip"
BR = b"Content-Encoding: br"
ZSTD = b"Content-Encoding: zstd"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FIXED: dict[str, bytes] = {
    "/page": response(PAGE, b"Content-Type: text/html"),
    "/gzip": response(gzip.compress(PAGE), GZIP),
    "/x-gzip": response(gzip.compress(PAGE), b"Content-Encoding: x-gzip"),
    "/gzip-members": response(gzip.compress(PAGE[:100]) + gzip.compress(PAGE[100:]), GZIP),
    "/gzip-padded": response(gzip.compress(PAGE) + b"\0" * 100, GZIP),
    "/deflate": response(zlib.compress(PAGE), b"Content-Encoding: deflate"),
    "/raw-deflate": response(_raw_deflate(PAGE), b"Content-Encoding: deflate"),
    "/brotli": response(_brotli(PAGE), BR),
    "/zstd": response(_zstd(PAGE), ZSTD),
    "/stacked-new": response(_zstd(_brotli(PAGE)), b"Content-Encoding: br, zstd"),
    "/stacked": response(gzip.compress(zlib.compress(PAGE)), b"Content-Encoding: deflate, gzip"),
    "/stacked-twice": response(gzip.compress(zlib.compress(PAGE)), b"Content-Encoding: deflate", GZIP),
    "/identity": response(PAGE, b"Content-Encoding: identity"),
    "/empty-gzip": response(b"", GZIP),
    "/chunked": CHUNKED + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n",
    "/no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/early-hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + response(PAGE),
    "/duplicates": response(PAGE, b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"X-Case: Kept"),
    "/pdf": response(PAGE, b"Content-Type: application/pdf; version=2"),
    "/picture": response(PAGE, b"Content-Type: IMAGE/png"),
    "/error-pdf": response(PAGE, b"Content-Type: application/pdf", status=b"404 Not Found"),
    "/empty-type": response(PAGE, b"Content-Type: "),
    "/latin-1": response(b"", b"Location: /caf\xe9", status=b"302 Found"),
    "/redirect": response(b"moved", b"Location: /page", status=b"301 Moved Permanently"),
    "/not-found": response(b"gone", status=b"404 Not Found"),
    "/busy": response(b"later", b"Retry-After: 7", status=b"503 Service Unavailable"),
    "/status-line": b"HTP/1.1 two hundred\r\nContent-Length: 2\r\n\r\nok",
    "/garbage": b"\x00\x01\x02 this is not HTTP at all \xff\xfe" * 20,
    "/no-colon": b"HTTP/1.1 200 OK\r\nContent-Length 2\r\nThis has no colon\r\n\r\nok",
    "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nokok",
    "/bad-chunk": CHUNKED + b"ZZ\r\nhello\r\n0\r\n\r\n",
    "/big-header": response(PAGE, b"X-Big: " + b"a" * 100_000),
    "/many-headers": response(PAGE, *(b"X-%d: 1" % index for index in range(5000))),
    "/bad-crc": response(_changed(gzip.compress(PAGE), -6), GZIP),
    "/not-gzip": response(PAGE, GZIP),
    "/unasked": response(PAGE, b"Content-Encoding: compress"),
    "/truncated-brotli": response(_brotli(PAGE)[:-3], BR),
    "/truncated-zstd": response(_zstd(PAGE)[:-3], ZSTD),
    "/zstd-bad-checksum": response(_changed(_zstd(PAGE), -1), ZSTD),
    "/brotli-bomb": response(_brotli(bytes(50_000_000)), BR),
    "/zstd-bomb": response(_zstd(bytes(50_000_000)), ZSTD),
    "/truncated-gzip": response(gzip.compress(PAGE)[:-20], GZIP),
    "/truncated-deflate": response(zlib.compress(PAGE)[:-5], b"Content-Encoding: deflate"),
    "/bomb": response(bomb(1, 50_000_000), GZIP),
    "/bomb-stacked": response(bomb(2, 50_000_000), b"Content-Encoding: gzip, gzip"),
    "/deflate-bomb": response(zlib.compress(bytes(50_000_000), 9), b"Content-Encoding: deflate"),
    "/members-bomb": response(gzip.compress(b"") * 20_000, GZIP),
    "/deep-stack": response(b"x", b"Content-Encoding: gzip, gzip, gzip, gzip, gzip"),
    "/announced-big": response(b"", length=10**12),
    "/extra-bytes": response(b"ok") + b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsmuggle",
}
"""Whole answers, sent as they are; the connection is kept open afterwards."""

CUT: dict[str, bytes] = {
    "/until-close": b"HTTP/1.1 200 OK\r\n\r\n" + PAGE,
    "/http-1.0": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE,
    "/short-length": response(PAGE, length=len(PAGE) + 50),
    "/cut-chunked": CHUNKED + b"40\r\nhello",
    "/no-last-chunk": CHUNKED + b"5\r\nhello\r\n",
    "/cut-head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "/drop": b"",
}
"""Answers after which the connection is closed."""

RESET: dict[str, bytes] = {
    "/reset": b"",
    "/reset-in-body": response(PAGE[:100], length=5000),
    "/reset-until-close": b"HTTP/1.1 200 OK\r\n\r\n" + PAGE,
}
"""Answers after which the connection is reset."""


async def _content(head: bytes, reader: asyncio.StreamReader) -> bytes:
    """A request's body, chunks and all, as it was sent."""
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    if b"content-length" in fields:
        return await reader.readexactly(int(fields[b"content-length"]))
    return await reader.readuntil(b"0\r\n\r\n") if b"transfer-encoding" in fields else b""


@dataclass
class MisbehavingServer:
    """Listens on a free port of loopback while it is entered; `asked` has every request's head, whole."""

    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str) -> str:
        """The address of a path, by number."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}{path}"

    async def asked_for(self, path: str) -> None:
        """Returns as soon as the newest request is for `path`."""
        while not self.asked or not self.asked[-1].startswith(b"GET " + path.encode()):
            self._arrival.clear()
            await self._arrival.wait()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head)
                self._arrival.set()
                path = head.split(b" ", 2)[1].decode("latin-1").partition("?")[0]
                if path == "/echo":
                    writer.write(response(await _content(head, reader)))
                elif not await self._answer(path, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        """Sends the answer of `path`; False when the connection is to be closed."""
        if path in FIXED:
            writer.write(FIXED[path])
            await writer.drain()
            return True
        if path in RESET:
            writer.write(RESET[path])
            await writer.drain()
            reset(writer)
            return False
        if path == "/drip":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while True:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(0.1)
        if path == "/endless":
            writer.write(CHUNKED)
            while True:
                writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                await writer.drain()
        if path in ("/never", "/hang-after-head", "/endless-pdf"):
            if path != "/never":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 10\r\n\r\n")
            await asyncio.Event().wait()
        if path == "/close-after":
            # Says nothing about closing, and closes: the next request on this connection meets nobody.
            writer.write(response(PAGE))
            await writer.drain()
            return False
        writer.write(CUT.get(path, FIXED["/not-found"]))
        await writer.drain()
        return path not in CUT
