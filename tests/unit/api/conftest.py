"""A gateway on fakes, with an account of each role."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog.testing
from argon2 import PasswordHasher
from fastapi import FastAPI

from api.app import build
from api.auth.passwords import Passwords
from api.config import GatewayConfig
from api.edge.doors import Doors, Entry
from api.gateway import Gateway
from api.ports import Behind, Checks, Ports, ProcessHealth
from api.server import Server, configured
from infra.http.guard import AddressGuard
from schemas.accounts import Act, User
from streams.extraction.rules import check
from tests.unit.api.accounts_fakes import FakeAccounts
from tests.unit.api.analytics_fakes import FakeAnalyses
from tests.unit.api.audit_fakes import FakeAuditLog, FakeProcessLogs
from tests.unit.api.books_fakes import FakeBooks, FakeEditions
from tests.unit.api.credentials import FakeCredentials
from tests.unit.api.exports_fakes import FakeExports, FakeFigures
from tests.unit.api.fakes import FakeJobs, FakePreviews, FakeRecords, FakeTelemetry, StoreAway
from tests.unit.api.jobs_fakes import FakeHistory, FakeIdempotencyKeys, FakeVersions, FakeVisits
from tests.unit.api.limits_fakes import FakeQuotas, FakeRates, settings_of
from tests.unit.api.live_fakes import FakeFeed, FakePast
from tests.unit.api.oauth_fakes import FakeOAuth
from tests.unit.api.oidc_fakes import FakeIdentities, FakeProvider
from tests.unit.api.patient import Browser
from tests.unit.api.schedules_fakes import FakeSchedules
from tests.unit.api.signing_fakes import FakeSigningKeys
from tests.unit.api.uploading import FakeResent, FakeUploads
from tests.unit.api.users_fakes import FakeAttempts, FakeFactors, FakeUsers
from tests.unit.api.webhooks_fakes import FakeWebhooks

PASSWORD = "correct horse battery"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = HASHER.hash(PASSWORD)


async def fine() -> None:
    """A check of a dependency that is well."""


@dataclass
class World:
    """The fakes behind a gateway, and ways to use it."""

    accounts: FakeAccounts = field(default_factory=FakeAccounts)
    factors: FakeFactors = field(init=False)
    attempts: FakeAttempts = field(init=False)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    visits: FakeVisits = field(default_factory=FakeVisits)
    idempotency: FakeIdempotencyKeys = field(default_factory=FakeIdempotencyKeys)
    credentials: FakeCredentials = field(default_factory=FakeCredentials)
    oauth: FakeOAuth = field(init=False)
    identities: FakeIdentities = field(init=False)
    provider: FakeProvider = field(default_factory=FakeProvider)
    signing: FakeSigningKeys = field(default_factory=FakeSigningKeys)
    previews: FakePreviews = field(default_factory=FakePreviews)
    records: FakeRecords = field(default_factory=FakeRecords)
    analyses: FakeAnalyses = field(default_factory=FakeAnalyses)
    audit: FakeAuditLog = field(default_factory=FakeAuditLog)
    process_logs: FakeProcessLogs = field(default_factory=FakeProcessLogs)
    rates: FakeRates = field(default_factory=FakeRates)
    quotas: FakeQuotas = field(default_factory=FakeQuotas)
    uploads: FakeUploads = field(default_factory=FakeUploads)
    resent: FakeResent = field(default_factory=FakeResent)
    feed: FakeFeed = field(default_factory=FakeFeed)
    past: FakePast = field(default_factory=FakePast)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    processes: dict[str, ProcessHealth] = field(default_factory=dict)
    behind: list[Behind] = field(default_factory=list)
    dependencies: dict[str, Any] = field(
        default_factory=lambda: dict.fromkeys(("postgres", "kafka", "clickhouse"), fine)
    )
    ids: dict[str, str] = field(default_factory=dict)
    books: FakeBooks = field(default_factory=FakeBooks)
    editions: FakeEditions = field(init=False)
    webhooks: FakeWebhooks = field(default_factory=FakeWebhooks)
    schedules: FakeSchedules = field(init=False)
    exports: FakeExports = field(init=False)
    figures: FakeFigures = field(default_factory=FakeFigures)

    def __post_init__(self) -> None:
        self.factors, self.attempts = FakeFactors(self.accounts), FakeAttempts(self.accounts)
        self.schedules = FakeSchedules(self.jobs)
        self.exports = FakeExports(self.jobs)
        self.oauth = FakeOAuth(self.accounts)
        self.editions = FakeEditions(self.jobs)
        self.identities = FakeIdentities(self.accounts)

    def app(self, **config: Any) -> FastAPI:
        self.jobs.claims = self.idempotency.claims
        ports = Ports(
            accounts=self.accounts, users=FakeUsers(self.accounts), factors=self.factors, attempts=self.attempts,
            jobs=self.jobs, check_rules=check, versions=FakeVersions(self.jobs),
            history=FakeHistory(self.jobs), visits=self.visits, idempotency=self.idempotency,
            address_rule=AddressGuard().literal_verdict, previews=self.previews,
            schedules=self.schedules, webhooks=self.webhooks, webhook_rule=AddressGuard().literal_verdict,
            books=self.books, editions=self.editions,
            credentials=self.credentials, signing=self.signing, oauth=self.oauth,
            identities=self.identities, provider=self.provider,
            rates=self.rates, quotas=self.quotas, records=self.records, analyses=self.analyses,
            exports=self.exports, export_files=self.exports, figures=self.figures, storage=self.figures,
            uploads=self.uploads, audit=self.audit, process_logs=self.process_logs,
            resent=self.resent, resend=self.resent.resend,
            open_feed=self.feed.open, past=self.past, stored_up_to=self.past.up_to, telemetry=self.telemetry,
            checks=Checks(dependencies=self.dependencies, processes=lambda: self.processes, behind=lambda: self.behind),
        )  # fmt: skip
        told = {"mail": True, **settings_of(config)}
        settings = GatewayConfig(signing_seed="a test's seed", dashboards_secret="another", **told)
        return build(ports, settings, stores_away=(StoreAway,), passwords=Passwords(hasher=HASHER))

    async def add(self, username: str, role: str) -> str:
        user = User(id=str(uuid4()), username=username, email=f"{username}@example.com", role=role, status="active",
                    created_at=datetime.now(UTC))  # fmt: skip
        assert await self.accounts.add_user(user, HASH, Act(actor="test", action="user_created"))
        self.ids[username] = user.id
        self.quotas.users[user.id] = {}
        return user.id


@dataclass
class Client:
    """A gateway that runs without a network, and who is signed in at it."""

    world: World
    app: FastAPI
    http: httpx.AsyncClient

    @property
    def gateway(self) -> Gateway:
        found: Gateway = self.app.state.gateway
        return found

    async def headers(self, username: str) -> dict[str, str]:
        """An Authorization header of this account."""
        answer = await self.http.post("/api/v1/auth/login", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def scrape(self, headers: dict[str, str], **job: Any) -> dict[str, Any]:
        """A new job, as its owner is told of it."""
        answer = await self.http.post("/api/v1/scrape", headers=headers, json={"url": "http://shop.test/", **job})
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def running(world: World, **config: Any) -> AsyncIterator[Client]:
    """The gateway in this process."""
    app = world.app(**config)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 1234))
    async with (
        app.router.lifespan_context(app),
        Browser(transport=transport, base_url="http://gateway.test") as http,
    ):
        yield Client(world, app, http)


@asynccontextmanager
async def listening(world: World, **config: Any) -> AsyncIterator[tuple[str, Client]]:
    """The gateway on a port of its own, for WebSockets; yields its `host:port` too."""
    app = world.app(**config)
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    port = door.getsockname()[1]
    doors = Doors(Entry(), app.state.gateway.metrics)
    server = Server(configured(app, doors, lifespan="on"))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    await server.open.wait()
    try:
        async with Browser(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            yield f"127.0.0.1:{port}", Client(world, app, http)
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged meanwhile; printing an exception with all its variables takes longer than many a test."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
async def world() -> World:
    """Accounts `vera` (viewer), `anna` and `otto` (analysts), `opal` (operator) and `root` (admin)."""
    found = World()
    for username, role in (("vera", "viewer"), ("anna", "analyst"), ("otto", "analyst"), ("opal", "operator")):
        await found.add(username, role)
    await found.add("root", "admin")
    return found


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    """A gateway on that world."""
    async with running(world) as found:
        yield found
