"""Bokeh's server, put together so that its port is known before anything depends on it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from ssl import SSLContext
from typing import Any

from bokeh.application import Application
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.util import bind_sockets
from jinja2 import Environment
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler, StaticFileHandler

from dashboards.errors import PortTaken
from dashboards.ports import Sessions
from dashboards.web.gate import Gate, derived
from dashboards.web.hosts import OwnHosts
from dashboards.web.visits import Visits

MOST_PAGES = 64
"""Pages open at once; each holds a document in memory."""
MOST_SOCKETS = 2 * MOST_PAGES
"""A page that is loaded anew has two for a moment."""

_MAX_FRAME = 64 * 1024
_IDLE_S = 30.0
"""For so long a connection may ask for nothing, and a head take to come; a page's socket is no longer one of these."""
_BODY_S = 10.0
_UNUSED_MS = 10_000
_LOOK_EVERY_MS = 5_000
_TOKEN_S = 60


class ToOverview(RequestHandler):
    """The bare address leads to the overview; a ticket goes along."""

    def get(self) -> None:
        """Redirects."""
        query = self.request.query
        self.redirect("/overview" + (f"?{query}" if query else ""))


class Health(RequestHandler):
    """Says that the process answers; open to everybody, tells nothing else."""

    def get(self) -> None:
        """200"""
        self.set_header("Cache-Control", "no-store")
        self.write({"status": "ok"})


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where this server listens (port 0: any free one) and on which port the gateway does; `public_url` and
    `gateway_url` are where browsers reach the two through a proxy, as `Origin` has it, and empty without one."""

    host: str
    port: int
    gateway_port: int
    public_url: str = ""
    gateway_url: str = ""


@asynccontextmanager
async def listening(applications: Mapping[str, Application], at: Address, *, secret: str, sessions: Sessions,
                    templates: Environment, clock: Callable[[], float],
                    tls: SSLContext | None = None) -> AsyncIterator[int]:  # fmt: skip
    """Serves the applications until it is left; yields the port.

    Raises PortTaken when somebody else listens there.
    """
    try:
        sockets, port = bind_sockets(at.host, at.port)
    except OSError as problem:
        raise PortTaken(
            f"The dashboards cannot listen on {at.host}:{at.port} ({problem.strerror or problem}); "
            "stop what does, or set TRAWL_DASHBOARDS_PORT to another port."
        ) from problem
    # A browser that leaves in the middle of an update is no event.
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)
    hosts = OwnHosts(at.host, port, more=[at.public_url.partition("://")[2]] if at.public_url else [])
    opened: list[BokehTornado] = []
    visits = Visits(sessions, clock)

    def crowded(socket: bool) -> bool:
        if socket:  # its page has been counted when it was made
            return visits.sockets >= MOST_SOCKETS
        return any(_pages(app) >= MOST_PAGES for app in opened)

    gate = Gate(secret=secret, hosts=hosts, port=port, gateway_port=at.gateway_port, clock=clock, visits=visits,
                refusal=templates.get_template("refused.html.jinja"), crowded=crowded, public=at.public_url,
                gateway=at.gateway_url)  # fmt: skip
    app = _tornado(applications, gate, hosts, secret)
    opened.append(app)
    http = HTTPServer(app, ssl_options=tls, max_body_size=_MAX_FRAME, max_header_size=_MAX_FRAME,
                      idle_connection_timeout=_IDLE_S, body_timeout=_BODY_S)  # fmt: skip
    http.add_sockets(sockets)
    server = BaseServer(IOLoop.current(), app, http)
    server.start()
    watching = asyncio.create_task(visits.run())
    try:
        yield port
    finally:
        watching.cancel()
        server.stop(wait=False)
        server.unlisten()
        await http.close_all_connections()


def _tornado(applications: Mapping[str, Application], gate: Gate, hosts: OwnHosts, secret: str) -> BokehTornado:
    look = str(files("dashboards").joinpath("look", "static"))
    patterns: list[Any] = [
        (r"/", ToOverview),
        (r"/health", Health),
        (r"/look/(.*)", StaticFileHandler, {"path": look}),
    ]
    return BokehTornado(
        dict(applications),
        extra_patterns=patterns,
        extra_websocket_origins=hosts.origins(),
        auth_provider=gate,
        secret_key=derived(secret, "bokeh sessions").encode(),
        sign_sessions=True,
        session_token_expiration=_TOKEN_S,
        # A session's token can be read by the page's scripts: the cookie, which they must not see, stays out of it.
        include_headers=[],
        include_cookies=[],
        unused_session_lifetime_milliseconds=_UNUSED_MS,
        check_unused_sessions_milliseconds=_LOOK_EVERY_MS,
        websocket_max_message_size_bytes=_MAX_FRAME,
        use_index=False,
        redirect_root=False,
        ico_path="none",
        compress_response=True,
        websocket_ping_interval=20,
    )


def _pages(app: BokehTornado) -> int:
    return sum(len(list(app.get_sessions(path))) for path in app.app_paths)
