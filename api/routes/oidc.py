"""A browser's way through the outside OpenID Connect provider."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.auth.oidc import VISIT_S, Away, Oidc, OidcRefused
from api.auth.origins import secure
from api.edge.bodies import StrictRoute
from api.edge.forms import read
from api.errors import ApiError, not_found
from api.gateway import From, Gateway, Wired
from api.routes.oauth import NEVER_KEPT, issuer
from api.routes.pages import browser, enter, home_page, local, ours, sign_in_page
from api.shapes.accounts import LinkForm
from schemas.oidc import ProviderAway

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

COOKIE = "trawl_visit"
_AWAY = "The identity provider does not answer as it should; try again shortly, or use a password."


def _oidc(gateway: Gateway) -> Oidc:
    if gateway.oidc is None:
        raise not_found("path", "No identity provider is configured here.")
    return gateway.oidc


def _carrying(answer: Response, away: Away, request: Request, gateway: Gateway) -> Response:
    # `lax`: the provider sends the browser back by a link from its own site.
    safe = secure(request.scope["scheme"], gateway.config.public_url)
    answer.set_cookie(COOKIE, away.cookie, max_age=VISIT_S, path="/oidc", httponly=True, samesite="lax", secure=safe)
    answer.headers.update(NEVER_KEPT)
    return answer


@router.get("/oidc/sign-in")
async def begin(request: Request, gateway: Wired, next: Annotated[str, Query(max_length=1000)] = "") -> Response:
    """Sends the browser to the provider."""
    try:
        away = await _oidc(gateway).begin(f"{issuer(request, gateway)}/oidc/callback", local(next))
    except ProviderAway:
        return sign_in_page(request, gateway, 503, problem=_AWAY, next=local(next))
    return _carrying(RedirectResponse(away.url, 303), away, request, gateway)


@router.post("/oidc/link")
async def link(request: Request, gateway: Wired, visit: From) -> Response:
    """Whoever is signed in here shows the password and goes to the provider to say who they are there. Only our own
    page can ask for it: else another site could link somebody else to this account."""
    ours(request, gateway)
    caller = await browser(request, gateway)
    if caller is None:
        return RedirectResponse("/", 303)
    pages, oidc = request.app.state.pages, _oidc(gateway)
    form = await read(request, LinkForm)
    try:
        owner = await gateway.identity.linked.proved(caller, form.current_password, visit)
        away = await oidc.begin(f"{issuer(request, gateway)}/oidc/callback", "/", (caller, owner))
    except ApiError as refusal:
        if refusal.status_code not in (401, 409, 429, 503):
            raise
        shown = await home_page(request, gateway, caller, refusal.status_code, _why(refusal))
        wait = (refusal.headers or {}).get("Retry-After")
        shown.headers.update({"Retry-After": wait} if wait else {})
        return shown
    except ProviderAway:
        refused: Response = pages.page("notice", status=503, title="Not now", heading="Not now", sentence=_AWAY)
        return refused
    # A link and not a redirect: the policy of our pages lets no form lead to another site.
    page: Response = pages.page("onward", title="Onward", username=caller.username, url=away.url)
    return _carrying(page, away, request, gateway)


def _why(refusal: ApiError) -> str:
    return refusal.faults[0].message if refusal.faults else refusal.message


@router.get("/oidc/callback")
async def end(request: Request, gateway: Wired, visit: From) -> Response:
    """The browser comes back with a code, or with an error."""
    oidc, items = _oidc(gateway), request.query_params.multi_items()
    values = dict(items)
    try:
        if len(values) != len(items) or any(len(value) > 4000 for value in values.values()):
            raise OidcRefused("The identity provider's answer is not to be believed. Tell your administrator.")
        caller = await browser(request, gateway)
        user, onward = await oidc.end(values, request.cookies.get(COOKIE, ""), caller, visit)
        signed_in = await gateway.sign_in.open(user, visit, how="oidc", lifetime=gateway.config.browser_lifetime)
        if signed_in is None:
            raise OidcRefused("Your account here was changed a moment ago; begin again.")
        answer = enter(request, gateway, signed_in, local(onward))
    except OidcRefused as problem:
        answer = sign_in_page(request, gateway, 401, problem=str(problem))
    answer.delete_cookie(COOKIE, path="/oidc", httponly=True, samesite="lax")
    answer.headers.update(NEVER_KEPT)
    return answer
