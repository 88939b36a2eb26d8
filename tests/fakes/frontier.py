"""The frontier in memory: what PostgreSQL does in a transaction happens here between two pauses."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from infra.errors import Fenced
from schemas.closings import Closed, Closing, Memory
from schemas.codec import encode
from schemas.events import RunCounts, RunEvent
from schemas.freshness import Watched, wait_s
from schemas.frontier import (
    MAX_BEYOND,
    MAX_SOURCES,
    TOO_MANY_SOURCES,
    FoundLink,
    Issued,
    Seed,
    left_out_note,
    priority_of,
)
from schemas.ids import digest
from schemas.intents import Sums
from schemas.job import JobDescription
from schemas.open_runs import OpenRun
from schemas.outbox import Said
from schemas.pinned import PinnedRun
from schemas.topics import RUN_EVENTS
from schemas.urls import row_fingerprint
from tests.fakes.frontier_rows import MemoryRun, Remembered, Row
from tests.fakes.pausing import Pause


class MemoryFrontier:
    """Both sides: extraction's ledger of tasks and dispatch's frontier."""

    def __init__(self) -> None:
        self.runs: dict[str, MemoryRun] = {}
        self.memory: dict[tuple[str, str], Remembered] = {}
        self.outbox_rows: list[Said] = []
        self.visits: dict[str, Counter[str]] = {}
        self._ids = count(1)

    def open(self, run: PinnedRun, seeds: Sequence[Seed]) -> None:
        """What intake's transaction does."""
        entry = self.runs[run.id] = MemoryRun(run)
        entry.sources = sum(seed.kind != "page" for seed in seeds)
        for seed in seeds:
            entry.rows[seed.url_fp] = Row(seed.url, seed.host, 0, kind=seed.kind, priority=priority_of(seed.kind, 0))
        self._change(entry, "running")

    # extraction's side

    async def run(self, run_id: str) -> PinnedRun | None:
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
            row.state, row.tries, row.published = "queued", row.tries + closing.counts, False
            row.reason = closing.reason
            row.not_before = closing.retry_at
            return Closed(False, retried=True)
        if not (open_claim and (closing.whole or row.attempt == closing.attempt)):
            held = row.fetch_id == closing.fetch_id
            other = held and (row.outcome, row.records) != (closing.outcome, closing.records)
            before = (row.outcome or "", row.klass or "", row.reason, row.records) if other else None
            return Closed(held, before=before)
        row.state, row.fetch_id, row.outcome, row.klass = "done", closing.fetch_id, closing.outcome, closing.klass
        row.records, row.tries, row.reason = closing.records, row.tries + 1, closing.reason
        entry.batches |= {batch: (records, False) for batch, records in closing.batches}
        if closing.memory is not None:
            self._remember(entry.run.job_id, closing.url_fp, closing.memory)
        return Closed(True, self._link_all(entry, closing, row))

    def _link_all(self, entry: MemoryRun, closing: Closing, leads: Row) -> int:
        """How many became rows: what the budget has room for, and MAX_BEYOND more."""
        counts, max_pages = entry.counts, entry.run.description.options.max_pages
        room = max(max_pages - counts.requested, max_pages - entry.visited - counts.queued, 0)
        spare, new, left_out = MAX_BEYOND, 0, 0
        for link in sorted(closing.links, key=lambda link: link.outcome is not None):
            if link.url_fp not in entry.rows and not link.hops:
                outcome = self._outcome(entry, link)[0]
                if outcome is None and link.kind == "page" and room > 0:
                    room -= 1
                elif outcome is not None or link.kind == "page":
                    if not spare:
                        left_out += 1
                        continue
                    spare -= 1
            new += self._link(entry, link, closing.source, leads)
        if left_out:
            leads.reason = f"{leads.reason} {left_out_note(left_out)}".lstrip()
        return new

    @staticmethod
    def _outcome(entry: MemoryRun, link: FoundLink) -> tuple[str | None, str]:
        if link.outcome is not None or link.hops:
            return link.outcome or ("cancelled" if entry.cancelled else None), link.reason
        if entry.cancelled:
            return "cancelled", ""
        if entry.visited >= entry.run.description.options.max_pages:
            return "budget", ""
        if link.kind != "page" and entry.sources >= MAX_SOURCES:
            return "budget", TOO_MANY_SOURCES
        return None, link.reason

    def _remember(self, job_id: str, url_fp: str, seen: Memory) -> None:
        before, wish = self.memory.get((job_id, url_fp)), seen.freshness
        watched, elapsed = Watched(), 0.0
        if before is not None:
            elapsed = seen.seen_at - before.seen.seen_at
            if elapsed <= 0:
                return
            same = seen.links is None or (seen.content_hash != "" and seen.content_hash == before.seen.content_hash)
            watched = before.watched.after(elapsed, not same)
            if seen.links is None:
                old = before.seen
                seen = replace(seen, links=old.links, content_hash=old.content_hash, etag=seen.etag or old.etag,
                               last_modified=seen.last_modified or old.last_modified)  # fmt: skip
        elif seen.links is None:
            return
        wait = wait_s(watched, elapsed, interval=wish.interval, max_interval=wish.max_interval, adaptive=wish.adaptive)
        self.memory[job_id, url_fp] = Remembered(seen, watched, seen.seen_at + wait)

    async def trail(self, run_id: str, url_fp: str) -> list[str]:
        await Pause()
        urls: list[str] = []
        while len(urls) < 30 and (row := self.runs[run_id].rows.get(url_fp)) and row.hops:
            urls.append(row.found_on)
            url_fp = row_fingerprint(row.found_on, row.kind)
        return urls

    async def remembered(self, run_id: str, url_fps: Sequence[str]) -> dict[str, bytes]:
        await Pause()
        job = self.runs[run_id].run.job_id
        return {fp: self.memory[job, fp].seen.links or b"" for fp in url_fps if (job, fp) in self.memory}

    def _link(self, entry: MemoryRun, link: FoundLink, source: str, leads: Row) -> bool:
        known = entry.rows.get(link.url_fp)
        if known is not None:
            if link.outcome is None and known.reason == "too_deep" and known.state == "done":
                known.state, known.outcome, known.klass, known.reason = "queued", None, None, ""
                known.depth = link.depth
            elif link.outcome is None and known.state == "queued":
                known.depth = min(known.depth, link.depth)
            return False
        outcome, reason = self._outcome(entry, link)
        entry.sources += outcome is None and link.kind != "page" and not link.hops
        row = Row(link.url, link.host, link.depth, link.hops, reason=reason, kind=link.kind, found_on=source,
                  priority=leads.priority if link.hops else priority_of(link.kind, link.depth))  # fmt: skip
        if outcome is not None:
            row.state, row.outcome, row.klass = "done", outcome, "filtered"
        entry.rows[link.url_fp] = row
        return True

    # dispatch's side

    async def open_runs(self) -> list[OpenRun]:
        await Pause()
        return [
            OpenRun(id=key, job_id=run.run.job_id, dataset=run.run.dataset, state=run.state, priority=run.priority,
                    seeded=True, cancelled=run.cancelled, max_pages=run.run.description.options.max_pages,
                    counts=run.counts, finishing_s=0.0, owner=run.owner, paused=run.paused, stopped=run.stopped,
                    delay=run.delay, kind=run.kind, age_s=time.monotonic() - run.opened_at)
            for key, run in self.runs.items() if run.state in ("queued", "running", "finishing")
        ]  # fmt: skip

    async def description(self, run_id: str) -> JobDescription:
        await Pause()
        return self.runs[run_id].run.description

    async def ready(self, runs: Sequence[str], full: Sequence[str] = ()) -> list[tuple[str, str, int]]:
        await Pause()
        found: dict[tuple[str, str], int] = {}
        ready: set[tuple[str, str]] = set()
        for key in runs:
            for row in self.runs[key].rows.values():
                if row.state == "queued" and row.host not in full:
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
                if row.state == "issued" and not run.paused:
                    found[row.host] = (found.get(row.host, (0, 0.0))[0] + 1, 0.0)
        return found

    async def reserve(self, run_id: str, quotas: Mapping[str, int], daily: int | None = None) -> list[Issued]:
        await Pause()
        entry, issued = self.runs[run_id], []
        if entry.state != "running" or entry.cancelled or entry.paused or entry.stopped:
            return []
        today = Counter[str]() if daily is None else self.visits.setdefault(entry.run.job_id, Counter())
        left = {host: quota if daily is None else min(quota, daily - today[host]) for host, quota in quotas.items()}
        spent = entry.visited >= entry.run.description.options.max_pages
        for fp, row in sorted(entry.rows.items(), key=lambda item: (-item[1].priority, item[1].depth)):
            fresh = row.costs
            if row.kind != "page" and spent:
                continue
            if row.state != "queued" or left.get(row.host, 0) <= 0 or row.not_before > time.time():
                continue
            if fresh and entry.visited >= entry.run.description.options.max_pages:
                continue
            left[row.host] -= 1
            today[row.host] += 1
            row.counted = row.counted or fresh
            issued.append(self._issue(run_id, fp, row))
        if entry.visited >= entry.run.description.options.max_pages:
            for row in entry.rows.values():
                if row.state == "queued" and (row.costs or row.kind != "page"):
                    row.state, row.outcome, row.klass = "done", "budget", "filtered"
        await Pause()
        return issued

    def _issue(self, run_id: str, fp: str, row: Row) -> Issued:
        row.state, row.attempt, row.published, row.issued_at = "issued", row.attempt + 1, False, time.monotonic()
        return self._issued(run_id, fp, row)

    @staticmethod
    def _issued(run_id: str, fp: str, row: Row) -> Issued:
        return Issued(run_id=run_id, url_fp=fp, url=row.url, host=row.host, attempt=row.attempt, depth=row.depth,
                      hops=row.hops, tries=row.tries, kind=row.kind)  # fmt: skip

    async def seen(self, tasks: Sequence[Issued]) -> dict[tuple[str, str], tuple[str, str, str]]:
        await Pause()
        found = {}
        for task in tasks:
            known = self.memory.get((self.runs[task.run_id].run.job_id, task.url_fp))
            if known is not None:
                at = datetime.fromtimestamp(known.seen.seen_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                rests = at if known.due_at > time.time() else ""
                found[task.run_id, task.url_fp] = known.seen.etag, known.seen.last_modified, rests
        return found

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
        """Of what PostgreSQL would find: what a pause has lost."""
        await Pause()
        return [
            self._issue(key, fp, row)
            for key, fp, row in self.overdue()
            if not self.runs[key].paused and row.issued_at < self.runs[key].resumed_at
        ]

    async def cancel(self, run_id: str) -> None:
        await self._drop(run_id, "cancelled")

    async def fail(self, run_id: str, reason: str) -> None:
        await self._drop(run_id, "failed", reason)

    async def drop_queued(self, run_id: str) -> None:
        await Pause()
        for row in self.runs[run_id].rows.values():
            if row.state == "queued":
                row.state, row.outcome, row.klass, row.reason = "done", "cancelled", "filtered", "stopped"

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

    async def accounts(self, run_id: str) -> RunCounts:
        await Pause()
        return self.runs[run_id].counts

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
        if entry.kind == "estimate":
            return
        event = RunEvent(
            id=digest(entry.run.id, "state", str(entry.event_seq)),
            run_id=entry.run.id, job_id=entry.run.job_id, dataset=entry.run.dataset, kind="state",
            state=state, at="2026-01-01T00:00:00Z", counts=entry.counts, reason=reason, paused=entry.paused,  # type: ignore[arg-type]
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
            new = [batch for batch in entry.batches if batch in run.batches and not run.batches[batch][1]]
            run.batches |= {batch: (run.batches[batch][0], True) for batch in new}
            if not new:
                continue
            run.stored += entry.stored
            run.rejected += entry.rejected
            run.dropped += entry.dropped


__all__ = ["Fenced", "MemoryFrontier", "MemoryRun", "Row"]
