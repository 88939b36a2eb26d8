"""A host of its own process that gives the same page under every path: what it costs must not be counted."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SIZE = 8192


class _Page(asyncio.Protocol):
    """One connection; whole requests arrive in one piece from a client that writes them so."""

    def __init__(self) -> None:
        words = " ".join(f"word{n}" for n in range(SIZE))[: SIZE - 60].encode()
        body = b"<html><title>A page</title><body>" + words + b"</body></html>"
        self._answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(self._answer * data.count(b"\r\n\r\n"))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Page, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextlib.contextmanager
def serving() -> Iterator[int]:
    """The port of such a host."""
    argv = [sys.executable, "-m", "tests.bench.pages"]
    process = subprocess.Popen(argv, cwd=Path(__file__).resolve().parents[2], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    asyncio.run(_serve())
