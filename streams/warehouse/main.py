"""`trawl warehouse`: clean records through a Faust worker, the quieter topics through one plain consumer."""

from infra.clickhouse.row_store import RowStore
from infra.kafka.faust_loop import FaustLoop, Pace
from infra.kafka.offsets import cluster_id
from infra.kafka.plain_loop import PlainLoop
from infra.patience import patiently
from infra.postgres.intents import IntentLedger
from infra.process import now
from infra.settings import Settings
from schemas.topics import CLEAN_RECORDS
from streams.running import Surroundings, consume, pumped, surrounded
from streams.warehouse.rows import QUIET_TOPICS
from streams.warehouse.stage import Warehouse


async def serve(settings: Settings) -> None:
    """Stores until SIGTERM."""
    async with surrounded("warehouse", settings) as around:
        cluster = await patiently(lambda: cluster_id(around.brokers), "ask for the cluster's id")

        def stage() -> Warehouse:
            rows = RowStore(settings.address("clickhouse"))
            return Warehouse(IntentLedger(around.database), rows, around.offsets, now, cluster)

        loops = await _records(around, stage()), await _quiet(around, stage())
        await consume(around.stopping, loops)


async def _records(around: Surroundings, stage: Warehouse) -> FaustLoop:
    return FaustLoop(
        await pumped(around, "warehouse", stage, [CLEAN_RECORDS]),
        brokers=around.brokers,
        topic=CLEAN_RECORDS,
        folder=around.settings.data / "faust",
        batch=512,
        within=0.05,
        pace=Pace(every=0.25, at_most=1.0, heavy=2.0),
    )


async def _quiet(around: Surroundings, stage: Warehouse) -> PlainLoop:
    pump = await pumped(around, "warehouse-events", stage, QUIET_TOPICS)
    return PlainLoop(pump, brokers=around.brokers, topics=QUIET_TOPICS, every=1.0)
