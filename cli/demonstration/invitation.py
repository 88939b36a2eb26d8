"""A link that signs the administrator in once."""

from api.main import one_time_link
from cli.errors import CliError
from cli.local import Standing
from infra.postgres.pool import Database


async def invitation(standing: Standing) -> str:
    """The link: good for ten minutes and one use. CliError when the administrator's account is not active."""
    async with Database(standing.endpoints["postgres"], max_size=2, application_name="trawl-invitation") as database:
        token = await one_time_link(database, standing.settings)
    if token is None:
        raise CliError("There is no active account `admin` that could be signed in.")
    return f"{standing.endpoints['gateway']}/sign-in/{token}"
