"""Serving the shop over HTTP: one process, one port, and word to whoever waits when it is ready."""

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

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

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

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


def _opened(log: Path) -> FileIO:
    try:
        return FileIO(log, "a")
    except OSError as error:
        raise SystemExit(f"The demo shop cannot write {log}: {error.strerror}. Choose another --log.") from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _run(application: ASGIApp, listener: socket.socket, announce: Callable[[], None]) -> None:
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
    _Server(config, announce).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class Ready:
    """What a waiting process wants to know: where the shop is, which one it is, and how many pages links reach."""

    port: int
    url: str
    seed: int
    pages: int


def serve(host: str, port: int, seed: int, log: Path | None, announce: Callable[[Ready], None]) -> None:
    """Serves the shop until SIGTERM or Ctrl-C; port 0 takes a free one; `announce` is called once it answers.

    Hits are appended to `log`, each line in one unbuffered write. SystemExit with a sentence when the port is taken or
    the log cannot be written.
    """
    listener = _listening(host, port)
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    ready = Ready(port, f"http://{shown}:{port}/", seed, len(urls(seed)))
    with ExitStack() as files:
        sink = files.enter_context(_opened(log)) if log is not None else None
        _run(shop_application(seed, HitLog(sink)), listener, lambda: announce(ready))
