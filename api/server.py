"""Listening: the gateway for everyone, and its metrics for whoever stands on this machine."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.metrics import Metrics

_DRAIN_S = 10


async def listen(
    app: FastAPI, host: str, port: int, metrics_port: int, stopping: asyncio.Event, listening: Callable[[], None]
) -> None:
    """Serves until `stopping`, then refuses what is new and finishes what is under way, for ten seconds at most.
    `listening` is called once both ports are open. Raises SystemExit, with a line in the log, for a taken port."""
    gateway = _Server(_config(app, host, port, lifespan="on"))
    metrics = _Server(_config(metrics_page(app.state.gateway.metrics), "127.0.0.1", metrics_port, lifespan="off"))
    serving = [asyncio.ensure_future(server.serve()) for server in (gateway, metrics)]
    told = asyncio.ensure_future(stopping.wait())
    announced = asyncio.ensure_future(_announce((gateway, metrics), listening))
    try:
        await asyncio.wait([*serving, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (told, announced):
            task.cancel()
        gateway.should_exit = metrics.should_exit = True
        await asyncio.gather(*serving)


async def _announce(servers: "tuple[_Server, ...]", listening: Callable[[], None]) -> None:
    for server in servers:
        await server.open.wait()
    listening()


def _config(app: ASGIApp, host: str, port: int, *, lifespan: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=65_536,
        ws_per_message_deflate=False,  # it costs memory and time for each of thousands of sockets
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_DRAIN_S,
    )


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers, for the process has its own; tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.open = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.open.set()


def metrics_page(metrics: Metrics) -> ASGIApp:
    """Prometheus' page, open, on a port of its own that listens on loopback alone."""

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        known = scope["path"] in ("/", "/metrics")
        text = metrics.text() if known else b"Look at /metrics.\n"
        answer = Response(text, 200 if known else 404, media_type="text/plain; version=0.0.4; charset=utf-8")
        await answer(scope, receive, send)

    return page
