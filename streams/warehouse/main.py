"""`trawl warehouse`: clean records through a Faust worker, the quieter topics through one plain consumer."""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial

from infra import notify
from infra.clickhouse.row_store import RowStore
from infra.kafka.faust_loop import FaustLoop, Pace
from infra.kafka.offsets import Offsets, check_commits, cluster_id
from infra.kafka.plain_loop import PlainLoop
from infra.kafka.publisher import Publisher
from infra.kafka.pump import Pump
from infra.metrics import StageMeter
from infra.patience import patiently
from infra.postgres.intents import IntentLedger
from infra.postgres.pool import Database
from infra.postgres.snapshots import Suspects
from infra.process import entered, now, process, reporting, until_done
from infra.settings import Settings
from schemas.topics import CLEAN_RECORDS
from streams.warehouse.ports import Intent
from streams.warehouse.rows import QUIET_TOPICS
from streams.warehouse.stage import Warehouse


async def serve(settings: Settings) -> None:
    """Stores until SIGTERM."""
    brokers = settings.address("kafka")
    async with process("warehouse", settings) as stopping, contextlib.AsyncExitStack() as stack:
        database = await entered(
            stack, lambda: Database(settings.address("postgres"), application_name="trawl-warehouse"), "PostgreSQL"
        )
        publisher = await entered(stack, lambda: Publisher(brokers, "warehouse"), "Kafka")
        offsets = await entered(stack, lambda: Offsets(brokers), "Kafka")
        for group, names in (("trawl-warehouse", [CLEAN_RECORDS]), ("trawl-warehouse-events", list(QUIET_TOPICS))):
            await patiently(partial(check_commits, brokers, group, names, offsets), "check the group's offsets")
        cluster = await patiently(lambda: cluster_id(brokers), "ask for the cluster's id")
        await stack.enter_async_context(reporting("warehouse", publisher))

        def pump(name: str, topic: str) -> Pump:
            rows = RowStore(settings.address("clickhouse"))
            stage = Warehouse(IntentLedger(database, Intent), rows, offsets, now, cluster)
            return Pump(name, stage, publisher, Suspects(database, name), StageMeter(name, topic))

        records = FaustLoop(
            pump("warehouse", CLEAN_RECORDS),
            brokers=brokers,
            topic=CLEAN_RECORDS,
            folder=settings.data / "faust",
            batch=512,
            within=0.05,
            pace=Pace(every=0.25, at_most=1.0, heavy=2.0),
        )
        quiet = PlainLoop(pump("warehouse-events", "events"), brokers=brokers, topics=QUIET_TOPICS, every=1.0)
        started = asyncio.Event(), asyncio.Event()
        running = [
            asyncio.create_task(records.run(stopping, started[0])),
            asyncio.create_task(quiet.run(stopping, started[1])),
        ]
        waiting = asyncio.create_task(_all(started))
        await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
        notify.ready()
        try:
            await until_done(*running)
        finally:
            waiting.cancel()


async def _all(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        await event.wait()
