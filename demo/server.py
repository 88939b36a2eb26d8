"""Serving the shop over HTTP: one process, one port, a line of JSON on standard output when it is ready."""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import orjson
import uvicorn
from starlette.types import ASGIApp

from demo.hits import HitLog
from demo.shop import shop_application
from demo.truth import urls

_BACKLOG = 2048
_IDLE_SECONDS = 60  # longer than a polite crawler waits between two pages
_GRACE_SECONDS = 2  # how long a slow answer may hold up the end


class _Server(uvicorn.Server):
    """Announces itself once it accepts connections, and ends with exit code 0 on SIGTERM and Ctrl-C."""

    def __init__(self, config: uvicorn.Config, announcement: bytes) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._announcement.decode(), flush=True)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn raises the signal again after its orderly end, which a supervisor would take for a crash.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=_BACKLOG, family=_family(host))
    except OSError as error:
        raise SystemExit(
            f"The demo shop cannot listen on {host}:{port}: {error.strerror}. Choose another --port."
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _run(application: ASGIApp, listener: socket.socket, announcement: bytes) -> None:
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # who is near is told by the connection, never by a header
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    _Server(config, announcement).run(sockets=[listener])


def serve(host: str, port: int, seed: int, log: Path | None) -> None:
    """Serves the shop until SIGTERM or Ctrl-C; port 0 takes a free one.

    Prints `{"port", "url", "seed", "pages"}` when ready. Hits are appended to `log`, each line in one unbuffered write.
    SystemExit with a sentence when the port is taken.
    """
    listener = _listening(host, port)
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    ready = {"port": port, "url": f"http://{shown}:{port}/", "seed": seed, "pages": len(urls(seed))}
    if log is None:
        _run(shop_application(seed, HitLog()), listener, orjson.dumps(ready))
        return
    with log.open("ab", buffering=0) as sink:
        _run(shop_application(seed, HitLog(sink)), listener, orjson.dumps(ready))
