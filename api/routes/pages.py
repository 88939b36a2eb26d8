"""The pages of a browser: sign in, home, sign out, and the way to the dashboards."""

import re
import time
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from api.auth.callers import COOKIE, Caller
from api.auth.origins import same_origin
from api.auth.permissions import Permission
from api.config import VERSION
from api.edge.bodies import StrictRoute
from api.edge.forms import read
from api.errors import ApiError, Fault, not_found
from api.gateway import From, Gateway, Wired
from api.pages.render import Pages
from api.shapes.accounts import SignInForm
from api.shapes.jobs import summary
from schemas import tickets

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])").fullmatch
_LOCAL = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%?-][A-Za-z0-9._~!$&'()*+,;=:@%?/-]*)?").fullmatch
_OVERVIEW = "/dashboards/overview"


async def browser(request: Request, gateway: Gateway) -> Caller | None:
    """Whoever is signed in with this browser; an old or spoiled cookie is nobody's."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    try:
        caller = await gateway.callers.by_cookie(cookie)
    except ApiError:
        return None
    request.state.user = caller.user_id
    return caller


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def _next(value: str) -> str:
    """Where to go after signing in: a place here and nowhere else, or the overview."""
    return value if _LOCAL(value) and value != "/" else _OVERVIEW


def _dashboards(request: Request, gateway: Gateway) -> str:
    host = request.url.hostname or "127.0.0.1"
    if ":" in host:
        host = f"[{host}]"
    if not _HOST(host):
        raise ApiError(400, "BAD_REQUEST", "The Host header names no host.", [Fault("host", "not a host", "INVALID")])
    return f"{request.url.scheme}://{host}:{gateway.config.dashboards_port}"


def _sign_in_page(request: Request, gateway: Gateway, status: int = 200, **values: str) -> Response:
    shown = {"next": _OVERVIEW, "username": "", "problem": "", **values}
    target = _dashboards(request, gateway)
    return _pages(request).page("sign_in", target, status, title="Sign in", **shown)


@router.get("/")
async def home(request: Request, gateway: Wired, next: Annotated[str, Query(max_length=1000)] = "") -> Response:
    """A page for people, a few words for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"name": "trawl", "version": VERSION, "documentation": "/docs", "health": "/health"})
    caller = await browser(request, gateway)
    if caller is None:
        return _sign_in_page(request, gateway, next=_next(next))
    page = await gateway.jobs.page(caller, None, None, 12)
    return _pages(request).page("home", title="Home", username=caller.username, role=caller.role,
                                jobs=[summary(job) for job in page.items])  # fmt: skip


@router.post("/sign-in")
async def sign_in(request: Request, gateway: Wired, visit: From) -> Response:
    """What the form sends. A page of another site cannot send it: signing somebody in is an attack too."""
    _ours(request)
    form = await read(request, SignInForm)
    try:
        signed_in = await gateway.sign_in.by_password(
            form.username, form.password, visit, lifetime=gateway.config.browser_lifetime
        )
    except ApiError as refusal:
        if refusal.status_code not in (401, 503):
            raise
        return _sign_in_page(request, gateway, refusal.status_code, next=_next(form.next), username=form.username,
                             problem=refusal.message)  # fmt: skip
    return _signed_in(request, gateway, signed_in.cookie, _next(form.next))


@router.get("/sign-in/{token}")
async def by_link(token: str, request: Request, gateway: Wired, visit: From) -> Response:
    """A one-time link: the first to open it is signed in and comes to the dashboards."""
    signed_in = await gateway.sign_in.by_link(token, visit)
    if signed_in is None:
        sentence = "This link was used before, or it is too old. Sign in with a password, or ask for another link."
        return _sign_in_page(request, gateway, 401, problem=sentence)
    return _signed_in(request, gateway, signed_in.cookie, _OVERVIEW)


@router.post("/sign-out")
async def sign_out(request: Request, gateway: Wired, visit: From) -> Response:
    """Ends the browser's session at once."""
    _ours(request)
    caller = await browser(request, gateway)
    if caller:
        await gateway.sign_in.out(caller, visit)
        gateway.callers.forget()
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return answer


@router.get("/dashboards")
@router.get("/dashboards/{path:path}")
async def dashboards(request: Request, gateway: Wired, path: str = "overview") -> Response:
    """Sends a signed-in browser to the dashboards with a ticket that lives a minute; others to the sign-in page."""
    caller = await browser(request, gateway)
    if caller is None or Permission.READ not in caller.permissions:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/?{urlencode({'next': here})}", 303)
    ticket = tickets.issue(gateway.config.dashboards_secret, caller.user_id, time.time())
    kept = [(name, value) for name, value in parse_qsl(request.url.query) if name != "ticket"]
    query = urlencode([*kept, ("ticket", ticket)])
    target = _LOCAL(f"/{path}") and f"/{path}"
    return RedirectResponse(f"{_dashboards(request, gateway)}{target or '/overview'}?{query}", 303)


@router.get("/look/{name}")
async def look(name: str, request: Request) -> Response:
    """Style and pictures of these pages."""
    found = _pages(request).look(name)
    if found is None:
        raise not_found("name", "There is no such file.")
    return found


def _ours(request: Request) -> None:
    if not same_origin(request.headers, request.url.scheme):
        sentence = "This form was not sent from a page of this gateway."
        raise ApiError(403, "INSUFFICIENT_PERMISSIONS", sentence, [Fault("origin", sentence, "FOREIGN_ORIGIN")])


def _signed_in(request: Request, gateway: Gateway, cookie: str, target: str) -> Response:
    answer = RedirectResponse(target, 303)
    answer.set_cookie(COOKIE, cookie, max_age=gateway.config.browser_lifetime, httponly=True, samesite="lax",
                      secure=request.url.scheme == "https")  # fmt: skip
    return answer
