"""The dashboards' process: the feed and its readers, the stores, Bokeh's server. `trawl dashboards` runs it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from dashboards.documents import applications
from dashboards.feed.feed import TOPICS, Feed
from dashboards.feed.pump import Pump
from dashboards.stubborn import again_and_again
from dashboards.surroundings import Surroundings
from dashboards.web.server import Address, listening
from dashboards.wording import templates
from infra import notify
from infra.clickhouse.charts import ClickHouseCharts
from infra.kafka.lag import KafkaLag
from infra.kafka.publisher import Publisher
from infra.kafka.tail import Tail
from infra.postgres.accounts import PostgresAccounts
from infra.postgres.charts import PostgresRuns
from infra.postgres.pool import Database
from infra.process import process, reporting
from infra.settings import Settings
from infra.tls import Certificate


async def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises infra.errors.NotConfigured without addresses or the shared secret, and
    dashboards.errors.PortTaken; a store that is away is waited for, and the pages say that they are not live."""
    certificate = Certificate.of(settings.tls_cert, settings.tls_key)
    brokers, secret = settings.address("kafka"), settings.secret("dashboards_key")
    async with process("dashboards", settings) as stopping, AsyncExitStack() as stack:
        # The process starts although a store is away: `wait=0`, and the others connect when they are first asked.
        database = await stack.enter_async_context(
            Database(settings.address("postgres"), max_size=2, application_name="trawl-dashboards", wait=0)
        )
        charts = await stack.enter_async_context(ClickHouseCharts(settings.address("clickhouse")))
        lag = await stack.enter_async_context(KafkaLag(brokers))
        feed, runs, pages = Feed(time.time()), PostgresRuns(database), templates()
        surroundings = Surroundings(feed, runs, charts, pages)
        port = await stack.enter_async_context(
            listening(applications(surroundings), _address(settings), secret=secret,
                      sessions=PostgresAccounts(database), templates=pages, clock=time.time,
                      tls=certificate.context if certificate else None)
        )  # fmt: skip
        pump = Pump(feed, live=lambda since: Tail(brokers, TOPICS, since_seconds=since), lag=lag, runs=runs,
                    charts=charts)  # fmt: skip
        pumping = await stack.enter_async_context(_beside(pump.run()))
        await stack.enter_async_context(_beside(again_and_again("metrics", lambda: _report(brokers))))
        notify.ready(f"listening on {settings.host}:{port}")
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({told, pumping}, return_when=asyncio.FIRST_COMPLETED)
        if pumping.done():
            # It waits out whatever may pass: what ends it is a defect, and ends the process.
            pumping.result()


def _address(settings: Settings) -> Address:
    return Address(host=settings.host, port=settings.dashboards_port, gateway_port=settings.port,
                   public_url=settings.dashboards_url or "", gateway_url=settings.public_url or "")  # fmt: skip


async def _report(brokers: str) -> None:
    async with Publisher(brokers, "dashboards") as publisher, reporting("dashboards", publisher):
        await asyncio.Event().wait()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Does the work while the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
