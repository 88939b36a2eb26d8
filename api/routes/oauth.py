"""What OAuth2 clients talk to: tokens, their end, and what this server can do. Errors are in OAuth2's own format."""

import base64
import binascii
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote_plus

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.auth.oauth import OAuthError
from api.auth.oauth_grants import Granted
from api.auth.permissions import Permission
from api.auth.visits import Visit
from api.edge.bodies import StrictRoute
from api.edge.forms import fields
from api.errors import ApiError, Fault
from api.gateway import From, Gateway, Wired
from api.shapes.accounts import MessageBody
from api.shapes.oauth import AboutToken, DescribedBody, GrantedBody, OAuthErrorBody, ServerBody, TokenForm
from schemas.oauth import OAuthClient

M = TypeVar("M", bound=BaseModel)

NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?").fullmatch
_CODES = {401: "invalid_client", 413: "invalid_request", 503: "temporarily_unavailable"}


class OAuthRoute(StrictRoute):
    """A route whose errors are OAuth2's (RFC 6749, 5.2), whoever raised them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The strict handler, with its errors translated."""
        handle = super().get_route_handler()

        async def translated(request: Request) -> Response:
            try:
                return await handle(request)
            except OAuthError as problem:
                return _error(problem.code, problem.sentence, problem.status)
            except ApiError as problem:
                code = _CODES.get(problem.status_code, "invalid_request")
                status = 400 if problem.status_code == 422 else problem.status_code
                return _error(code, problem.message, status, dict(problem.headers or {}))
            except request.app.state.stores_away:
                sentence = "A store does not answer just now; try again shortly."
                return _error("temporarily_unavailable", sentence, 503, {"Retry-After": "2"})

        return translated


router = APIRouter(tags=["oauth"], route_class=OAuthRoute)


def _error(code: str, sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    headers = {**(headers or {}), **NEVER_KEPT}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="trawl"'
    return JSONResponse({"error": code, "error_description": sentence}, status, headers)


def _documented(model: type[BaseModel], *statuses: int) -> dict[str, Any]:
    sentences = {
        400: "`error` says what is wrong with the request.",
        401: "The client is not known, or its secret is another.",
        413: "The body is too large.",
        503: "A store does not answer just now; `Retry-After` says when to try again.",
    }
    schema = model.model_json_schema()
    return {
        "responses": {code: {"model": OAuthErrorBody, "description": sentences[code]} for code in statuses},
        "openapi_extra": {
            "x-permission": "none",
            "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}},
        },
    }


def _basic(header: str) -> tuple[str, str] | None:
    """Id and secret of HTTP Basic, each form-encoded first (RFC 6749, 2.3.1); None without the header."""
    scheme, _, value = header.partition(" ")
    if not scheme:
        return None
    try:
        name, found, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        found = ""
    if scheme.lower() != "basic" or not found:
        raise OAuthError("invalid_client", "Show the client by HTTP Basic, or by client_id and client_secret.", 401)
    return unquote_plus(name), unquote_plus(secret)


async def _asked(request: Request, model: type[M], gateway: Gateway) -> tuple[M, OAuthClient]:
    """The form and the client that sends it."""
    values: dict[str, str] = {}
    for name, value in await fields(request):
        if name in values:
            raise OAuthError("invalid_request", "A field is there twice.")
        values[name] = value
    known = {name: values[name] for name in model.model_fields if name in values}
    missing = [name for name, field in model.model_fields.items() if field.is_required() and not known.get(name)]
    if missing:
        raise OAuthError("invalid_request", f"The field {missing[0]} is missing.")
    shown = _basic(request.headers.get("authorization", ""))
    client_id, secret = known.get("client_id", ""), known.get("client_secret") or None
    if shown:
        if secret is not None or client_id not in ("", shown[0]):
            raise OAuthError("invalid_request", "Show the client once: by HTTP Basic, or in the form.")
        client_id, secret = shown
    return model(**known), await gateway.clients.authenticated(client_id, secret or None)


async def _token_form(request: Request, gateway: Wired) -> tuple[TokenForm, OAuthClient]:
    return await _asked(request, TokenForm, gateway)


async def _about_token(request: Request, gateway: Wired) -> tuple[AboutToken, OAuthClient]:
    return await _asked(request, AboutToken, gateway)


AskedTokens = Annotated[tuple[TokenForm, OAuthClient], Depends(_token_form)]
AskedAbout = Annotated[tuple[AboutToken, OAuthClient], Depends(_about_token)]


@router.post(
    "/oauth/token",
    summary="Get tokens",
    response_model=GrantedBody,
    response_model_exclude_none=True,
    **_documented(TokenForm, 400, 401, 413, 503),
)
async def token(asked: AskedTokens, gateway: Wired, visit: From, response: Response) -> GrantedBody:
    """For a code and its PKCE verifier, for a refresh token (each works once), or for a client itself."""
    form, client = asked
    try:
        given = await _given(form, client, gateway, visit)
    finally:  # a code or token that came twice has ended what it gave
        gateway.callers.forget()
    response.headers.update(NEVER_KEPT)
    return _body(given)


async def _given(form: TokenForm, client: OAuthClient, gateway: Gateway, visit: Visit) -> Granted:
    if form.grant_type == "authorization_code":
        return await gateway.grants.redeem(client, form.code, form.redirect_uri, form.code_verifier, visit)
    if form.grant_type == "refresh_token":
        return await gateway.grants.refresh(client, form.refresh_token, form.scope, visit)
    if form.grant_type == "client_credentials":
        return await gateway.grants.serve(client, form.scope, visit)
    raise OAuthError("unsupported_grant_type", "Use authorization_code, refresh_token or client_credentials.")


def _body(given: Granted) -> GrantedBody:
    return GrantedBody(
        access_token=given.access_token,
        expires_in=given.lifetime,
        scope=" ".join(given.scopes),
        refresh_token=given.refresh_token,
    )


@router.post("/oauth/revoke", summary="End a token", **_documented(AboutToken, 400, 401, 413, 503))
async def revoke(asked: AskedAbout, gateway: Wired, visit: From, response: Response) -> MessageBody:
    """Ends what a client was given, by its access or refresh token (RFC 7009); what is no token is ended already."""
    form, client = asked
    await gateway.grants.revoke(client, form.token, visit)
    gateway.callers.forget()
    response.headers.update(NEVER_KEPT)
    return MessageBody(message="The token has ended")


@router.post(
    "/oauth/introspect",
    summary="Ask about a token",
    response_model=DescribedBody,
    response_model_exclude_none=True,
    **_documented(AboutToken, 400, 401, 413, 503),
)
async def introspect(asked: AskedAbout, gateway: Wired, response: Response) -> DescribedBody:
    """Whether a token counts now, and for what (RFC 7662): a client's own, or anybody's access token for a confidential
    client that is a resource server."""
    form, client = asked
    if client.secret_hash is None:
        raise OAuthError("invalid_client", "Only a client with a secret may ask about tokens.", 401)
    response.headers.update(NEVER_KEPT)
    return DescribedBody(**await gateway.grants.describe(client, form.token))


@router.get(
    "/.well-known/oauth-authorization-server",
    summary="What this authorization server can do",
    responses={400: {"model": OAuthErrorBody, "description": "The Host header names no host."}},
    openapi_extra={"x-permission": "none"},
)
async def server(request: Request, gateway: Wired) -> ServerBody:
    """For clients to read instead of being told (RFC 8414)."""
    here = issuer(request, gateway)
    return ServerBody(
        issuer=here,
        authorization_endpoint=f"{here}/oauth/authorize",
        token_endpoint=f"{here}/oauth/token",
        **{
            "revocation_endpoint": f"{here}/oauth/revoke",
            "introspection_endpoint": f"{here}/oauth/introspect",
            "jwks_uri": f"{here}/.well-known/jwks.json",
            "service_documentation": f"{here}/docs",
            "scopes_supported": [permission.value for permission in Permission],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        },
    )


def issuer(request: Request, gateway: Gateway) -> str:
    """Who this server says it is: its public address, or the one under which it was asked."""
    if gateway.config.public_url:
        return gateway.config.public_url
    host = request.headers.get("host", "")
    if not _HOST(host):
        sentence = "The Host header names no host."
        raise ApiError(400, "BAD_REQUEST", sentence, [Fault("host", sentence, "INVALID")])
    return f"{request.scope['scheme']}://{host}"
