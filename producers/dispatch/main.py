"""`trawl dispatch`."""

import asyncio
import contextlib

from infra import notify
from infra.clickhouse.row_store import RowStore
from infra.disk import Disk
from infra.kafka.offsets import Offsets
from infra.kafka.publisher import Publisher
from infra.postgres.dispatching import DispatchFrontier
from infra.postgres.leadership import Leadership
from infra.postgres.pool import Database
from infra.postgres.retention import Retention
from infra.process import entered, now, process, reporting, worked
from infra.settings import Settings
from producers.dispatch.brake import Brake
from producers.dispatch.closing import Closer
from producers.dispatch.service import Dispatch
from producers.housekeeping import Work, housekeeping


async def serve(settings: Settings) -> None:
    """Conducts the crawl until SIGTERM; a second one stands by."""
    brokers, postgres = settings.address("kafka"), settings.address("postgres")
    async with process("dispatch", settings) as stopping, contextlib.AsyncExitStack() as stack:
        database = await entered(stack, lambda: Database(postgres, application_name="trawl-dispatch"), "PostgreSQL")
        publisher = await entered(stack, lambda: Publisher(brokers, "dispatch"), "Kafka")
        offsets = await entered(stack, lambda: Offsets(brokers), "Kafka")
        await stack.enter_async_context(reporting("dispatch", publisher))
        notify.ready("standing by")
        frontier = DispatchFrontier(database, settings.quota.pages_a_day)
        closer = Closer(frontier, RowStore(settings.address("clickhouse")), offsets)
        brake = Brake(Disk(settings.data))
        leadership = Leadership(postgres)
        stack.push_async_callback(leadership.give_up)
        while await leadership.won(stopping):
            notify.status("working")
            await _lead(Dispatch(frontier, publisher, closer, now, brake), database, leadership, stopping)
            notify.status("standing by")


async def _lead(dispatch: Dispatch, database: Database, leadership: Leadership, stopping: asyncio.Event) -> None:
    """Works until `stopping` or until the lead is lost; the round at hand is finished."""
    ending = asyncio.Event()
    beside = [
        asyncio.create_task(leadership.keep(stopping)),
        asyncio.create_task(database.rouse("frontier", dispatch.wake)),
        asyncio.create_task(housekeeping(_works(Retention(database)))),
    ]
    await worked(ending, beside, asyncio.create_task(dispatch.run(ending)))


def _works(retention: Retention) -> dict[str, Work]:
    return {
        "job_pages": retention.forget_pages,
        "estimates": retention.forget_estimates,
        "idempotency_keys": retention.forget_keys,
        "sessions": retention.forget_sessions,
        "links": retention.forget_links,
        "devices": retention.forget_devices,
    }
