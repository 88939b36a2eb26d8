"""The dashboards' process: the feed and its readers, the stores, Bokeh's server. `trawl dashboards` runs it."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack

from dashboards.documents import applications
from dashboards.feed.feed import TOPICS, Feed
from dashboards.feed.pump import Pump
from dashboards.surroundings import Surroundings
from dashboards.web.server import listening
from dashboards.wording import templates
from infra import notify
from infra.clickhouse.charts import ClickHouseCharts
from infra.kafka.lag import KafkaLag
from infra.kafka.tail import Tail
from infra.postgres.charts import PostgresRuns
from infra.postgres.pool import Database
from infra.settings import Settings


async def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises infra.errors.NotConfigured without addresses or the shared secret, and
    dashboards.errors.PortTaken; a store that is away is waited for, and the pages say that they are not live."""
    brokers, secret = settings.address("kafka"), settings.secret("dashboards_key")
    async with AsyncExitStack() as stack:
        # The process starts although a store is away: `wait=0`, and the others connect when they are first asked.
        database = await stack.enter_async_context(
            Database(settings.address("postgres"), max_size=2, application_name="trawl-dashboards", wait=0)
        )
        runs = PostgresRuns(database)
        charts = await stack.enter_async_context(ClickHouseCharts(settings.address("clickhouse")))
        lag = await stack.enter_async_context(KafkaLag(brokers))
        feed = Feed(time.time())
        pages = templates()
        surroundings = Surroundings(feed, runs, charts, pages)
        port = await stack.enter_async_context(
            listening(applications(surroundings), host=settings.host, port=settings.dashboards_port,
                      gateway_port=settings.port, secret=secret, templates=pages, clock=time.time)
        )  # fmt: skip
        pump = Pump(feed, live=lambda since: Tail(brokers, TOPICS, since_seconds=since), lag=lag, runs=runs,
                    charts=charts)  # fmt: skip
        pumping = asyncio.create_task(pump.run())
        notify.ready(f"listening on {settings.host}:{port}")
        await _until_told_to_stop(pumping)
        notify.stopping()


async def _until_told_to_stop(pumping: asyncio.Task[None]) -> None:
    """Returns at a signal; an error of the pump, which waits out everything that may pass, ends the process."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({waiting, pumping}, return_when=asyncio.FIRST_COMPLETED)
        if pumping.done():
            pumping.result()
    finally:
        for task in (waiting, pumping):
            task.cancel()
        await asyncio.gather(waiting, pumping, return_exceptions=True)
