"""Builds the gateway's application from its ports: the same for the product and for the tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware

from api import problems
from api.auth.callers import Callers
from api.auth.identity import identity
from api.auth.keys import Keys
from api.auth.oauth_clients import OAuthClients
from api.auth.oauth_grants import Grants
from api.auth.oidc import Oidc
from api.auth.passwords import Passwords
from api.auth.signing import KeyRing
from api.auth.tokens import Tokens
from api.config import VERSION, GatewayConfig
from api.edge.addresses import Proxies
from api.edge.compression import Compression
from api.edge.limits import BodyLimit
from api.edge.rated import Rated
from api.edge.requests import Edge
from api.gateway import Gateway
from api.limits.limiter import Limiter
from api.live.assembly import live_of
from api.live.channels import Owners
from api.live.sockets import Sockets
from api.metrics import Metrics
from api.pages.render import Pages
from api.ports import Ports
from api.routes import auth, consent, desk, documentation, health, lost, oauth, oidc, pages
from api.routes.nowhere import nowhere
from api.routes.v1 import (
    accounts,
    analytics,
    audit,
    books,
    credentials,
    exports,
    findings,
    job_control,
    job_versions,
    jobs,
    letters,
    live,
    ml,
    oauth_clients,
    observed,
    quotas,
    records,
    replays,
    runs,
    schedules,
    scrape,
    system,
    webhooks,
)
from api.routes.v2 import users
from api.services.analytics.service import Analysing
from api.services.audit import AuditReading
from api.services.books.catalogue import Catalogue
from api.services.books.predictions import Predictions
from api.services.books.workshop import Workshop
from api.services.checking import Checking
from api.services.control import Control
from api.services.credentials import CredentialService
from api.services.estimates import Estimates
from api.services.exports import ExportLimits, ExportService
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
from api.services.references import References
from api.services.remaining import Estimating
from api.services.replays import Replays
from api.services.schedules import ScheduleService
from api.services.stories import Stories
from api.services.uploads import UploadService
from api.services.waiting import Waiting

log = structlog.get_logger()

_AGAIN_S = 1.0

_EXPOSED = [
    "Idempotency-Replayed",
    "X-Request-ID",
    "X-Process-Time",
    "X-Next-Cursor",
    "Content-Range",
    "Accept-Ranges",
    "Location",
    "Retry-After",
    "ETag",
    "Content-Disposition",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Burst",
    "X-RateLimit-Burst-Remaining",
]
_ASKED_WITH = [
    "Authorization",
    "X-API-Key",
    "Content-Type",
    "X-Request-ID",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "API-Version",
    "Range",
    "If-Range",
]

_DOCUMENTED = (
    scrape.router,
    schedules.router,
    webhooks.router,
    jobs.router,
    job_control.router,
    job_versions.router,
    runs.router,
    replays.router,
    findings.router,
    analytics.router,
    records.router,
    exports.router,
    letters.router,
    audit.router,
    observed.router,
    credentials.router,
    books.router,
    ml.router,
    accounts.router,
    auth.router,
    oauth_clients.router,
    oauth.router,
    system.router,
    quotas.router,
    health.router,
)
"""In the order in which the documentation shows them."""


def build(
    ports: Ports,
    config: GatewayConfig,
    *,
    stores_away: Sequence[type[Exception]] = (),
    passwords: Passwords | None = None,
) -> FastAPI:
    """The application. `stores_away` are the errors by which adapters say that a store does not answer: they become
    503. What runs beside the requests (the live hub, the watch over sockets) starts and ends with its lifespan."""
    gateway = _assembled(ports, config, passwords, stores_away)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with gateway.passwords, gateway.workshop:
            await gateway.tokens.ring.begin()
            keys = partial(gateway.tokens.ring.run, config.key_poll)
            works = (gateway.hub.run, gateway.sockets.run, gateway.limiter.run, keys)
            beside = [asyncio.create_task(_again(work)) for work in works]
            try:
                yield
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    app = FastAPI(
        title="Trawl",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=_middleware(gateway, stores_away),
    )
    app.state.gateway = gateway
    app.state.config = config
    app.state.pages = Pages()
    app.state.stores_away = tuple(stores_away)
    problems.install(app, stores_away)
    _add_routes(app)
    return app


async def _again(work: Callable[[], Awaitable[None]]) -> None:
    """What is to run as long as the gateway begins anew when it fails, also when it is cancelled by anybody else than
    the gateway (a driver may): nobody looks at it, and a gateway without it is silent."""
    while True:
        try:
            return await work()
        except asyncio.CancelledError as problem:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            failed: BaseException = problem
        except Exception as problem:
            failed = problem
        log.error("background_ended", work=getattr(work, "__qualname__", repr(work)), error=repr(failed))
        await asyncio.sleep(_AGAIN_S)


def _assembled(
    ports: Ports, config: GatewayConfig, passwords: Passwords | None, stores_away: Sequence[type[Exception]]
) -> Gateway:
    metrics = Metrics()
    tokens = Tokens(_keys(ports, config), config.issuer, config.audience)
    passwords = passwords or Passwords(config.password_threads, config.password_queue)
    people = identity(
        ports.accounts, ports.users, ports.factors, ports.attempts, ports.identities, passwords, tokens, config
    )
    stored = CredentialService(ports.credentials)
    notifications = Notifications(ports.webhooks, ports.webhook_rule)
    named = References(stored, notifications)
    service = JobService(ports.jobs, ports.records, named, ports.check_rules)
    workshop = Workshop()
    catalogue = Catalogue(ports.editions, ports.books, service, ports.jobs, config.books_url)
    live = live_of(ports, config, metrics)
    return Gateway(
        config=config,
        ports=ports,
        metrics=metrics,
        passwords=passwords,
        tokens=tokens,
        callers=Callers(ports.accounts, tokens, config.sign_in_freshness),
        sign_in=people.sign_in,
        identity=people,
        keys=Keys(ports.accounts),
        clients=OAuthClients(ports.oauth),
        grants=Grants(ports.oauth, ports.accounts, tokens, config),
        oidc=_oidc(ports, config, tokens),
        jobs=service,
        job_lists=JobLists(ports.jobs),
        keeping=Keeping(service, ports.versions, named),
        catalogue=catalogue,
        workshop=workshop,
        predictions=Predictions(catalogue, ports.editions, workshop),
        history=History(service, ports.history, ports.visits),
        logs=Logs(service, ports.history, ports.visits),
        estimating=Estimating(service, ports.history, ports.visits),
        waiting=Waiting(service, config.sync_wait, config.sync_pages),
        checking=Checking(service, named, ports.address_rule),
        idempotency=Idempotency(ports.idempotency, tuple(stores_away), config.signing_seed),
        audit=AuditReading(ports.audit),
        observed=Observed(ports.process_logs),
        analysing=Analysing(ports.jobs, ports.analyses),
        letters=Letters(ports.records, ports.resent, ports.resend),
        uploads=UploadService(ports.uploads),
        exports=ExportService(service, ports.exports, ports.accounts, _export_limits(config)),
        counting=Counting(ports.figures, ports.storage, stores_away),
        credentials=stored,
        control=Control(service, ports.jobs),
        replays=Replays(service, ports.jobs),
        schedules=ScheduleService(service, ports.schedules),
        notifications=notifications,
        previews=Previewing(service, ports.previews, config.preview_wait),
        stories=Stories(ports.jobs, ports.records),
        estimates=Estimates(ports.jobs, config.estimate_wait),
        health=HealthCheck(ports.checks, mail=config.mail),
        hub=live.hub,
        live=live,
        sockets=Sockets(ports.accounts, metrics, config.max_sockets, config.socket_check),
        owners=Owners(ports.jobs),
        limiter=Limiter(ports.rates, config.rates, metrics),
    )


def _export_limits(config: GatewayConfig) -> ExportLimits:
    return ExportLimits(
        wait=config.export_wait,
        files=config.exports_per_user,
        bytes=config.export_bytes_per_user,
        mail=config.mail,
    )


def _oidc(ports: Ports, config: GatewayConfig, tokens: Tokens) -> Oidc | None:
    if config.oidc is None or ports.provider is None:
        return None
    return Oidc(config.oidc, ports.provider, ports.identities, ports.accounts, tokens)


def _keys(ports: Ports, config: GatewayConfig) -> KeyRing:
    return KeyRing(
        config.signing_seed, ports.signing, believed_for=config.longest_lifetime, rotate_after=config.key_lifetime
    )


def _middleware(gateway: Gateway, stores_away: Sequence[type[Exception]]) -> list[Middleware]:
    """Outermost first."""
    config, found = gateway.config, []
    if config.trusted_proxies:
        found.append(Middleware(Proxies, among=config.trusted_proxies, spoken=config.proxy_headers))
    found.append(Middleware(Edge, metrics=gateway.metrics, telemetry=gateway.ports.telemetry,
                            public_url=config.public_url, room=config.max_in_flight))  # fmt: skip
    if gateway.config.cors_origins:
        # Never with credentials: a page of another site acts with its own token, not with somebody's cookie.
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(gateway.config.cors_origins),
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=_ASKED_WITH,
                expose_headers=_EXPOSED,
            )
        )
    found.append(Middleware(Rated, gateway=gateway, stores_away=stores_away))
    found.append(Middleware(Compression, minimum_size=1000, compresslevel=5))
    larger = {records.PATH: gateway.config.max_upload}
    found.append(Middleware(BodyLimit, limit=config.max_body, larger=larger, together=config.max_bodies))
    return found


def _add_routes(app: FastAPI) -> None:
    for router in _DOCUMENTED:
        app.include_router(router)
    app.include_router(users.router, prefix="/api/v2")
    shown = list(app.routes)
    for prefix in ("/api", "/api/v2"):
        app.include_router(auth.router, prefix=prefix, include_in_schema=False)
    app.include_router(users.router, prefix="/api", include_in_schema=False)
    app.include_router(live.router)
    for prefix in ("", "/api", "/api/v2"):
        app.include_router(desk.router, prefix=prefix)
    app.include_router(documentation.router)
    app.include_router(pages.router)
    app.include_router(lost.router)
    app.include_router(consent.router)
    app.include_router(oidc.router)
    app.router.default = nowhere(app.router.default)
    described: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not described:
            described.append(documentation.describe(app, shown))
        return described[0]

    app.openapi = openapi  # type: ignore[method-assign]  # how FastAPI's documentation says to do it
