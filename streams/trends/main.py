"""`trawl trends`."""

from infra.metrics import SeriesMeter
from infra.postgres.snapshots import Snapshots
from infra.settings import Settings
from schemas.topics import CLEAN_RECORDS, topics
from streams.running import Surroundings, run_stage
from streams.trends.detector import FEW_KEYS, MANY_KEYS
from streams.trends.stage import Trends


async def serve(settings: Settings) -> None:
    """Watches series until SIGTERM."""
    preset = FEW_KEYS if settings.trend_sensitivity == "few" else MANY_KEYS

    async def make(around: Surroundings) -> Trends:
        most = settings.trend_series // topics()[CLEAN_RECORDS].partitions
        return Trends(Snapshots(around.database, "trends"), preset, around.offsets, most, SeriesMeter())

    await run_stage("trends", CLEAN_RECORDS, make, settings, batch=256)
