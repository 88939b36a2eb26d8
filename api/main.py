"""The gateway's composition root: settings → adapters → application → two listening servers."""

from contextlib import AsyncExitStack
from dataclasses import astuple
from pathlib import Path

import orjson

from api.app import build
from api.auth import first
from api.auth.passwords import Passwords
from api.auth.sign_in import SignIn
from api.auth.tokens import Tokens
from api.config import GatewayConfig
from api.live.hub import TOPICS
from api.ports import Checks, Ports, ProcessHealth
from api.server import listen
from api.services.lag import LagWatch
from api.telemetry import Telemetry
from infra import notify
from infra.clickhouse.reading import Reading
from infra.errors import StoreUnavailable
from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher, resend
from infra.kafka.tail import Tail
from infra.metrics import lag_seen
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.credentials import SiteCredentials
from infra.postgres.jobs import PostgresJobs
from infra.postgres.letters import ReplayedLetters
from infra.postgres.pool import Database
from infra.postgres.previews import PreviewQuestions
from infra.postgres.uploads import UploadRuns
from infra.process import process, reporting
from infra.sealing import Seal
from infra.settings import Settings
from streams.extraction.rules import check


def config_of(settings: Settings) -> GatewayConfig:
    """The gateway's configuration. Raises infra.errors.NotConfigured without the two shared secrets."""
    return GatewayConfig(
        signing_seed=settings.secret("signing_key"),
        dashboards_secret=settings.secret("dashboards_key"),
        dashboards_port=settings.dashboards_port,
        public_url=settings.public_url or "",
        user_agent=settings.user_agent,
        dashboards_url=settings.dashboards_url or "",
        cors_origins=settings.cors_origins,
    )


async def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT, then refuses, finishes and closes. It starts although a store is away, and says so
    (503, /health) until the store is back."""
    config = config_of(settings)
    brokers = settings.address("kafka")
    async with process("gateway", settings) as stopping, AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(settings.address("postgres"), max_size=12, application_name="trawl-gateway", wait=0)
        )
        reading = await stack.enter_async_context(Reading(settings.address("clickhouse")))
        lag = await stack.enter_async_context(KafkaLag(brokers))
        telemetry = await stack.enter_async_context(
            Telemetry(lambda: Publisher(brokers, "gateway"), (StoreUnavailable,))
        )
        watch = LagWatch(lag.positions, lambda lag: lag_seen(*astuple(lag)), (StoreUnavailable,))
        await stack.enter_async_context(watch.watching())
        ports = _ports(settings, database, reading, lag, telemetry, watch)
        app = build(ports, config, stores_away=(StoreUnavailable,))
        await stack.enter_async_context(reporting("gateway", telemetry))
        await listen(
            app,
            (settings.host, settings.port),
            (settings.metrics_host, settings.metrics_port),
            stopping,
            lambda: notify.ready(f"listening on {settings.host}:{settings.port}"),
        )


def _ports(
    settings: Settings, database: Database, reading: Reading, lag: KafkaLag, telemetry: Telemetry, watch: LagWatch
) -> Ports:
    brokers = settings.address("kafka")
    return Ports(
        accounts=PostgresAccounts(database),
        jobs=PostgresJobs(database),
        check_rules=check,
        previews=PreviewQuestions(database),
        credentials=SiteCredentials(database, Seal(settings.secret("seal_key"))),
        records=reading,
        uploads=UploadRuns(database),
        resent=ReplayedLetters(database),
        resend=lambda topic, key, value, headers: resend(brokers, topic, key, value, headers),
        open_feed=lambda since: Tail(brokers, TOPICS, since_seconds=since),
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


async def one_time_link(database: Database, settings: Settings, username: str = first.ADMINISTRATOR) -> str | None:
    """The token of `GET /sign-in/{token}` that lets `username` in once within ten minutes; for `trawl demo`."""
    config, accounts = config_of(settings), PostgresAccounts(database)
    tokens = Tokens(config.signing_seed, config.issuer, config.audience)
    async with Passwords() as passwords:
        return await first.one_time_link(accounts, SignIn(accounts, passwords, tokens, config), username)
