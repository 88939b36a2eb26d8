"""A server that speaks HTTP/2 over TLS, well or badly, and remembers which connection asked what."""

import asyncio
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import h2.config
import h2.connection
import h2.events

from tests.integration.http.misbehaving import PAGE


@dataclass
class Http2Server:
    """`asked` is (connection, headers, body) of every request. With `newer` off it offers HTTP/1.1 alone."""

    tls: ssl.SSLContext
    newer: bool = True
    port: int = 0
    asked: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self.tls.set_alpn_protocols(["h2", "http/1.1"] if self.newer else ["http/1.1"])
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
        return f"https://127.0.0.1:{self.port}{path}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        work = self._speak(self.connections, reader, writer) if self.newer else _old(reader, writer)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _speak(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        talk.initiate_connection()
        writer.write(talk.data_to_send())
        heads: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytes] = {}
        while data := await reader.read(65_536):
            for event in talk.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    heads[event.stream_id], bodies[event.stream_id] = dict(event.headers), b""  # type: ignore[arg-type]
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    self.asked.append((number, heads[event.stream_id], bodies[event.stream_id]))
                    if not _answer(talk, event.stream_id, heads[event.stream_id][":path"]):
                        writer.write(talk.data_to_send())
                        writer.close()
                        return
            writer.write(talk.data_to_send())
            await writer.drain()


def _answer(talk: h2.connection.H2Connection, stream: int, path: str) -> bool:
    """False when the connection is to be closed."""
    if path == "/never":
        return True
    talk.send_headers(
        stream, [(":status", "200"), ("content-type", "text/html"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
    )
    if path == "/reset":
        talk.reset_stream(stream)
        return True
    half = path == "/half"
    talk.send_data(stream, PAGE[:100] if half else PAGE, end_stream=not half)
    return not half


async def _old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE))
