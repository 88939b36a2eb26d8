"""What the sockets' bench measures, in a process of its own: our gateway on stores in memory, or a bare broadcast.

`python -m tests.bench.socket_server trawl|bare` prints its port and an Authorization header, then publishes ten
messages a second, each with the moment of its publishing, until its input ends.
"""

import asyncio
import contextlib
import resource
import sys
import time
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.unit.api.conftest import World, listening
from tests.unit.api.happenings import publish, trend

RATE = 10


async def until_told() -> None:
    """Returns when the input ends."""
    await asyncio.to_thread(sys.stdin.read)


async def trawl() -> None:
    """The gateway, with one administrator who sees every trend."""
    world = World()
    await world.add("root", "admin")
    async with listening(world, max_sockets=20_000) as (address, client):
        client.http.timeout = 60.0
        authorization = (await client.headers("root"))["Authorization"]
        sys.stdout.write(f"{address.rpartition(':')[2]} {authorization}\n")
        sys.stdout.flush()
        told = asyncio.create_task(until_told())
        while not told.done():
            publish(world.feed, msgspec.structs.replace(trend("run"), sentence=repr(time.time())))
            await asyncio.sleep(1 / RATE)


async def bare() -> None:
    """Starlette alone: a list of sockets, each sent the same text."""
    sockets: set[WebSocket] = set()

    async def serve(websocket: WebSocket) -> None:
        await websocket.accept()
        sockets.add(websocket)
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await websocket.receive_text()
        sockets.discard(websocket)

    app = Starlette(routes=[WebSocketRoute("/api/v1/stream", serve)])
    config = uvicorn.Config(app, port=0, ws="websockets-sansio", ws_per_message_deflate=False, log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    sys.stdout.write(f"{server.servers[0].sockets[0].getsockname()[1]} none\n")
    sys.stdout.flush()
    told = asyncio.create_task(until_told())
    filling = "x" * 500
    while not told.done():
        text = f'{{"data":{{"sentence":"{time.time()!r}","filling":"{filling}"}}}}'
        for socket in list(sockets):
            with contextlib.suppress(Exception):
                await socket.send_text(text)
        await asyncio.sleep(1 / RATE)
    server.should_exit = True
    await serving


def main(which: Any) -> None:
    """Runs one of the two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run({"trawl": trawl, "bare": bare}[which]())


if __name__ == "__main__":
    main(sys.argv[1])
