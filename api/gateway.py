"""The gateway's parts, put together once and reached by every route."""

import math
import time
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer
from starlette.requests import HTTPConnection

from api.auth.callers import COOKIE, Caller, Callers
from api.auth.identity import Identity
from api.auth.keys import Keys
from api.auth.oauth_clients import OAuthClients
from api.auth.oauth_grants import Grants
from api.auth.oidc import Oidc
from api.auth.origins import same_origin
from api.auth.passwords import Passwords
from api.auth.permissions import Permission
from api.auth.scoping import changes_account, whole_needed
from api.auth.sign_in import SignIn
from api.auth.tokens import Tokens
from api.auth.visits import Visit
from api.config import GatewayConfig
from api.edge.idempotency import begin, deed_of
from api.errors import ApiError, forbidden, unauthenticated
from api.limits.limiter import Limiter
from api.live.channels import Owners
from api.live.follower import Live
from api.live.hub import Hub
from api.live.sockets import Sockets
from api.metrics import Metrics
from api.ports import Ports
from api.services.analytics.service import Analysing
from api.services.audit import AuditReading
from api.services.books.catalogue import Catalogue
from api.services.books.predictions import Predictions
from api.services.books.workshop import Workshop
from api.services.checking import Checking
from api.services.control import Control
from api.services.credentials import CredentialService
from api.services.estimates import Estimates
from api.services.exports import ExportService
from api.services.figures import Counting
from api.services.health import HealthCheck
from api.services.history import History
from api.services.idempotency import Idempotency
from api.services.job_lists import JobLists
from api.services.jobs import JobService
from api.services.keeping import Keeping
from api.services.letters import Letters
from api.services.logs import Logs
from api.services.notifications import Notifications
from api.services.previews import Previewing
from api.services.process_logs import Observed
from api.services.remaining import Estimating
from api.services.replays import Replays
from api.services.schedules import ScheduleService
from api.services.stories import Stories
from api.services.uploads import UploadService
from api.services.waiting import Waiting

SAFE = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing, in which a cookie counts whoever sent it."""


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
    identity: Identity
    keys: Keys
    clients: OAuthClients
    grants: Grants
    oidc: Oidc | None
    jobs: JobService
    job_lists: JobLists
    keeping: Keeping
    history: History
    logs: Logs
    estimating: Estimating
    waiting: Waiting
    checking: Checking
    idempotency: Idempotency
    letters: Letters
    audit: AuditReading
    observed: Observed
    analysing: Analysing
    uploads: UploadService
    exports: ExportService
    counting: Counting
    credentials: CredentialService
    catalogue: Catalogue
    predictions: Predictions
    workshop: Workshop
    control: Control
    replays: Replays
    schedules: ScheduleService
    notifications: Notifications
    previews: Previewing
    stories: Stories
    estimates: Estimates
    health: HealthCheck
    hub: Hub
    live: Live
    sockets: Sockets
    owners: Owners
    limiter: Limiter


def gateway_of(connection: HTTPConnection) -> Gateway:
    """The gateway that answers this request."""
    return cast(Gateway, connection.app.state.gateway)


def visit_of(connection: HTTPConnection) -> Visit:
    """Where this request comes from."""
    return Visit(
        request_id=connection.scope["state"].get("request_id", ""),
        address=connection.client.host if connection.client else "",
        user_agent=connection.headers.get("user-agent", ""),
        deed=deed_of(connection),
    )


async def caller_of(gateway: Gateway, connection: HTTPConnection) -> Caller | None:
    """Whoever calls, by header or else by a browser's cookie, which counts only when no page of somebody else can have
    sent it. Looked up once a request, whoever asks for it (limits first); anew when so much time has passed, while a
    body came, that the store would be asked anew."""
    state, now = connection.scope["state"], time.monotonic()
    asked_at, found = state.get("caller", (-math.inf, None))
    if now - asked_at >= gateway.config.sign_in_freshness:
        try:
            found = await _looked_up(gateway, connection)
        except ApiError as refusal:
            found = refusal
        state["caller"] = now, found
    if isinstance(found, ApiError):
        raise found
    return cast("Caller | None", found)


async def _looked_up(gateway: Gateway, connection: HTTPConnection) -> Caller | None:
    address, cookie = connection.client.host if connection.client else "", connection.cookies.get(COOKIE)
    caller = await gateway.callers.by_headers(connection.headers, address)
    if caller is None and cookie and _trusted(gateway, connection):
        caller = await gateway.callers.by_cookie(cookie)
    return caller


def _trusted(gateway: Gateway, connection: HTTPConnection) -> bool:
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE:
        return True
    return same_origin(connection.headers, connection.scope["scheme"], gateway.config.public_url)


class Needs:
    """A dependency: the caller, who must hold a permission. 401 without a caller, 403 without the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Caller:
        gateway = gateway_of(request)
        caller = await caller_of(gateway, request)
        if caller is None:
            raise unauthenticated("Sign in first: send an access token or an API key.")
        request.state.user = caller.user_id
        if self.permission not in caller.permissions:
            raise forbidden(self.permission, caller.permissions)
        if caller.scopes is not None and request.method not in SAFE and changes_account(request.scope["path"]):
            raise whole_needed()
        await begin(request, gateway.idempotency, caller.user_id)
        return caller


class _Told:
    """Before a scheme of the framework's: it is there for the documentation and looks at nothing, in every request."""

    async def __call__(self) -> None:
        """Nothing."""


class _Bearer(_Told, HTTPBearer):  # type: ignore[misc]
    pass


class _Key(_Told, APIKeyHeader):  # type: ignore[misc]
    pass


class _Cookie(_Told, APIKeyCookie):  # type: ignore[misc]
    pass


SCHEMES = [
    Depends(_Bearer(auto_error=False, description="An access token, or an API key.", scheme_name="HTTPBearer")),
    Depends(_Key(name="X-API-Key", auto_error=False, scheme_name="APIKeyHeader")),
    Depends(_Cookie(name=COOKIE, auto_error=False, description="A signed-in browser.", scheme_name="APIKeyCookie")),
]
"""The three ways to show who is calling, as the documentation lists them; `Needs` alone reads them."""


async def _wired(connection: HTTPConnection) -> Gateway:
    # The framework runs a dependency that is no coroutine in a thread, which costs more than the answer.
    return gateway_of(connection)


async def _from(connection: HTTPConnection) -> Visit:
    return visit_of(connection)


Wired = Annotated[Gateway, Depends(_wired)]
From = Annotated[Visit, Depends(_from)]
Reader = Annotated[Caller, Depends(Needs(Permission.READ))]
Administrator = Annotated[Caller, Depends(Needs(Permission.ADMIN))]
Writer = Annotated[Caller, Depends(Needs(Permission.WRITE))]
Exporter = Annotated[Caller, Depends(Needs(Permission.EXPORT))]
