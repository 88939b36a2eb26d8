"""`trawl intake`."""

from infra.postgres.seeding import Seeding
from infra.settings import Settings
from schemas.topics import SCRAPE_REQUESTS
from streams.extraction.rules import check
from streams.intake.stage import Intake
from streams.running import Surroundings, run_stage


async def serve(settings: Settings) -> None:
    """Opens runs until SIGTERM."""

    async def make(around: Surroundings) -> Intake:
        return Intake(Seeding(around.database), check)

    await run_stage("intake", SCRAPE_REQUESTS, make, settings, batch=32)
