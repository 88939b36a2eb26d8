"""A client that asks and takes nothing of the answer keeps neither a place nor an answer under way."""

import asyncio
import socket
from typing import Any

import pytest
from uvicorn.server import ServerState

from api.edge.doors import Doors, Entry
from api.exporter.formats.names import stem_of
from api.metrics import Metrics
from api.server import configured
from tests.unit.api.eventually import eventually

ASKED = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"x" * 1_500_000


class Slow:
    """Answers with more than any socket holds, and knows how many of its answers are under way."""

    def __init__(self) -> None:
        self.inside = self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside += 1
        self.asked += 1
        try:
            length = str(len(ANSWER)).encode()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
            await send({"type": "http.response.body", "body": ANSWER})
        finally:
            self.inside -= 1


@pytest.mark.parametrize("requests", [1, 2])
async def test_who_reads_nothing_is_let_go(requests: int) -> None:
    app, loop = Slow(), asyncio.get_running_loop()
    doors = Doors(Entry(unread=0.3), Metrics())
    settings = configured(app, doors, lifespan="off")
    settings.load()
    kind: Any = settings.http_protocol_class
    ours, theirs = socket.socketpair()
    with theirs:
        ours.setblocking(False)
        await loop.connect_accepted_socket(
            lambda: kind(config=settings, server_state=ServerState(), app_state={}, _loop=loop), ours
        )
        theirs.sendall(ASKED * requests)
        await eventually(lambda: len(doors) == 1 and app.asked > 0, 60)
        await eventually(lambda: len(doors) == 0 and app.inside == 0, 60)


async def test_who_reads_slowly_but_reads_gets_it_all() -> None:
    app, loop = Slow(), asyncio.get_running_loop()
    doors = Doors(Entry(unread=2.0), Metrics())
    settings = configured(app, doors, lifespan="off")
    settings.load()
    kind: Any = settings.http_protocol_class
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    await loop.connect_accepted_socket(
        lambda: kind(config=settings, server_state=ServerState(), app_state={}, _loop=loop), ours
    )
    reader, writer = await asyncio.open_connection(sock=theirs, limit=65_536)
    writer.write(ASKED)
    await reader.readuntil(b"\r\n\r\n")
    taken = 0
    while taken < len(ANSWER):
        taken += len(await reader.readexactly(min(100_000, len(ANSWER) - taken)))
        await asyncio.sleep(0.2)  # the pace of a slow reader: in all it takes longer than nothing may be taken
    assert taken == len(ANSWER)
    writer.close()


@pytest.mark.parametrize("key", ["http://[x", "https://a]b"])
def test_a_key_that_looks_like_an_address_has_a_name_too(key: str) -> None:
    assert stem_of(key)
