"""The gateway's composition root: settings → adapters → application → two listening servers."""

from contextlib import AsyncExitStack
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import orjson

from api.app import build
from api.auth import first
from api.auth.passwords import Passwords
from api.auth.permissions import ROLES
from api.auth.signing import KeyRing
from api.config import GatewayConfig, OidcConfig
from api.edge.addresses import networks
from api.edge.doors import Entry
from api.limits.categories import rates
from api.ports import Checks, Ports, ProcessHealth
from api.server import listen
from api.services.books.ready_made import DATASET, NAME
from api.services.lag import LagWatch
from api.telemetry import Telemetry
from infra import notify
from infra.anchors import AnchorFile
from infra.blobs.files import BlobFiles
from infra.blobs.store import Blobs
from infra.clickhouse.analysing import ClickHouseAnalyses
from infra.clickhouse.books import StoredBooks
from infra.clickhouse.past import ClickHousePast
from infra.clickhouse.process_logs import ProcessLogs
from infra.clickhouse.reading import Reading
from infra.clickhouse.storage import ClickHouseStorage
from infra.clickhouse.visits import ClickHouseVisits
from infra.errors import NotConfigured, StoreUnavailable
from infra.http.guard import AddressGuard
from infra.http.provider import ProviderClient
from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher, resend
from infra.kafka.tail import Tail
from infra.metrics import lag_seen
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.attempts import PostgresAttempts
from infra.postgres.audit_log import PostgresAuditLog
from infra.postgres.audit_sealer import AuditSealer
from infra.postgres.books import PostgresEditions
from infra.postgres.credentials import SiteCredentials
from infra.postgres.export_news import ExportMails
from infra.postgres.exports import PostgresExports
from infra.postgres.factors import PostgresFactors
from infra.postgres.figures import PostgresFigures
from infra.postgres.idempotency import IdempotencyKeys
from infra.postgres.identities import PostgresIdentities
from infra.postgres.job_versions import PostgresVersions
from infra.postgres.jobs import PostgresJobs
from infra.postgres.letters import ReplayedLetters
from infra.postgres.mailbox import Mailbox
from infra.postgres.notifications import PostgresTellings
from infra.postgres.oauth import PostgresOAuth
from infra.postgres.pool import Database
from infra.postgres.previews import PreviewQuestions
from infra.postgres.quotas import PostgresQuotas
from infra.postgres.rates import PostgresRates
from infra.postgres.run_history import PostgresHistory
from infra.postgres.schedules import PostgresSchedules
from infra.postgres.signing import PostgresSigningKeys
from infra.postgres.stored import StoredUpTo
from infra.postgres.uploads import UploadRuns
from infra.postgres.users import PostgresUsers
from infra.postgres.webhooks import PostgresWebhooks
from infra.process import now, process, reporting, settled
from infra.sealing import Seal
from infra.settings import Settings
from infra.tls import Certificate
from schemas.accounts import Act
from streams.extraction.rules import check


def config_of(settings: Settings) -> GatewayConfig:
    """The gateway's configuration. Raises infra.errors.NotConfigured without the two shared secrets."""
    return GatewayConfig(
        signing_seed=settings.secret("signing_key"),
        dashboards_secret=settings.secret("dashboards_key"),
        dashboards_port=settings.dashboards_port,
        public_url=settings.public_url or "",
        user_agent=settings.user_agent,
        books_url=settings.books_url,
        dashboards_url=settings.dashboards_url or "",
        cors_origins=settings.cors_origins,
        mail=bool(settings.smtp_url),
        registration=settings.registration,
        registration_roles=settings.registration_roles,
        idle_lifetime=int(settings.idle_hours * 3600),
        refresh_lifetime=int(settings.session_days * 86_400),
        oidc=_oidc(settings),
        **_edge(settings),
        home_url=settings.home_url,
    )


def _edge(settings: Settings) -> dict[str, Any]:
    """Limits, quotas and proxies as the settings have them."""
    try:
        return {
            "rates": rates(settings.rate_limits),
            "trusted_proxies": networks(settings.trusted_proxies),
            "proxy_headers": settings.proxy_headers,
            "max_in_flight": settings.requests_in_flight,
            "quota": settings.quota,
            "exports_per_user": settings.exports_per_user,
            "export_bytes_per_user": settings.export_bytes_per_user,
        }
    except ValueError as problem:
        raise NotConfigured(f"TRAWL_RATE_LIMITS or TRAWL_TRUSTED_PROXIES: {problem}.") from problem


def _entry(settings: Settings, config: GatewayConfig) -> Entry:
    return Entry(
        connections=settings.connections,
        per_address=settings.connections_per_address,
        trusted=config.trusted_proxies,
    )


def _oidc(settings: Settings) -> OidcConfig | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_role not in ROLES:
        raise NotConfigured(f"TRAWL_OIDC_ROLE is one of {', '.join(ROLES)}.")
    return OidcConfig(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_secret(),
        role=settings.oidc_role,
        create=settings.oidc_create,
    )


async def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT, then refuses, finishes and closes. It starts although a store is away, and says so
    (503, /health) until the store is back."""
    config, certificate = config_of(settings), Certificate.of(settings.tls_cert, settings.tls_key)
    brokers = settings.address("kafka")
    async with process("gateway", settings) as stopping, AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(settings.address("postgres"), max_size=12, application_name="trawl-gateway", wait=0)
        )
        sealer = AuditSealer(database, settings.address("postgres"), AnchorFile(settings.anchors), now)
        await stack.enter_async_context(sealer.sealing())
        reading = await stack.enter_async_context(
            Reading(settings.address("clickhouse"), cluster=settings.clickhouse_cluster)
        )
        analysing = await stack.enter_async_context(Reading(settings.address("clickhouse"), threads=2, queue=10))
        lag = await stack.enter_async_context(KafkaLag(brokers))
        telemetry = await stack.enter_async_context(
            Telemetry(lambda: Publisher(brokers, "gateway"), (StoreUnavailable,))
        )
        watch = LagWatch(lag.positions, lambda lag: lag_seen(*astuple(lag)), (StoreUnavailable,))
        await stack.enter_async_context(watch.watching())
        files = await stack.enter_async_context(BlobFiles(Blobs.of(settings.blobs, settings.data)))
        ports = _ports(settings, database, reading, analysing, lag, telemetry, watch, files)
        if settings.oidc_issuer:
            provider = await stack.enter_async_context(ProviderClient(settings.oidc_issuer))
            ports = replace(ports, provider=provider)
        app = build(ports, config, stores_away=(StoreUnavailable,))
        settled()
        await stack.enter_async_context(reporting("gateway", telemetry))
        if certificate:
            certificate.read_again_when_told()
        await listen(
            app,
            (settings.host, settings.port),
            (settings.metrics_host, settings.metrics_port),
            stopping,
            lambda: notify.ready(f"listening on {settings.host}:{settings.port}"),
            _entry(settings, config),
            certificate.context if certificate else None,
        )


def _ports(
    settings: Settings,
    database: Database,
    reading: Reading,
    analysing: Reading,
    lag: KafkaLag,
    telemetry: Telemetry,
    watch: LagWatch,
    files: BlobFiles,
) -> Ports:
    brokers = settings.address("kafka")
    seal = Seal(lambda: settings.secret("seal_key"))
    mailbox = Mailbox(seal)
    told = PostgresTellings(database, mailbox)
    return Ports(
        accounts=PostgresAccounts(database, mailbox),
        users=PostgresUsers(database, mailbox),
        factors=PostgresFactors(database, seal, mailbox),
        attempts=PostgresAttempts(database, mailbox),
        jobs=PostgresJobs(database, settings.quota),
        quotas=PostgresQuotas(database, settings.quota),
        versions=PostgresVersions(database),
        history=PostgresHistory(database),
        visits=ClickHouseVisits(reading),
        idempotency=IdempotencyKeys(database, seal),
        check_rules=check,
        address_rule=AddressGuard(settings.fetch_allow).literal_verdict,
        previews=PreviewQuestions(database),
        schedules=PostgresSchedules(database),
        webhooks=PostgresWebhooks(database, seal),
        webhook_rule=AddressGuard(settings.webhook_allow).literal_verdict,
        credentials=SiteCredentials(database, seal),
        oauth=PostgresOAuth(database, mailbox),
        identities=PostgresIdentities(database, mailbox),
        signing=PostgresSigningKeys(database, seal),
        rates=PostgresRates(database),
        records=reading,
        analyses=ClickHouseAnalyses(analysing),
        books=StoredBooks(reading, DATASET),
        editions=PostgresEditions(database, NAME),
        audit=PostgresAuditLog(database),
        process_logs=ProcessLogs(reading),
        uploads=UploadRuns(database, settings.quota),
        exports=PostgresExports(database, seal, ExportMails(told, settings.home_url)),
        export_files=files,
        figures=PostgresFigures(database),
        storage=ClickHouseStorage(reading),
        resent=ReplayedLetters(database),
        resend=lambda topic, key, value, headers: resend(brokers, topic, key, value, headers),
        open_feed=lambda wanted: Tail(
            brokers, wanted.topics, since_seconds=wanted.since, first=wanted.first, until=wanted.until, same=True
        ),
        past=ClickHousePast(reading),
        stored_up_to=StoredUpTo(database),
        telemetry=telemetry.send_soon,
        checks=Checks(
            dependencies={
                "postgres": lambda: database.fetch("select 1"),
                "clickhouse": reading.alive,
                "kafka": lag.lag,
            },
            processes=lambda: processes_of(settings.data / "run" / "status.json"),
            behind=lambda: watch.behind,
        ),
    )


def processes_of(status: Path) -> dict[str, ProcessHealth]:
    """What the supervisor wrote about its processes; empty where none runs."""
    try:
        found = orjson.loads(status.read_bytes())["processes"]
        return {
            name: ProcessHealth(
                state=entry["state"], restarts=entry["restarts"], why=entry["why"], ending=entry["ending"]
            )
            for name, entry in found.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


async def ensure_administrator(database: Database) -> str | None:
    """Creates the first account and returns its password, or None where it exists; for `trawl up`."""
    async with Passwords() as passwords:
        return await first.ensure_administrator(PostgresAccounts(database), passwords)


async def rotate_signing_keys(database: Database, settings: Settings, *, leaked: bool = False) -> str:
    """Lets the next key sign tokens and returns its kid; for `trawl keys rotate`. What was signed before stays good,
    unless the keys were `leaked`: then neither the current nor the next one is believed any more."""
    seal, config = Seal(lambda: settings.secret("seal_key")), config_of(settings)
    ring = KeyRing(config.signing_seed, PostgresSigningKeys(database, seal), believed_for=config.longest_lifetime)
    await ring.refresh()
    for _ in range(2 if leaked else 1):
        act = Act(actor="system", action="signing_key_rotated", details={"why": "leaked" if leaked else "asked"})
        await ring.rotate(act, forget=leaked)
    return ring.signing().kid


async def one_time_link(database: Database, settings: Settings, username: str = first.ADMINISTRATOR) -> str | None:
    """The token of `GET /sign-in/{token}` that lets `username` in once within ten minutes; for `trawl demo`."""
    lifetime = config_of(settings).link_lifetime
    return await first.one_time_link(PostgresAccounts(database), lifetime, username)
