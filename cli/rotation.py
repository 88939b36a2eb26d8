"""Rotating what the gateway signs tokens with."""

from collections.abc import Mapping

from api.main import rotate_signing_keys
from infra.postgres.pool import Database
from infra.settings import Settings


async def rotate_tokens(settings: Settings, endpoints: Mapping[str, str], *, leaked: bool = False) -> str:
    """The kid of the key that signs from now on. Of `leaked` keys none is believed any more."""
    async with Database(endpoints["postgres"], max_size=2, application_name="trawl-rotation", wait=10) as database:
        return await rotate_signing_keys(database, settings, leaked=leaked)
