"""Signing in and out as the v2 interface has it: the same, in the v2 frame."""

from typing import Any

from fastapi import APIRouter, Request

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired
from api.routes import personal
from api.routes.entry import end, let_in, me_of
from api.routes.frame import framed
from api.routes.v1.accounts import LOGIN_ANSWERS, Credentials
from api.shapes.accounts import Enveloped, LoginAnswer, LogoutBody, MeBody, MessageBody, RefreshBody, TokensBody
from api.shapes.errors import documented

router = APIRouter(prefix="/auth", tags=["accounts"], route_class=StrictRoute)


@router.post("/login", summary="Sign in", response_model=Enveloped[LoginAnswer], **LOGIN_ANSWERS)
async def login(body: Credentials, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """Access and refresh token for a username (or e-mail address) and a password."""
    return framed(request, await let_in(gateway, body, visit))


@router.post(
    "/refresh", summary="Refresh the tokens", response_model=Enveloped[TokensBody], **documented(400, 401, 422, 503)
)
async def refresh(body: RefreshBody, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """New tokens for the refresh token that was given last; each works once."""
    access, replacement = await gateway.sign_in.refresh(body.refresh_token, visit)
    lifetime = gateway.config.access_lifetime
    return framed(request, TokensBody(access_token=access, refresh_token=replacement, expires_in=lifetime))


@router.post(
    "/logout",
    summary="Sign out",
    dependencies=SCHEMES,
    response_model=Enveloped[MessageBody],
    **documented(400, 409, 422, permission=Permission.READ),
)
async def logout(
    caller: Reader, gateway: Wired, visit: From, request: Request, body: LogoutBody | None = None
) -> dict[str, Any]:
    """Ends this session, or all of yours, at once."""
    return framed(request, await end(gateway, caller, body, visit))


@router.get(
    "/me",
    summary="Who am I",
    dependencies=SCHEMES,
    response_model=Enveloped[MeBody],
    **documented(permission=Permission.READ),
)
async def me(caller: Reader, gateway: Wired, request: Request) -> dict[str, Any]:
    """Your account, role and permissions."""
    return framed(request, await me_of(gateway, caller))


router.include_router(personal.router)
