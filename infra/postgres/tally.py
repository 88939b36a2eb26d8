"""What one transaction changes in the accounts of runs and hosts, added up before it is written."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from infra.postgres.pool import Connection
from infra.postgres.sql import queries

_COUNTERS = ("requested", "queued", "issued", "fetched", "failed", "filtered", "visited", "extracted", "sources")


@dataclass
class Tally:
    """Differences by run and by (run, host). Written last, in order, under the locks of the runs."""

    runs: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: dict.fromkeys(_COUNTERS, 0)))
    hosts: dict[tuple[str, str], list[Any]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, None]))

    def add(self, run: str, **counts: int) -> None:
        """Adds to a run's counters, by name."""
        counters = self.runs[run]
        for name, count in counts.items():
            counters[name] += count

    def at_host(self, run: str, host: str, *, queued: int = 0, issued: int = 0, ready_at: float | None = None) -> None:
        """Adds to what waits and what is under way at a host; `ready_at` (epoch seconds) delays what was added."""
        entry = self.hosts[run, host]
        if queued > 0:
            entry[2] = ready_at if entry[0] == 0 and entry[2] is None else min(entry[2] or 0.0, ready_at or 0.0) or None
        entry[0] += queued
        entry[1] += issued

    async def write(self, connection: Connection) -> None:
        """Hosts, then runs; one statement each."""
        named = queries("frontier")
        places = sorted(self.hosts.items())
        for name, chosen in (
            ("add_to_hosts", [entry for entry in places if entry[1][0] >= 0 and entry[1][1] >= 0]),
            ("add_to_hosts_known", [entry for entry in places if entry[1][0] < 0 or entry[1][1] < 0]),
        ):
            if chosen:
                await connection.execute(
                    named[name],
                    {
                        "run": [place[0] for place, _ in chosen],
                        "host": [place[1] for place, _ in chosen],
                        "queued": [entry[0] for _, entry in chosen],
                        "issued": [entry[1] for _, entry in chosen],
                        "ready_at": [entry[2] for _, entry in chosen],
                    },
                )
        if self.runs:
            ids = sorted(self.runs)
            columns = {name: [self.runs[run][name] for run in ids] for name in _COUNTERS}
            await connection.execute(named["add_to_runs"], {"run": ids, **columns})
