"""`trawl cleaning`."""

from infra.metrics import UNREADABLE
from infra.settings import Settings
from schemas.topics import RAW_RECORDS
from streams.cleaning.stage import Cleaning
from streams.running import Surroundings, run_stage


async def serve(settings: Settings) -> None:
    """Cleans batches until SIGTERM."""

    async def make(_: Surroundings) -> Cleaning:
        return Cleaning(UNREADABLE.inc)

    await run_stage("cleaning", RAW_RECORDS, make, settings, batch=128)
