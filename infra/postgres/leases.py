"""Host leases in PostgreSQL, and the word on runs that goes with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.postgres.pool import Database
from infra.postgres.sql import queries
from schemas.leases import HostRecord, RunState


class Leases:
    """One owner's leases. Outages are not waited out here: a lease that cannot be renewed is a lease that ends."""

    def __init__(self, database: Database, owner: str, seconds: float) -> None:
        self._database = database
        self._owner = owner
        self.seconds = seconds

    async def acquire(self, hosts: Sequence[str]) -> dict[str, HostRecord]:
        """host → what its last owner left behind, for those that are ours now; `wait_s` is negative once it is past."""
        rows = await self._rows("acquire", {"owner": self._owner, "hosts": sorted(hosts), "seconds": self.seconds})
        return {row.pop("host"): HostRecord(**row) for row in rows}

    async def renew(self, hosts: Mapping[str, HostRecord]) -> set[str]:
        """Prolongs, and writes down what is to be remembered of each; returns those that are still ours."""
        rows = await self._rows("renew", self._told(hosts) | {"seconds": self.seconds})
        return {row["host"] for row in rows}

    async def release(self, hosts: Mapping[str, HostRecord]) -> None:
        """Gives them back at once."""
        await self._rows("release", self._told(hosts))

    async def run_states(self, runs: Sequence[str]) -> dict[str, RunState]:
        """Of these runs, those whose pages are still wanted, and how."""
        rows = await self._rows("run_states", {"runs": list(runs)})
        return {row["id"]: RunState(row["paused"], row["delay"]) for row in rows}

    async def _rows(self, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return await self._database.fetch(queries("leases")[name], params)

    def _told(self, hosts: Mapping[str, HostRecord]) -> dict[str, Any]:
        names = sorted(hosts)
        records = [hosts[name] for name in names]
        return {
            "owner": self._owner,
            "hosts": names,
            "waits": [record.wait_s for record in records],
            "delays": [record.delay for record in records],
            "backoffs": [record.backoff for record in records],
            "latencies": [record.latency for record in records],
            "failures": [record.failures for record in records],
            "failing": [record.failing_s if record.failures else None for record in records],
            "kinds": [record.failure for record in records],
        }
