"""`trawl extraction`."""

from datetime import UTC, datetime
from random import Random

from infra.blobs.store import Blobs
from infra.postgres.task_ledger import TaskLedger
from infra.settings import Settings
from schemas.topics import RAW_PAGES
from streams.extraction.children.child import PATIENT
from streams.extraction.children.pool import Children
from streams.extraction.stage import Extraction
from streams.replay.main import replaying
from streams.running import Surroundings, run_stage


async def serve(settings: Settings) -> None:
    """Reads pages and closes tasks until SIGTERM."""

    async def make(around: Surroundings) -> Extraction:
        ledger = TaskLedger(around.database)
        bodies = await around.stack.enter_async_context(Blobs.of(around.settings.blobs, around.settings.data))
        children = await around.stack.enter_async_context(Children())
        patient = await around.stack.enter_async_context(Children(PATIENT, most=1))
        await around.stack.enter_async_context(replaying(around))
        return Extraction(ledger, bodies, lambda: datetime.now(UTC), Random(), children, patient)

    await run_stage("extraction", RAW_PAGES, make, settings, batch=64)
