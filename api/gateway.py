"""The gateway's parts, put together once and reached by every route."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer
from starlette.requests import HTTPConnection

from api.auth.callers import COOKIE, Caller, Callers
from api.auth.keys import Keys
from api.auth.origins import same_origin
from api.auth.passwords import Passwords
from api.auth.permissions import Permission
from api.auth.sign_in import SignIn, Visit
from api.auth.tokens import Tokens
from api.config import GatewayConfig
from api.errors import forbidden, unauthenticated
from api.live.channels import Owners
from api.live.hub import Hub
from api.live.sockets import Sockets
from api.metrics import Metrics
from api.ports import Ports
from api.services.control import Control
from api.services.credentials import CredentialService
from api.services.estimates import Estimates
from api.services.health import HealthCheck
from api.services.jobs import JobService
from api.services.letters import Letters
from api.services.previews import Previewing
from api.services.replays import Replays
from api.services.stories import Stories
from api.services.uploads import UploadService

_SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Everything a route may ask for."""

    config: GatewayConfig
    ports: Ports
    metrics: Metrics
    passwords: Passwords
    tokens: Tokens
    callers: Callers
    sign_in: SignIn
    keys: Keys
    jobs: JobService
    letters: Letters
    uploads: UploadService
    credentials: CredentialService
    control: Control
    replays: Replays
    previews: Previewing
    stories: Stories
    estimates: Estimates
    health: HealthCheck
    hub: Hub
    sockets: Sockets
    owners: Owners


def gateway_of(connection: HTTPConnection) -> Gateway:
    """The gateway that answers this request."""
    return cast(Gateway, connection.app.state.gateway)


def visit_of(connection: HTTPConnection) -> Visit:
    """Where this request comes from."""
    return Visit(
        request_id=connection.scope["state"].get("request_id", ""),
        address=connection.client.host if connection.client else "",
        user_agent=connection.headers.get("user-agent", ""),
    )


async def caller_of(gateway: Gateway, headers: Mapping[str, str], cookie: str | None, trusted: bool) -> Caller | None:
    """Whoever calls, by header or else by a browser's cookie, which counts only when `trusted`: when no page of
    somebody else can have sent it."""
    caller = await gateway.callers.by_headers(headers)
    if caller is None and cookie and trusted:
        caller = await gateway.callers.by_cookie(cookie)
    return caller


class Needs:
    """A dependency: the caller, who must hold a permission. 401 without a caller, 403 without the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Caller:
        gateway = gateway_of(request)
        trusted = request.method in _SAFE or same_origin(
            request.headers, request.scope["scheme"], gateway.config.public_url
        )
        caller = await caller_of(gateway, request.headers, request.cookies.get(COOKIE), trusted)
        if caller is None:
            raise unauthenticated("Sign in first: send an access token or an API key.")
        request.state.user = caller.user_id
        if self.permission not in caller.permissions:
            raise forbidden(self.permission, caller.permissions)
        return caller


SCHEMES = [
    Depends(HTTPBearer(auto_error=False, description="An access token, or an API key.")),
    Depends(APIKeyHeader(name="X-API-Key", auto_error=False)),
    Depends(APIKeyCookie(name=COOKIE, auto_error=False, description="A signed-in browser.")),
]
"""The three ways to show who is calling, as the documentation lists them; `Needs` alone reads them."""

Wired = Annotated[Gateway, Depends(gateway_of)]
From = Annotated[Visit, Depends(visit_of)]
Reader = Annotated[Caller, Depends(Needs(Permission.READ))]
Administrator = Annotated[Caller, Depends(Needs(Permission.ADMIN))]
Writer = Annotated[Caller, Depends(Needs(Permission.WRITE))]
