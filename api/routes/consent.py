"""The page on which somebody lets a program act for them: OAuth2's authorization endpoint."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.auth import oauth
from api.auth.callers import Caller
from api.auth.oauth import OAuthError
from api.edge.bodies import StrictRoute
from api.edge.forms import fields
from api.gateway import From, Gateway, Wired
from api.routes.oauth import NEVER_KEPT, issuer
from api.routes.pages import browser, ours
from schemas.oauth import OAuthClient

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
_MEANS = {
    "read_data": "see your jobs, records and trends",
    "create_reports": "make reports of them",
    "manage_jobs": "start, change and end your jobs",
    "export_data": "take your data out in files",
    "system_monitoring": "see how the system is doing",
    "user_management": "manage accounts",
    "admin": "do everything an administrator may, with everybody's data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request for consent that is in order."""

    client: OAuthClient
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str
    values: dict[str, str]


async def _wanted(values: Iterable[tuple[str, str]], request: Request, gateway: Gateway) -> Wanted:
    """OAuthError for one that is not in order: said here as long as it is not certain who may be answered, and where;
    sent back to the client afterwards (RFC 6749, 4.1.2.1)."""
    known = [(name, value) for name, value in values if name in _ASKED]
    asked = dict(known)
    client = await gateway.clients.find(asked.get("client_id", ""))
    if client is None or len([name for name, _ in known if name == "client_id"]) != 1:
        raise OAuthError("invalid_request", "No such program is registered here; ask whoever sent you.")
    alone = client.redirect_uris[0] if len(client.redirect_uris) == 1 else ""
    redirect_uri = asked.get("redirect_uri") or alone
    if len([name for name, _ in known if name == "redirect_uri"]) > 1 or not oauth.redirect_fits(
        client.redirect_uris, redirect_uri
    ):
        raise OAuthError("invalid_request", "The program wants the answer at an address that is not registered for it.")
    state = asked.get("state", "")

    def refused(code: str, sentence: str) -> OAuthError:
        answer = {"error": code, "error_description": sentence, "state": state, "iss": issuer(request, gateway)}
        return OAuthError(code, sentence, back=oauth.back(redirect_uri, **answer))

    if len(known) != len(asked):
        raise refused("invalid_request", "A parameter is there twice.")
    if any(len(value) > 500 for value in asked.values()):
        raise refused("invalid_request", "A parameter is longer than 500 characters.")
    if asked.get("response_type") != "code":
        raise refused("unsupported_response_type", "Only response_type=code is known here.")
    challenge = asked.get("code_challenge", "")
    if asked.get("code_challenge_method") != "S256" or not oauth.is_challenge(challenge):
        raise refused("invalid_request", "Send a code_challenge with code_challenge_method=S256 (RFC 7636).")
    try:
        scopes = oauth.known_scopes(asked.get("scope", "")) or client.scopes
    except OAuthError as problem:
        raise refused(problem.code, problem.sentence) from None
    if set(scopes) - set(client.scopes):
        raise refused("invalid_scope", "The program is not registered for that scope.")
    return Wanted(
        client=client, redirect_uri=redirect_uri, scopes=scopes, state=state, challenge=challenge, values=asked
    )


def _answer(request: Request, gateway: Gateway, wanted: Wanted, **values: str) -> Response:
    where = oauth.back(wanted.redirect_uri, **values, state=wanted.state, iss=issuer(request, gateway))
    return RedirectResponse(where, 303, NEVER_KEPT)


def _sign_in_first(wanted: Wanted) -> Response:
    return RedirectResponse(f"/?{urlencode({'next': '/oauth/authorize?' + urlencode(wanted.values)})}", 303)


def _problem(request: Request, problem: OAuthError) -> Response:
    if problem.back:
        return RedirectResponse(problem.back, 303, NEVER_KEPT)
    page: Response = request.app.state.pages.page(
        "notice", status=problem.status, title="Not possible", heading="Not possible", sentence=problem.sentence
    )
    return page


@router.get("/oauth/authorize")
async def ask(request: Request, gateway: Wired) -> Response:
    """Asks whoever is signed in with this browser; others sign in first and come back."""
    try:
        wanted = await _wanted(request.query_params.multi_items(), request, gateway)
        caller = await browser(request, gateway)
        if caller is None:
            here = f"/oauth/authorize?{urlencode(wanted.values)}"
            if len(here) > 1000:
                raise OAuthError(
                    "invalid_request", "The program asks with too many words. Sign in first, and try again."
                )
            return RedirectResponse(f"/?{urlencode({'next': here})}", 303, NEVER_KEPT)
        return _page(request, caller, wanted, _held(request, gateway, caller, wanted))
    except OAuthError as problem:
        return _problem(request, problem)


def _held(request: Request, gateway: Gateway, caller: Caller, wanted: Wanted) -> tuple[str, ...]:
    """Of what is asked for, what the caller may do; OAuthError, sent back, when that is nothing."""
    held = oauth.shared(wanted.scopes, caller.permissions)
    if not held:
        sentence = "This account may do nothing of what is asked for."
        answer = {"error": "access_denied", "error_description": sentence, "state": wanted.state}
        raise OAuthError("access_denied", sentence, back=oauth.back(
            wanted.redirect_uri, **answer, iss=issuer(request, gateway)
        ))  # fmt: skip
    return held


def _page(request: Request, caller: Caller, wanted: Wanted, held: tuple[str, ...]) -> Response:
    values: dict[str, Any] = {
        "program": wanted.client.name,
        "username": caller.username,
        "where": urlsplit(wanted.redirect_uri).netloc or urlsplit(wanted.redirect_uri).scheme,
        "scopes": [(scope, _MEANS[scope]) for scope in held],
        # What is allowed is what the page says, whatever the program is registered for when the button is pressed.
        "fields": wanted.values | {"scope": " ".join(held), "redirect_uri": wanted.redirect_uri},
    }
    page: Response = request.app.state.pages.page(
        "consent", oauth.form_target(wanted.redirect_uri), title="Let a program in?", **values
    )
    page.headers.update(NEVER_KEPT)
    return page


@router.post("/oauth/authorize")
async def answer(request: Request, gateway: Wired, visit: From) -> Response:
    """What the page's form sends: no page of another site can, and no frame shows it (RFC 9700, 4.16)."""
    ours(request, gateway)
    sent = await fields(request)
    try:
        wanted = await _wanted(sent, request, gateway)
        caller = await browser(request, gateway)
        if caller is None:
            return _sign_in_first(wanted)
        held = _held(request, gateway, caller, wanted)
        if dict(sent).get("decision") != "allow":
            sentence = "It was not allowed."
            return _answer(request, gateway, wanted, error="access_denied", error_description=sentence)
        code = await gateway.grants.consent(caller, wanted.client, wanted.redirect_uri, held, wanted.challenge, visit)
        if code is None:
            gateway.callers.forget()
            return _sign_in_first(wanted)
        return _answer(request, gateway, wanted, code=code)
    except OAuthError as problem:
        return _problem(request, problem)
