"""The frontier in memory: what PostgreSQL does in a transaction happens here between two pauses."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from infra.errors import Fenced
from producers.dispatch.ports import Issued, OpenRun, Said
from schemas.codec import encode
from schemas.events import RunCounts, RunEvent
from schemas.ids import digest
from schemas.job import JobDescription
from schemas.topics import RUN_EVENTS
from streams.extraction.ports import Closed, Closing, FoundLink, Run
from streams.warehouse.ports import Sums
from tests.fakes.pausing import Pause


@dataclass
class Row:
    """One URL of a run."""

    url: str
    host: str
    depth: int
    hops: int = 0
    state: str = "queued"
    attempt: int = 0
    tries: int = 0
    not_before: float = 0.0
    issued_at: float = 0.0
    published: bool = False
    counted: bool = False
    fetch_id: str | None = None
    outcome: str | None = None
    klass: str | None = None
    records: int = 0
    reason: str = ""


@dataclass
class MemoryRun:
    """A run and its rows."""

    run: Run
    state: str = "queued"
    cancelled: bool = False
    event_seq: int = 0
    stored: int = 0
    rejected: int = 0
    dropped: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    batches: dict[str, tuple[int, bool]] = field(default_factory=dict)

    @property
    def visited(self) -> int:
        return sum(row.counted for row in self.rows.values())

    @property
    def counts(self) -> RunCounts:
        rows = list(self.rows.values())
        return RunCounts(
            requested=len(rows),
            queued=sum(row.state == "queued" for row in rows),
            issued=sum(row.state == "issued" for row in rows),
            fetched=sum(row.klass == "fetched" for row in rows),
            failed=sum(row.klass == "failed" for row in rows),
            filtered=sum(row.klass == "filtered" for row in rows),
            extracted=sum(row.records for row in rows),
            stored=self.stored,
            rejected=self.rejected,
            dropped=self.dropped,
        )


class MemoryFrontier:
    """Both sides: extraction's ledger of tasks and dispatch's frontier."""

    def __init__(self) -> None:
        self.runs: dict[str, MemoryRun] = {}
        self.outbox_rows: list[Said] = []
        self._ids = count(1)

    def open(self, run: Run, seeds: Sequence[FoundLink]) -> None:
        """What intake's transaction does."""
        entry = self.runs[run.id] = MemoryRun(run)
        for seed in seeds:
            entry.rows[seed.url_fp] = Row(seed.url, seed.host, 0)
        self._change(entry, "running")

    # extraction's side

    async def run(self, run_id: str) -> Run | None:
        await Pause()
        entry = self.runs.get(run_id)
        return entry.run if entry else None

    async def close(self, closings: Sequence[Closing]) -> list[Closed]:
        await Pause()
        closed = [self._close(closing) for closing in closings]
        await Pause()
        return closed

    def _close(self, closing: Closing) -> Closed:
        entry = self.runs[closing.run_id]
        row = entry.rows[closing.url_fp]
        open_claim = row.state == "issued" and row.fetch_id is None
        if closing.retry_at is not None:
            same_try = closing.whole and row.tries == closing.tries
            if not (open_claim and (same_try or row.attempt == closing.attempt)):
                return Closed(False)
            row.state, row.tries, row.published, row.reason = "queued", row.tries + 1, False, closing.reason
            row.not_before = closing.retry_at
            return Closed(False, retried=True)
        if not (open_claim and (closing.whole or row.attempt == closing.attempt)):
            return Closed(row.fetch_id == closing.fetch_id)
        row.state, row.fetch_id, row.outcome, row.klass = "done", closing.fetch_id, closing.outcome, closing.klass
        row.records, row.tries, row.reason = closing.records, row.tries + 1, closing.reason
        entry.batches |= {batch: (records, False) for batch, records in closing.batches}
        return Closed(True, sum(self._link(entry, link) for link in closing.links))

    def _link(self, entry: MemoryRun, link: FoundLink) -> bool:
        known = entry.rows.get(link.url_fp)
        if known is not None:
            if link.outcome is None and known.reason == "too_deep" and known.state == "done":
                known.state, known.outcome, known.klass, known.reason = "queued", None, None, ""
                known.depth = link.depth
            elif link.outcome is None and known.state == "queued":
                known.depth = min(known.depth, link.depth)
            return False
        outcome, reason = link.outcome, link.reason
        if outcome is None and entry.cancelled:
            outcome = "cancelled"
        elif outcome is None and link.hops == 0 and entry.visited >= entry.run.description.options.max_pages:
            outcome = "budget"
        row = Row(link.url, link.host, link.depth, link.hops, reason=reason)
        if outcome is not None:
            row.state, row.outcome, row.klass = "done", outcome, "filtered"
        entry.rows[link.url_fp] = row
        return True

    # dispatch's side

    async def open_runs(self) -> list[OpenRun]:
        await Pause()
        return [
            OpenRun(id=key, job_id=run.run.job_id, dataset=run.run.dataset, state=run.state, priority=0, seeded=True,
                    cancelled=run.cancelled, max_pages=run.run.description.options.max_pages, counts=run.counts,
                    finishing_s=0.0)
            for key, run in self.runs.items() if run.state in ("queued", "running", "finishing")
        ]  # fmt: skip

    async def description(self, run_id: str) -> JobDescription:
        await Pause()
        return self.runs[run_id].run.description

    async def ready(self, runs: Sequence[str]) -> list[tuple[str, str, int]]:
        await Pause()
        found: dict[tuple[str, str], int] = {}
        ready: set[tuple[str, str]] = set()
        for key in runs:
            for row in self.runs[key].rows.values():
                if row.state == "queued":
                    found[key, row.host] = found.get((key, row.host), 0) + 1
                    if row.not_before <= time.time():
                        ready.add((key, row.host))
        return [(run, host, waiting) for (run, host), waiting in found.items() if (run, host) in ready]

    async def next_ready(self, runs: Sequence[str]) -> float | None:
        await Pause()
        rows = [row for key in runs for row in self.runs[key].rows.values() if row.state == "queued"]
        later = [row.not_before - time.time() for row in rows if row.not_before > time.time()]
        return min(later, default=None)

    async def under_way(self) -> dict[str, tuple[int, float]]:
        await Pause()
        found: dict[str, tuple[int, float]] = {}
        for run in self.runs.values():
            for row in run.rows.values():
                if row.state == "issued":
                    found[row.host] = (found.get(row.host, (0, 0.0))[0] + 1, 0.0)
        return found

    async def reserve(self, run_id: str, quotas: Mapping[str, int]) -> list[Issued]:
        await Pause()
        entry, issued = self.runs[run_id], []
        if entry.state != "running" or entry.cancelled:
            return []
        left = dict(quotas)
        for fp, row in sorted(entry.rows.items(), key=lambda item: item[1].depth):
            fresh = not row.counted and row.hops == 0
            if row.state != "queued" or left.get(row.host, 0) == 0 or row.not_before > time.time():
                continue
            if fresh and entry.visited >= entry.run.description.options.max_pages:
                continue
            left[row.host] -= 1
            row.counted = row.counted or row.hops == 0
            issued.append(self._issue(run_id, fp, row))
        if entry.visited >= entry.run.description.options.max_pages:
            for row in entry.rows.values():
                if row.state == "queued" and not row.counted and row.hops == 0:
                    row.state, row.outcome, row.klass = "done", "budget", "filtered"
        await Pause()
        return issued

    def _issue(self, run_id: str, fp: str, row: Row) -> Issued:
        row.state, row.attempt, row.published, row.issued_at = "issued", row.attempt + 1, False, time.monotonic()
        return self._issued(run_id, fp, row)

    @staticmethod
    def _issued(run_id: str, fp: str, row: Row) -> Issued:
        return Issued(run_id=run_id, url_fp=fp, url=row.url, host=row.host, attempt=row.attempt, depth=row.depth,
                      hops=row.hops, tries=row.tries)  # fmt: skip

    async def mark_published(self, tasks: Sequence[Issued]) -> None:
        await Pause()
        for task in tasks:
            row = self.runs[task.run_id].rows[task.url_fp]
            if row.state == "issued":
                row.published = True

    async def unpublished(self, older_s: float) -> list[Issued]:
        await Pause()
        return [
            self._issued(key, fp, row)
            for key, run in self.runs.items() for fp, row in run.rows.items()
            if row.state == "issued" and not row.published and time.monotonic() - row.issued_at >= older_s
        ]  # fmt: skip

    def overdue(self) -> list[tuple[str, str, Row]]:
        """What the model may declare lost; PostgreSQL goes by leases and ages."""
        return [
            (key, fp, row)
            for key, run in self.runs.items() for fp, row in run.rows.items()
            if row.state == "issued" and row.published and row.fetch_id is None
        ]  # fmt: skip

    async def reissue_overdue(self) -> list[Issued]:
        await Pause()
        return []

    async def cancel(self, run_id: str) -> None:
        await self._drop(run_id, "cancelled")

    async def fail(self, run_id: str, reason: str) -> None:
        await self._drop(run_id, "failed", reason)

    async def _drop(self, run_id: str, state: str, reason: str = "") -> None:
        await Pause()
        entry = self.runs[run_id]
        for row in entry.rows.values():
            if row.state != "done":
                row.state, row.outcome, row.klass = "done", "cancelled", "filtered"
        if entry.state in ("queued", "running", "finishing"):
            self._change(entry, state, reason)

    async def to_finishing(self, run_id: str) -> None:
        await Pause()
        if self.runs[run_id].state == "running":
            self._change(self.runs[run_id], "finishing")

    async def short(self, run_id: str) -> list[str]:
        await Pause()
        return [batch for batch, (_, confirmed) in self.runs[run_id].batches.items() if not confirmed]

    async def promised(self, run_id: str) -> tuple[int, int]:
        await Pause()
        batches = self.runs[run_id].batches
        return len(batches), sum(records for records, _ in batches.values())

    async def finish(self, run_id: str, state: str, reason: str, end_offsets: Mapping[str, Mapping[str, int]]) -> None:
        await Pause()
        if self.runs[run_id].state == "finishing":
            self._change(self.runs[run_id], state, reason, end_offsets)

    async def alert(self, subject: str, kind: str, message: str) -> None:
        await Pause()

    async def close_alerts(self, subject: str) -> None:
        await Pause()

    async def outbox(self) -> list[Said]:
        await Pause()
        return list(self.outbox_rows)

    async def delivered(self, said: Sequence[Said]) -> None:
        await Pause()
        gone = {entry.id for entry in said}
        self.outbox_rows = [entry for entry in self.outbox_rows if entry.id not in gone]

    def _change(
        self,
        entry: MemoryRun,
        state: str,
        reason: str = "",
        end_offsets: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        entry.state, entry.event_seq = state, entry.event_seq + 1
        event = RunEvent(
            id=digest(entry.run.id, "state", str(entry.event_seq)),
            run_id=entry.run.id, job_id=entry.run.job_id, dataset=entry.run.dataset, kind="state",
            state=state, at="2026-01-01T00:00:00Z", counts=entry.counts, reason=reason,  # type: ignore[arg-type]
            end_offsets={topic: dict(ends) for topic, ends in (end_offsets or {}).items()},
        )  # fmt: skip
        self.outbox_rows.append(Said(next(self._ids), RUN_EVENTS, entry.run.id, encode(event)))

    # the warehouse's confirmation

    def confirm(self, sums: Sequence[Sums]) -> None:
        """Part of the transaction that confirms an intent."""
        for entry in sums:
            run = self.runs.get(entry.run_id)
            if run is None:
                continue
            for batch in entry.batches:
                if batch in run.batches:
                    run.batches[batch] = (run.batches[batch][0], True)
            run.stored += entry.stored
            run.rejected += entry.rejected
            run.dropped += entry.dropped


__all__ = ["Fenced", "MemoryFrontier", "MemoryRun", "Row"]
