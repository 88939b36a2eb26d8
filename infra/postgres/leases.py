"""Host leases in PostgreSQL."""

from collections.abc import Mapping, Sequence

from infra.postgres.pool import Database
from infra.postgres.sql import queries


class Leases:
    """One owner's leases. Outages are not waited out here: a lease that cannot be renewed is a lease that ends."""

    def __init__(self, database: Database, owner: str, seconds: float) -> None:
        self._database = database
        self._owner = owner
        self.seconds = seconds

    async def acquire(self, hosts: Sequence[str]) -> dict[str, tuple[float, float]]:
        """host → (seconds until it may be visited, its delay), for those that are ours now."""
        rows = await self._database.fetch(
            queries("leases")["acquire"], {"owner": self._owner, "hosts": sorted(hosts), "seconds": self.seconds}
        )
        return {row["host"]: (row["wait_s"], row["delay"]) for row in rows}

    async def renew(self, hosts: Mapping[str, tuple[float, float]]) -> set[str]:
        """Prolongs, with (seconds until the next visit, delay) of each; returns those that are still ours."""
        rows = await self._database.fetch(queries("leases")["renew"], self._state(hosts) | {"seconds": self.seconds})
        return {row["host"] for row in rows}

    async def release(self, hosts: Mapping[str, tuple[float, float]]) -> None:
        """Gives them back at once."""
        await self._database.fetch(queries("leases")["release"], self._state(hosts))

    async def live_runs(self, runs: Sequence[str]) -> set[str]:
        """Of these runs, those whose pages are still wanted."""
        rows = await self._database.fetch(queries("leases")["live_runs"], {"runs": list(runs)})
        return {row["id"] for row in rows}

    def _state(self, hosts: Mapping[str, tuple[float, float]]) -> dict[str, object]:
        names = sorted(hosts)
        return {
            "owner": self._owner,
            "hosts": names,
            "waits": [hosts[name][0] for name in names],
            "delays": [hosts[name][1] for name in names],
        }
