"""Signing in and out, and API keys: version 1, plain bodies."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.edge.forms import read
from api.gateway import SCHEMES, From, Reader, Wired
from api.routes.entry import end, end_session, identities_of, let_in, me_of, sessions_of, unlink
from api.shapes.accounts import (
    KeyAsked,
    KeyBody,
    KeyList,
    KeyMade,
    LoginAnswer,
    LoginBody,
    LogoutBody,
    MeBody,
    MessageBody,
    RefreshBody,
    TokensBody,
    key_body,
    key_made,
)
from api.shapes.errors import documented
from api.shapes.identity import IdentityList, SessionList, Unlinking

router = APIRouter(prefix="/api/v1/auth", tags=["accounts"], route_class=StrictRoute)

_SCHEMA = LoginBody.model_json_schema()
LOGIN_ANSWERS = documented(400, 401, 413, 422, 503)
LOGIN_ANSWERS["openapi_extra"]["requestBody"] = {
    "required": True,
    "content": {"application/json": {"schema": _SCHEMA}, "application/x-www-form-urlencoded": {"schema": _SCHEMA}},
}


async def _credentials(request: Request) -> LoginBody:
    return await read(request, LoginBody)


Credentials = Annotated[LoginBody, Depends(_credentials)]


@router.post("/login", summary="Sign in", **LOGIN_ANSWERS)
@router.post("/login/", include_in_schema=False)
async def login(body: Credentials, gateway: Wired, visit: From) -> LoginAnswer:
    """Access and refresh token for a username (or e-mail address) and a password; JSON, or OAuth2's password form."""
    return await let_in(gateway, body, visit)


@router.post("/refresh", summary="Refresh the tokens", **documented(400, 401, 422, 503))
@router.post("/refresh/", include_in_schema=False)
async def refresh(body: RefreshBody, gateway: Wired, visit: From) -> TokensBody:
    """New tokens for the refresh token that was given last. Each works once; one that comes back later ends the
    session, because somebody else has it too."""
    access, replacement = await gateway.sign_in.refresh(body.refresh_token, visit)
    return TokensBody(access_token=access, refresh_token=replacement, expires_in=gateway.config.access_lifetime)


@router.post(
    "/logout", summary="Sign out", dependencies=SCHEMES, **documented(400, 409, 422, permission=Permission.READ)
)
async def logout(caller: Reader, gateway: Wired, visit: From, body: LogoutBody | None = None) -> MessageBody:
    """Ends this session, or all of yours, at once."""
    return await end(gateway, caller, body, visit)


@router.get("/me", summary="Who am I", dependencies=SCHEMES, **documented(permission=Permission.READ))
async def me(caller: Reader, gateway: Wired) -> MeBody:
    """Your account, role and permissions."""
    return await me_of(gateway, caller)


@router.get("/sessions", summary="List your sessions", dependencies=SCHEMES, **documented(permission=Permission.READ))
async def sessions(caller: Reader, gateway: Wired) -> SessionList:
    """Where you are signed in, last used first."""
    return await sessions_of(gateway, caller)


@router.delete(
    "/sessions/{session_id}",
    summary="End one of your sessions",
    dependencies=SCHEMES,
    **documented(404, permission=Permission.READ),
)
async def end_one(
    session_id: Annotated[str, Path(max_length=100)], caller: Reader, gateway: Wired, visit: From
) -> MessageBody:
    """Signs that device out, at once and everywhere."""
    return await end_session(gateway, caller, session_id, visit)


@router.get(
    "/identities",
    summary="List your outside identities",
    dependencies=SCHEMES,
    **documented(permission=Permission.READ),
)
async def identities(caller: Reader, gateway: Wired) -> IdentityList:
    """Who you are at the identity provider, oldest first: each of them can sign in as you."""
    return await identities_of(gateway, caller)


@router.post(
    "/identities/{identity_id}/unlink",
    summary="Unlink an outside identity",
    dependencies=SCHEMES,
    **documented(400, 404, 409, 422, 429, permission=Permission.READ),
)
async def unlink_one(
    identity_id: Annotated[str, Path(max_length=100)], body: Unlinking, caller: Reader, gateway: Wired, visit: From
) -> MessageBody:
    """With your password: it no longer leads to your account, and you are told by mail, where mail is sent."""
    return await unlink(gateway, caller, identity_id, body.current_password, visit)


@router.post(
    "/keys",
    status_code=201,
    summary="Make an API key",
    dependencies=SCHEMES,
    **documented(400, 409, 422, permission=Permission.READ),
)
async def make_key(body: KeyAsked, caller: Reader, gateway: Wired, visit: From) -> KeyMade:
    """A key for a program, with all your rights or with those that you name. It is shown now and never again. A key
    with scopes can make no keys and change no account."""
    return key_made(*await gateway.keys.make(caller, body.name, body.expires_in_days, visit, body.rights()))


@router.get("/keys", summary="List your API keys", dependencies=SCHEMES, **documented(permission=Permission.READ))
async def keys(caller: Reader, gateway: Wired) -> KeyList:
    """Your keys with their last use, newest first."""
    return KeyList(keys=[key_body(key) for key in await gateway.keys.all(caller)])


@router.get(
    "/keys/{key_id}", summary="One API key", dependencies=SCHEMES, **documented(404, 422, permission=Permission.READ)
)
async def key(key_id: Annotated[str, Path(max_length=100)], caller: Reader, gateway: Wired) -> KeyBody:
    """One of your keys with its last use."""
    return key_body(await gateway.keys.one(caller, key_id))


@router.delete(
    "/keys/{key_id}", summary="Revoke an API key", dependencies=SCHEMES, **documented(404, permission=Permission.READ)
)
async def revoke_key(
    key_id: Annotated[str, Path(max_length=100)], caller: Reader, gateway: Wired, visit: From
) -> MessageBody:
    """Ends a key at once."""
    await gateway.keys.revoke(caller, key_id, visit)
    gateway.callers.forget()
    return MessageBody(message="The key is revoked")
