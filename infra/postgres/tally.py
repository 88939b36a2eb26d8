"""What one transaction changes in the accounts of runs and hosts, added up before it is written."""

from collections import defaultdict
from dataclasses import dataclass, field

from infra.postgres.pool import Connection
from infra.postgres.sql import queries

_COUNTERS = ("requested", "queued", "issued", "fetched", "failed", "filtered", "visited", "extracted", "sources")


@dataclass(slots=True)
class AtHost:
    """Differences at one host of a run. `ready_at` (epoch seconds) is the earliest moment at which one of the rows that
    were added may go; None: one may at once, or none was added."""

    queued: int = 0
    issued: int = 0
    ready_at: float | None = None

    def add(self, queued: int, issued: int, ready_at: float | None) -> None:
        """Adds to both counts; None of `ready_at`: what is added may go at once."""
        if queued > 0:
            first = self.queued == 0 and self.ready_at is None
            self.ready_at = ready_at if first else min(self.ready_at or 0.0, ready_at or 0.0) or None
        self.queued += queued
        self.issued += issued

    @property
    def falls(self) -> bool:
        """Whether one of the counts does: then the host is known already."""
        return self.queued < 0 or self.issued < 0


@dataclass
class Tally:
    """Differences by run and by (run, host). Written last, in order, under the locks of the runs."""

    runs: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: dict.fromkeys(_COUNTERS, 0)))
    hosts: dict[tuple[str, str], AtHost] = field(default_factory=lambda: defaultdict(AtHost))

    def add(self, run: str, **counts: int) -> None:
        """Adds to a run's counters, by name."""
        counters = self.runs[run]
        for name, count in counts.items():
            counters[name] += count

    def at_host(self, run: str, host: str, *, queued: int = 0, issued: int = 0, ready_at: float | None = None) -> None:
        """Adds to what waits and what is under way at a host; `ready_at` (epoch seconds) delays what was added."""
        self.hosts[run, host].add(queued, issued, ready_at)

    async def write(self, connection: Connection) -> None:
        """Hosts, then runs; one statement each."""
        named = queries("frontier")
        places = [(run, host, self.hosts[run, host]) for run, host in sorted(self.hosts)]
        for name, falls in (("add_to_hosts", False), ("add_to_hosts_known", True)):
            chosen = [place for place in places if place[2].falls is falls]
            if chosen:
                await connection.execute(
                    named[name],
                    {
                        "run": [run for run, _, _ in chosen],
                        "host": [host for _, host, _ in chosen],
                        "queued": [at.queued for _, _, at in chosen],
                        "issued": [at.issued for _, _, at in chosen],
                        "ready_at": [at.ready_at for _, _, at in chosen],
                    },
                )
        if self.runs:
            ids = sorted(self.runs)
            columns = {name: [self.runs[run][name] for run in ids] for name in _COUNTERS}
            await connection.execute(named["add_to_runs"], {"run": ids, **columns})
