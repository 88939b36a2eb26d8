"""Host leases in memory: one table, as many owners as a test wants."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from schemas.leases import HostRecord, RunState


@dataclass
class _Row:
    owner: str
    until: float
    record: HostRecord = field(default_factory=HostRecord)
    next_visit: float = -math.inf
    failing_since: float = 0.0


class LeaseTable:
    """What PostgreSQL holds; `now` is its clock, in seconds. `away`: it does not answer; `slow`: after so long."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.rows: dict[str, _Row] = {}
        self.runs: dict[str, RunState] = {}
        self.asked_about_runs = 0
        self.acquired: list[str] = []
        self.away = False
        self.slow = 0.001

    def held(self) -> set[str]:
        """Hosts that somebody holds."""
        return {host for host, row in self.rows.items() if row.until >= self.now()}

    def owner(self, host: str) -> str:
        """Who holds it; empty for nobody."""
        row = self.rows.get(host)
        return row.owner if row and row.until >= self.now() else ""

    def remember(self, row: _Row, record: HostRecord) -> None:
        """Moments, because time passes."""
        row.record = record
        row.next_visit = self.now() + record.wait_s
        row.failing_since = self.now() - record.failing_s

    def recall(self, row: _Row) -> HostRecord:
        """Seconds from now, and until now."""
        failing = self.now() - row.failing_since if row.record.failures else 0.0
        return replace(row.record, wait_s=max(row.next_visit - self.now(), -31_557_600.0), failing_s=failing)


class MemoryLeases:
    """One owner's leases in a table."""

    def __init__(self, table: LeaseTable, owner: str, seconds: float) -> None:
        self._table = table
        self._owner = owner
        self.seconds = seconds

    async def acquire(self, hosts: Sequence[str]) -> dict[str, HostRecord]:
        await self._answer()
        found, now = {}, self._table.now()
        for host in hosts:
            row = self._table.rows.setdefault(host, _Row(self._owner, now))
            if row.owner == self._owner or row.until < now:
                row.owner, row.until = self._owner, now + self.seconds
                found[host] = self._table.recall(row)
                self._table.acquired.append(host)
        return found

    async def renew(self, hosts: Mapping[str, HostRecord]) -> set[str]:
        await self._answer()
        still = {host for host in hosts if self._table.owner(host) == self._owner}
        for host in still:
            self._table.rows[host].until = self._table.now() + self.seconds
            self._table.remember(self._table.rows[host], hosts[host])
        return still

    async def release(self, hosts: Mapping[str, HostRecord]) -> None:
        await self._answer()
        for host, record in hosts.items():
            row = self._table.rows.get(host)
            if row and row.owner == self._owner:
                row.owner, row.until = "", -math.inf
                self._table.remember(row, record)

    async def run_states(self, runs: Sequence[str]) -> dict[str, RunState]:
        await self._answer()
        self._table.asked_about_runs += 1
        return {run: self._table.runs[run] for run in runs if run in self._table.runs}

    async def _answer(self) -> None:
        await asyncio.sleep(self._table.slow)
        if self._table.away:
            raise ConnectionError("The store is away.")
