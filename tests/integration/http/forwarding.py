"""An HTTP proxy as simple as they come: CONNECT tunnels, and absolute-form requests; it remembers what it was asked."""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class ForwardingProxy:
    """Forwards everything to one port of loopback, whatever was asked for. With `refuse` it answers that instead."""

    to: int
    refuse: bytes = b""
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outward: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            if self.refuse:
                writer.write(self.refuse)
                return
            inward, outward = await asyncio.open_connection("127.0.0.1", self.to)
            if head.startswith(b"CONNECT "):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                line, _, rest = head.partition(b"\r\n")
                method, target, version = line.split(b" ")
                outward.write(b"%b /%b %b\r\n%b" % (method, target.split(b"/", 3)[3], version, rest))
            await asyncio.gather(_copy(reader, outward), _copy(inward, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            if outward is not None:
                outward.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
