"""The gate before every document and socket: a ticket from the gateway once, a cookie of our own after that."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

import structlog
from bokeh.server.auth_provider import AuthProvider
from jinja2 import Template
from tornado.web import Finish, RequestHandler
from tornado.websocket import WebSocketHandler

from dashboards.web.hosts import OwnHosts
from dashboards.web.visit import Visit
from dashboards.web.visits import Visits
from schemas import tickets
from schemas.tickets import Holder

TICKET_S = 60.0
VISIT_S = 12 * 3600.0
_REMEMBERED_TICKETS = 1000

log = structlog.get_logger()


def derived(secret: str, purpose: str) -> str:
    """A key for one purpose from the shared secret, so that what is signed for one never passes for another."""
    return hmac.new(secret.encode(), f"trawl dashboards {purpose}".encode(), hashlib.sha256).hexdigest()


class Gate(AuthProvider):
    """Lets in whoever brings a ticket (`?ticket=`, once, within a minute) or the cookie that it is changed for, for as
    long as the sign-in counts that stands behind it.

    Everybody else, and everything that is addressed to another host, is answered 403 with a page that says where to
    sign in. `crowded` says of pages, and of sockets, when no more can be open at once (503). `public` and `gateway` are
    where browsers reach this server and the gateway through a proxy, empty without one.
    """

    def __init__(self, *, secret: str, hosts: OwnHosts, port: int, gateway_port: int, refusal: Template,
                 crowded: Callable[[bool], bool], visits: Visits, clock: Callable[[], float], public: str = "",
                 gateway: str = "") -> None:  # fmt: skip
        self._secret = secret
        self._hosts = hosts
        self._gateway_port = gateway_port
        self._refusal = refusal
        self._crowded = crowded
        self._visits = visits
        self._clock = clock
        self._public = public
        self._gateway_url = gateway
        self._cookie = tickets.cookie_of(port)
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
        # A ticket before the cookie: whoever comes with one has just signed in, perhaps as somebody else.
        fresh = self._redeemed(ticket, now) if ticket else None
        holder = fresh or self._known(handler, now)
        if holder is None or not await self._counts(handler, holder, nonce):
            self._refuse(handler, 403, "Your visit has ended, or it never began.", nonce)
        if fresh:
            self._keep(handler, fresh, now)
        if ticket is not None:
            handler.redirect(_without_ticket(handler.request.uri or "/"), status=303)
            raise Finish
        socket = handler if isinstance(handler, WebSocketHandler) else None
        if self._crowded(socket is not None):
            self._refuse(handler, 503, "Too many pages are open here. Close one and come back.", nonce)
        visit = Visit(holder.session_id, holder.role, holder.ends, nonce)
        self._visits.begin(visit, socket)
        handler.request.visit = visit  # type: ignore[attr-defined]  # where the document finds it
        return visit

    async def _counts(self, handler: RequestHandler, holder: Holder, nonce: str) -> bool:
        try:
            return await self._visits.counts(holder.session_id, holder.role)
        except Exception as problem:  # whatever the accounts raise: nobody comes in unasked
            log.warning("visit_not_checked", reason=str(problem))
            self._refuse(handler, 503, "Your sign-in cannot be checked just now. Come back in a moment.", nonce)

    def _known(self, handler: RequestHandler, now: float) -> Holder | None:
        """The sign-in that the cookie stands for."""
        cookie = handler.get_cookie(self._cookie)
        if not cookie:
            return None
        try:
            return Holder.of(tickets.verify(self._secret, cookie, now, kind="session"))
        except tickets.TicketError:
            return None

    def _redeemed(self, ticket: str, now: float) -> Holder | None:
        """The sign-in that a ticket stands for. One that was used before is worth nothing."""
        try:
            holder = Holder.of(tickets.verify(self._secret, ticket, now))
        except tickets.TicketError:
            return None
        used = hashlib.sha256(ticket.encode()).hexdigest()
        if used in self._used:
            return None
        self._used[used] = now
        while len(self._used) > _REMEMBERED_TICKETS or now - next(iter(self._used.values())) > 2 * TICKET_S:
            self._used.popitem(last=False)
        return replace(holder, ends=min(holder.ends, now + VISIT_S))

    def _keep(self, handler: RequestHandler, holder: Holder, now: float) -> None:
        """The cookie for which a ticket is changed; it ends with the sign-in at the latest."""
        left = holder.ends - now
        session = tickets.issue(self._secret, holder.subject, now, left, kind="session")
        handler.set_cookie(self._cookie, session, path="/", max_age=int(left), httponly=True, samesite="Lax",
                           secure=(self._public or handler.request.protocol).startswith("https"))  # fmt: skip

    def _refuse(self, handler: RequestHandler, status: int, why: str, nonce: str) -> NoReturn:
        handler.set_status(status)
        handler.finish(self._refusal.render(why=why, status=status, gateway=self._gateway(handler), nonce=nonce))
        raise Finish

    def _gateway(self, handler: RequestHandler) -> str:
        """The gateway's sign-in page: where it is said to be, else under the name by which this server was reached."""
        if self._gateway_url:
            return f"{self._gateway_url}/"
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
