"""A site of made-up answers, and a neighbour that nobody may talk to: both remember what reached them."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


def answer(body: str, *headers: str, status: str = "200 OK", kind: str = "text/html", charset: str = "utf-8") -> bytes:
    """A whole response; `kind` may declare the charset."""
    content = body.encode(charset)
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def redirect(location: str, *headers: str) -> bytes:
    return answer("", f"Location: {location}", *headers, status="302 Found")


class Site:
    """Answers by path; `heads` are the requests as they came. A path without an answer is a 404."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.heads: list[str] = []
        self.port = 0

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order, without queries."""
        return [head.split(" ")[1].partition("?")[0] for head in self.heads]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.address}{path}"

    def head(self, path: str) -> str:
        """The one request for `path`."""
        (found,) = (head for head, asked in zip(self.heads, self.paths, strict=True) if asked == path)
        return found

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                path = self.paths[-1]
                said = self.answers.get(path, answer("nothing here", status="404 Not Found", kind="text/plain"))
                writer.write(said)
                await writer.drain()
                if b"\r\nConnection: close" in said:
                    break
        writer.close()


class Neighbour:
    """A private server, TCP and UDP on one port. `reached` says by what it was reached, if it was."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        reached = self.reached

        class Datagrams(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                reached.append("udp")

        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", self.port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._udp.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reached.append("tcp")
        writer.close()
