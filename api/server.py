"""Listening: the gateway for everyone, and its metrics on a door of their own."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.edge.doors import Doors, Entry, guarded
from api.edge.handshakes import Handshakes
from api.errors import PortTaken
from api.metrics import Metrics

_DRAIN_S = 10
LONGEST_FRAME = 65_536
"""Bytes that a client may send in one frame of a WebSocket; more is a 1009."""
_FAILED = 3
_ENTRY = Entry()


async def listen(
    app: FastAPI,
    here: tuple[str, int],
    metrics_at: tuple[str, int],
    stopping: asyncio.Event,
    listening: Callable[[], None],
    entry: Entry = _ENTRY,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serves until `stopping`, then refuses what is new and finishes what is under way, for ten seconds at most.
    `here` and `metrics_at` are (host, port); with `tls` `here` speaks TLS alone. `listening` is called once
    both ports are open. Raises PortTaken."""
    counts = app.state.gateway.metrics
    doors = (_door(*here, "TRAWL_PORT"), _door(*metrics_at, "TRAWL_METRICS_PORT"))
    places = Doors(entry, counts)
    gateway = Server(configured(app, places, lifespan="on"), (tls, places) if tls else None)
    metrics = Server(configured(metrics_page(counts), Doors(_ENTRY, counts), lifespan="off"))
    serving = [
        asyncio.ensure_future(server.serve(sockets=[door]))
        for server, door in zip((gateway, metrics), doors, strict=True)
    ]
    told = asyncio.ensure_future(stopping.wait())
    announced = asyncio.ensure_future(_announce((gateway, metrics), listening))
    try:
        await asyncio.wait([*serving, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (told, announced):
            task.cancel()
        gateway.should_exit = metrics.should_exit = True
        await asyncio.gather(*serving)


def _door(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket. PortTaken names the port and the setting when somebody else has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError as problem:
        door.close()
        raise PortTaken(
            f"The gateway cannot listen on {host}:{port} ({problem.strerror}); choose by {setting}."
        ) from problem
    return door


async def _announce(servers: "tuple[Server, ...]", listening: Callable[[], None]) -> None:
    for server in servers:
        await server.open.wait()
    listening()


def configured(app: ASGIApp, doors: Doors, *, lifespan: Any) -> uvicorn.Config:
    """How both servers are run."""
    http, websocket = guarded(doors)
    return uvicorn.Config(
        app,
        loop="none",
        http=http,
        ws=websocket,
        ws_max_size=LONGEST_FRAME,
        ws_per_message_deflate=False,  # it costs memory and time for each of thousands of sockets
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_DRAIN_S,
    )


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers, for the process has its own; tells when it listens. With `tls` it speaks
    that alone, and handshakes take their places at these doors."""

    def __init__(self, config: uvicorn.Config, tls: tuple[ssl.SSLContext, Doors] | None = None) -> None:
        super().__init__(config)
        self._tls = tls
        self.open = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the process."""
        yield

    async def startup(self, sockets: Any = ()) -> None:
        """Opens the ports that it is given, and says so. Uvicorn's own way has no word on how long strangers may take
        for the handshake of TLS, and on how many at once."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise SystemExit(_FAILED)
        loop, config = asyncio.get_running_loop(), self.config

        def protocol() -> asyncio.Protocol:
            making: Any = config.http_protocol_class
            made: asyncio.Protocol = making(
                config=config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )
            return made

        if self._tls:
            listening: Any = [Handshakes(door, config.backlog, protocol, *self._tls) for door in sockets]
        else:
            listening = [await loop.create_server(protocol, sock=door, backlog=config.backlog) for door in sockets]
        self.servers = listening
        self.started = True
        self.open.set()


def metrics_page(metrics: Metrics) -> ASGIApp:
    """Prometheus' page, open, on a door of its own: on loopback alone unless TRAWL_METRICS_HOST says otherwise."""

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        known = scope["path"] in ("/", "/metrics")
        text = metrics.text() if known else b"Look at /metrics.\n"
        answer = Response(text, 200 if known else 404, media_type="text/plain; version=0.0.4; charset=utf-8")
        await answer(scope, receive, send)

    return page
