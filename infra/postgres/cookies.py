"""The cookies of runs in PostgreSQL."""

from collections.abc import Sequence

from infra.postgres.pool import Database
from infra.postgres.sql import queries
from schemas.cookies import Cookie, KeptCookie


class RunCookies:
    """The fetchers' cookie store. Outages are the caller's to wait out: it has a lease to think of."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("cookies")

    async def load(self, run_id: str, site: str) -> list[Cookie]:
        """A site's cookies in a run."""
        rows = await self._database.fetch(self._sql["load"], {"run": run_id, "site": site})
        return [Cookie(**row) for row in rows]

    async def save(self, kept: Sequence[KeptCookie]) -> None:
        """Writes new and changed ones; each cookie of a run at most once in a call."""
        cookies = [one.cookie for one in kept]
        columns = ("id", "name", "value", "domain", "path", "host_only", "secure", "http_only", "created", "expires")
        values = {name: [getattr(cookie, name) for cookie in cookies] for name in columns}
        values |= {"run": [one.run_id for one in kept], "site": [one.site for one in kept]}
        await self._database.fetch(self._sql["save"], values)

    async def sweep(self) -> None:
        """Forgets what no run needs any more."""
        await self._database.fetch(self._sql["sweep"])
