"""A link that signs the administrator in once."""

from collections.abc import Mapping

from api.main import one_time_link
from cli.errors import CliError
from infra.postgres.pool import Database
from infra.settings import Settings


async def invitation(settings: Settings, endpoints: Mapping[str, str]) -> str:
    """The link: good for ten minutes and one use. CliError when the administrator's account is not active."""
    async with Database(endpoints["postgres"], max_size=2, application_name="trawl-invitation", wait=10) as database:
        token = await one_time_link(database, settings)
    if token is None:
        raise CliError("There is no active account `admin` that could be signed in.")
    return f"{endpoints.get('public', endpoints['gateway'])}/sign-in/{token}"
