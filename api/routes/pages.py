"""The pages of a browser: sign in, home, sign out, and the way to the dashboards."""

import re
import time
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from api.auth.callers import COOKIE, Caller
from api.auth.origins import same_origin, secure
from api.auth.permissions import Permission
from api.auth.sign_in import SignedIn
from api.config import VERSION
from api.edge.bodies import StrictRoute
from api.edge.forms import read
from api.errors import ApiError, Fault, not_found
from api.gateway import From, Gateway, Wired
from api.pages.render import Pages
from api.services.job_lists import Wished
from api.shapes.accounts import SignInForm
from api.shapes.jobs import summary
from schemas import tickets

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])").fullmatch
_LOCAL = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%?-][A-Za-z0-9._~!$&'()*+,;=:@%?/-]*)?").fullmatch
# Addresses are taken apart as text: what a Host header may hold is no URL that a parser must accept.
_PORT = re.compile(r":[0-9]*$").sub
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


def local(value: str) -> str:
    """Where to go after signing in: a place here and nowhere else, or the overview."""
    return value if _LOCAL(value) and value != "/" else _OVERVIEW


def _way_on(permissions: Sequence[str], wished: str) -> str:
    """Where somebody who may do this goes: home instead of dashboards that are not theirs to see."""
    closed = wished.startswith("/dashboards") and Permission.ADMIN not in permissions
    return "/" if closed else wished


def _dashboards(request: Request, gateway: Gateway) -> str:
    config = gateway.config
    if config.dashboards_url:
        return config.dashboards_url
    if config.public_url:
        scheme, _, name = config.public_url.partition("://")
        return f"{scheme}://{_PORT('', name)}:{config.dashboards_port}"
    host = _PORT("", request.headers.get("host", "")) or "127.0.0.1"
    if not _HOST(host):
        raise ApiError(400, "BAD_REQUEST", "The Host header names no host.", [Fault("host", "not a host", "INVALID")])
    return f"{request.scope['scheme']}://{host}:{config.dashboards_port}"


def sign_in_page(request: Request, gateway: Gateway, status: int = 200, **values: str) -> Response:
    """The door, with what went wrong at the last try."""
    oidc = gateway.oidc.label if gateway.oidc else ""
    shown = {"next": _OVERVIEW, "username": "", "problem": "", "code": "", "oidc": oidc, **values}
    target = _dashboards(request, gateway)
    return _pages(request).page("sign_in", target, status, title="Sign in", **shown)


@router.get("/")
async def home(request: Request, gateway: Wired, next: Annotated[str, Query(max_length=1000)] = "") -> Response:
    """A page for people, a few words for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"name": "trawl", "version": VERSION, "documentation": "/docs", "health": "/health"})
    caller = await browser(request, gateway)
    if caller is None:
        return sign_in_page(request, gateway, next=local(next))
    return await home_page(request, gateway, caller)


@router.get("/bot")
async def bot(request: Request, gateway: Wired) -> Response:
    """What the crawler's user agent points to: for whoever finds it in a log, so nobody need sign in."""
    agent = gateway.config.user_agent
    host = gateway.config.public_url or request.headers.get("host", "")
    return _pages(request).page(
        "bot", title="About this crawler", agent=agent, token=agent.partition("/")[0], host=host
    )


async def home_page(
    request: Request, gateway: Gateway, caller: Caller, status: int = 200, problem: str = ""
) -> Response:
    """What somebody who is signed in begins with, or comes back to with what went wrong."""
    page = await gateway.job_lists.piece(caller, Wished(), None, 12)
    return _pages(request).page("home", status=status, title="Home", username=caller.username, role=caller.role,
                                jobs=[summary(job) for job in page.items], problem=problem,
                                dashboards=caller.sees_all,
                                oidc=gateway.oidc.label if gateway.oidc else "")  # fmt: skip


@router.post("/sign-in")
async def sign_in(request: Request, gateway: Wired, visit: From) -> Response:
    """What the form sends. A page of another site cannot send it: signing somebody in is an attack too."""
    ours(request, gateway)
    form = await read(request, SignInForm)
    try:
        signed_in = await gateway.sign_in.by_password(
            form.username, form.password, visit, lifetime=gateway.config.browser_lifetime, code=form.mfa_token or None
        )
    except ApiError as refusal:
        if refusal.status_code not in (401, 429, 503):
            raise
        code = "yes" if "mfa_required" in refusal.details else ""
        page = sign_in_page(request, gateway, refusal.status_code, next=local(form.next), username=form.username,
                            problem=refusal.message, code=code)  # fmt: skip
        wait = (refusal.headers or {}).get("Retry-After")
        page.headers.update({"Retry-After": wait} if wait else {})
        return page
    return enter(request, gateway, signed_in, local(form.next))


@router.get("/sign-in/{token}")
async def by_link(token: str, request: Request, gateway: Wired, visit: From) -> Response:
    """A one-time link: the first to open it is signed in and comes to the dashboards."""
    signed_in = await gateway.sign_in.by_link(token, visit)
    if signed_in is None:
        sentence = "This link was used before, or it is too old. Sign in with a password, or ask for another link."
        return sign_in_page(request, gateway, 401, problem=sentence)
    return enter(request, gateway, signed_in, _OVERVIEW)


@router.post("/sign-out")
async def sign_out(request: Request, gateway: Wired, visit: From) -> Response:
    """Ends the browser's session at once, and with it the visit of the dashboards."""
    ours(request, gateway)
    caller = await browser(request, gateway)
    if caller:
        await gateway.sign_in.out(caller, visit)
        gateway.callers.forget()
    answer = RedirectResponse("/", 303)
    for name in (COOKIE, tickets.cookie_of(gateway.config.dashboards_port)):
        answer.delete_cookie(name, httponly=True, samesite="lax", secure=_secure(request, gateway))
    return answer


@router.get("/dashboards")
@router.get("/dashboards/{path:path}")
async def dashboards(request: Request, gateway: Wired, path: str = "overview") -> Response:
    """Sends a signed-in browser to the dashboards with a ticket that lives a minute; others to the sign-in page.

    The dashboards show everybody's runs, so they are for those who may see everything."""
    caller, query = await browser(request, gateway), request.scope["query_string"].decode("latin-1")
    if caller is None:
        here = request.scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/?{urlencode({'next': here})}", 303)
    if not caller.sees_all:
        sentence = "The dashboards show everybody's runs: they are for administrators. Your own jobs are here."
        return await home_page(request, gateway, caller, 403, sentence)
    ticket = tickets.issue(gateway.config.dashboards_secret, _holder(caller).subject, time.time())
    kept = [(name, value) for name, value in parse_qsl(query) if name != "ticket"]
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


def _holder(caller: Caller) -> tickets.Holder:
    return tickets.Holder(user_id=caller.user_id, session_id=caller.credential_id, role=caller.role,
                          ends=caller.expires_at or 0.0)  # fmt: skip


def _secure(request: Request, gateway: Gateway) -> bool:
    return secure(request.scope["scheme"], gateway.config.public_url)


def ours(request: Request, gateway: Gateway) -> None:
    """ApiError 403 for a form that no page of this gateway has sent."""
    if not same_origin(request.headers, request.scope["scheme"], gateway.config.public_url):
        sentence = "This form was not sent from a page of this gateway."
        raise ApiError(403, "INSUFFICIENT_PERMISSIONS", sentence, [Fault("origin", sentence, "FOREIGN_ORIGIN")])


def enter(request: Request, gateway: Gateway, signed_in: SignedIn, target: str) -> Response:
    """Lets a browser in and sends it on."""
    answer = RedirectResponse(_way_on(signed_in.user.permissions, target), 303)
    answer.set_cookie(COOKIE, signed_in.cookie, max_age=gateway.config.browser_lifetime, httponly=True, samesite="lax",
                      secure=_secure(request, gateway))  # fmt: skip
    return answer
