"""Builds the gateway's application from its ports: the same for the product and for the tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.middleware import Middleware

from api import problems
from api.auth.callers import Callers
from api.auth.keys import Keys
from api.auth.passwords import Passwords
from api.auth.sign_in import SignIn
from api.auth.tokens import Tokens
from api.config import VERSION, GatewayConfig
from api.edge.limits import BodyLimit
from api.edge.requests import Edge
from api.gateway import Gateway
from api.live.channels import Owners
from api.live.hub import Hub
from api.live.ring import Ring
from api.live.sockets import Sockets
from api.metrics import Metrics
from api.pages.render import Pages
from api.ports import Ports
from api.routes import auth, documentation, health, pages
from api.routes.v1 import accounts, credentials, findings, jobs, letters, live, records, replays, scrape, system
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

_EXPOSED = ["X-Request-ID", "X-Process-Time", "X-Next-Cursor", "Location", "Retry-After"]


def build(
    ports: Ports,
    config: GatewayConfig,
    *,
    stores_away: Sequence[type[Exception]] = (),
    passwords: Passwords | None = None,
) -> FastAPI:
    """The application. `stores_away` are the errors by which adapters say that a store does not answer: they become
    503. What runs beside the requests (the live hub, the watch over sockets) starts and ends with its lifespan."""
    gateway = _assembled(ports, config, passwords)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with gateway.passwords:
            beside = [asyncio.create_task(work()) for work in (gateway.hub.run, gateway.sockets.run)]
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
        middleware=_middleware(gateway),
    )
    app.state.gateway = gateway
    app.state.config = config
    app.state.pages = Pages()
    app.state.stores_away = tuple(stores_away)
    problems.install(app, stores_away)
    _add_routes(app)
    return app


def _assembled(ports: Ports, config: GatewayConfig, passwords: Passwords | None) -> Gateway:
    metrics = Metrics()
    tokens = Tokens(config.signing_seed, config.issuer, config.audience)
    passwords = passwords or Passwords(config.password_threads, config.password_queue)
    stored = CredentialService(ports.credentials)
    service = JobService(ports.jobs, ports.records, stored, ports.check_rules)
    ring = Ring(config.ring_seconds, config.ring_bytes)
    return Gateway(
        config=config,
        ports=ports,
        metrics=metrics,
        passwords=passwords,
        tokens=tokens,
        callers=Callers(ports.accounts, tokens, config.sign_in_freshness),
        sign_in=SignIn(ports.accounts, passwords, tokens, config),
        keys=Keys(ports.accounts),
        jobs=service,
        letters=Letters(ports.records, ports.resent, ports.resend),
        uploads=UploadService(ports.uploads),
        credentials=stored,
        control=Control(service, ports.jobs),
        replays=Replays(service, ports.jobs),
        previews=Previewing(service, ports.previews, config.preview_wait),
        stories=Stories(ports.jobs, ports.records),
        estimates=Estimates(ports.jobs, config.estimate_wait),
        health=HealthCheck(ports.checks),
        hub=Hub(ports.open_feed, metrics, ring, config.socket_buffer),
        sockets=Sockets(ports.accounts, metrics, config.max_sockets, config.socket_check),
        owners=Owners(ports.jobs),
    )


def _middleware(gateway: Gateway) -> list[Middleware]:
    """Outermost first."""
    found = [Middleware(Edge, metrics=gateway.metrics, telemetry=gateway.ports.telemetry,
                        public_url=gateway.config.public_url)]  # fmt: skip
    if gateway.config.cors_origins:
        # Never with credentials: a page of another site acts with its own token, not with somebody's cookie.
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(gateway.config.cors_origins),
                allow_methods=["GET", "POST", "PATCH", "DELETE"],
                allow_headers=["Authorization", "X-API-Key", "Content-Type", "X-Request-ID"],
                expose_headers=_EXPOSED,
            )
        )
    found.append(Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5))
    larger = {records.PATH: gateway.config.max_upload}
    found.append(Middleware(BodyLimit, limit=gateway.config.max_body, larger=larger))
    return found


def _add_routes(app: FastAPI) -> None:
    documented = (
        scrape.router,
        jobs.router,
        replays.router,
        findings.router,
        records.router,
        letters.router,
        credentials.router,
        accounts.router,
        auth.router,
        system.router,
        health.router,
    )
    for router in documented:
        app.include_router(router)
    shown = list(app.routes)
    for prefix in ("/api", "/api/v2"):
        app.include_router(auth.router, prefix=prefix, include_in_schema=False)
    app.include_router(live.router)
    app.include_router(documentation.router)
    app.include_router(pages.router)
    described: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not described:
            described.append(documentation.describe(app, shown))
        return described[0]

    app.openapi = openapi  # type: ignore[method-assign]  # how FastAPI's documentation says to do it
