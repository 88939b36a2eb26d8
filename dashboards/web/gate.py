"""The gate before every document and socket: a ticket from the gateway once, a cookie of our own after that."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

from bokeh.server.auth_provider import AuthProvider
from jinja2 import Template
from tornado.web import Finish, RequestHandler

from dashboards.web.hosts import OwnHosts
from dashboards.web.visit import Visit
from schemas import tickets

TICKET_S = 60.0
VISIT_S = 12 * 3600.0
_REMEMBERED_TICKETS = 1000


def derived(secret: str, purpose: str) -> str:
    """A key for one purpose from the shared secret, so that what is signed for one never passes for another."""
    return hmac.new(secret.encode(), f"trawl dashboards {purpose}".encode(), hashlib.sha256).hexdigest()


class Gate(AuthProvider):
    """Lets in whoever brings a ticket (`?ticket=`, once, within a minute) or the cookie that it is changed for.

    Everybody else, and everything that is addressed to another host, is answered 403 with a page that says where to
    sign in. `crowded` says when no more pages can be open at once (503).
    """

    def __init__(self, *, secret: str, hosts: OwnHosts, port: int, gateway_port: int, refusal: Template,
                 crowded: Callable[[], bool], clock: Callable[[], float] = time.time) -> None:  # fmt: skip
        self._secret = secret
        self._hosts = hosts
        self._gateway_port = gateway_port
        self._refusal = refusal
        self._crowded = crowded
        self._clock = clock
        # Cookies know no ports: the name keeps two systems on one machine apart.
        self._cookie = f"trawl_dashboards_{port}"
        self._used: OrderedDict[str, float] = OrderedDict()
        super().__init__()

    # Bokeh declares that these are given requests; what it gives them is the handler.
    @property
    def get_user_async(self) -> Callable[[Any], Awaitable[Any]]:
        """Called by Bokeh before it looks at a request for a document or a socket."""
        return self._admit

    @property
    def get_login_url(self) -> Callable[[Any], str]:
        """Bokeh wants one; nobody is sent there, because `get_user_async` answers refusals itself."""
        return self._gateway

    async def _admit(self, handler: RequestHandler) -> Visit:
        nonce = secrets.token_urlsafe(16)
        harden(handler, nonce)
        now = self._clock()
        if handler.request.host not in self._hosts:
            self._refuse(handler, 403, "This address is not one of this server's.", nonce)
        if handler.request.path.rsplit("/", 1)[-1] in ("autoload.js", "metadata"):
            self._refuse(handler, 404, "There is no such page.", nonce)
        ticket = handler.get_query_argument("ticket", None)
        visit = self._known(handler, now)
        if visit is None and ticket:
            visit = self._redeem(handler, ticket, now)
        if visit is None:
            self._refuse(handler, 403, "Your visit has ended, or it never began.", nonce)
        if ticket is not None:
            handler.redirect(_without_ticket(handler.request.uri or "/"), status=303)
            raise Finish
        if self._crowded():
            self._refuse(handler, 503, "Too many pages are open here. Close one and come back.", nonce)
        visit = Visit(visit.subject, visit.until, nonce)
        handler.request.visit = visit  # type: ignore[attr-defined]  # where the document finds it
        return visit

    def _known(self, handler: RequestHandler, now: float) -> Visit | None:
        """The visit that the cookie proves."""
        cookie = handler.get_cookie(self._cookie)
        if not cookie:
            return None
        try:
            until, _, subject = tickets.verify(self._secret, cookie, now, kind="session").partition(" ")
            return Visit(subject, float(until))
        except (tickets.TicketError, ValueError):
            return None

    def _redeem(self, handler: RequestHandler, ticket: str, now: float) -> Visit | None:
        """Changes a ticket for the cookie. A ticket that was used before is worth nothing."""
        try:
            subject = tickets.verify(self._secret, ticket, now)
        except tickets.TicketError:
            return None
        used = hashlib.sha256(ticket.encode()).hexdigest()
        if used in self._used:
            return None
        self._used[used] = now
        while len(self._used) > _REMEMBERED_TICKETS or now - next(iter(self._used.values())) > 2 * TICKET_S:
            self._used.popitem(last=False)
        until = now + VISIT_S
        session = tickets.issue(self._secret, f"{until:.0f} {subject}", now, VISIT_S, kind="session")
        handler.set_cookie(self._cookie, session, path="/", max_age=int(VISIT_S), httponly=True, samesite="Lax",
                           secure=handler.request.protocol == "https")  # fmt: skip
        return Visit(subject, until)

    def _refuse(self, handler: RequestHandler, status: int, why: str, nonce: str) -> NoReturn:
        handler.set_status(status)
        handler.finish(self._refusal.render(why=why, status=status, gateway=self._gateway(handler), nonce=nonce))
        raise Finish

    def _gateway(self, handler: RequestHandler) -> str:
        """The gateway's sign-in page, under the name by which this server was reached."""
        host = handler.request.host if handler.request.host in self._hosts else next(iter(self._hosts.origins()))
        name = urlsplit(f"//{host}").hostname or "127.0.0.1"
        name = f"[{name}]" if ":" in name else name
        return f"{handler.request.protocol}://{name}:{self._gateway_port}/"


def harden(handler: RequestHandler, nonce: str) -> None:
    """What a browser may do with an answer: run our scripts alone, talk to us alone, tell nobody where it was."""
    handler.set_header(
        "Content-Security-Policy",
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    handler.set_header("Cache-Control", "no-store")
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    handler.set_header("Cross-Origin-Opener-Policy", "same-origin")
    handler.set_header("Referrer-Policy", "no-referrer")
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("X-Frame-Options", "DENY")


def _without_ticket(uri: str) -> str:
    parts = urlsplit(uri)
    rest = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name != "ticket"])
    # One slash: a path that begins with two would be taken for another host.
    return "/" + parts.path.lstrip("/") + (f"?{rest}" if rest else "")
