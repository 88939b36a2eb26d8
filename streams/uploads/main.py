"""`trawl uploads`."""

from infra.postgres.uploads import UploadRuns
from infra.settings import Settings
from schemas.topics import UPLOADS
from streams.running import Surroundings, run_stage
from streams.uploads.stage import Uploading


async def serve(settings: Settings) -> None:
    """Takes uploads until SIGTERM."""

    async def make(around: Surroundings) -> Uploading:
        return Uploading(UploadRuns(around.database))

    await run_stage("uploads", UPLOADS, make, settings, batch=16)
