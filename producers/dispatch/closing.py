"""When a run is over: every row done, every promised batch confirmed, and ClickHouse asked once."""

from collections.abc import Sequence

import structlog

from producers.dispatch.ports import Ends, Frontier, Stored
from schemas.events import RunCounts
from schemas.open_runs import OpenRun
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, TRENDS

log = structlog.get_logger()

ALERT_AFTER_S = 60.0
ASK_AGAIN_S = 1.0
MANY_REJECTS, REJECTED_SHARE = 1000, 0.5
"""A run fails when it has had so many rejects, and they are more than this share of what it extracted: its rules do not
fit its site, and going on would only fill the dead letters."""
ENOUGH_REJECTS = 20
"""The same for a run that has read everything: fewer are bad records, and no bad rules."""


def too_many_rejects(counts: RunCounts, least: int = MANY_REJECTS) -> bool:
    """Whether the rules evidently do not fit the pages."""
    return counts.rejected >= least and counts.rejected > REJECTED_SHARE * counts.extracted


class Closer:
    """Moves runs from running to finishing to completed or failed; never before the sums close."""

    def __init__(self, frontier: Frontier, stored: Stored, ends: Ends) -> None:
        self._frontier = frontier
        self._stored = stored
        self._ends = ends
        self._alerted: set[str] = set()
        self._ask_again: dict[str, float] = {}
        """run → the seconds since it began to finish at which ClickHouse, which was away, is asked again."""

    async def look(self, runs: Sequence[OpenRun]) -> None:
        """One look at each run that may have ended."""
        for run in runs:
            if run.state == "running" and too_many_rejects(run.counts):
                reason = _rejected(run.counts)
                log.error("run_failed", run_id=run.id, reason=reason)
                await self._frontier.fail(run.id, reason)
            elif run.state == "running" and run.seeded and run.counts.queued == 0 and run.counts.issued == 0:
                await self._frontier.to_finishing(run.id)
                await self._finish(run, 0.0)
            elif run.state == "finishing":
                await self._finish(run, run.finishing_s)

    async def _finish(self, run: OpenRun, waited_s: float) -> None:
        short = await self._frontier.short(run.id)
        reason = f"{len(short)} pages or more are not stored yet: {', '.join(short[:5])}" if short else ""
        if not short:
            if waited_s < self._ask_again.get(run.id, 0.0):
                return
            promised = await self._frontier.promised(run.id)
            stored = await self._stored.of_run(run.id)
            if promised == stored:
                await self._end(run)
                return
            reason = f"promised {promised[0]} batches of {promised[1]} records, ClickHouse holds {stored}"
            if stored is None:
                self._ask_again[run.id] = waited_s + ASK_AGAIN_S
                reason = "ClickHouse does not say what it holds of this run; the run ends when it does"
        if waited_s > ALERT_AFTER_S and run.id not in self._alerted:
            self._alerted.add(run.id)
            log.error("run_does_not_close", run_id=run.id, reason=reason)
            await self._frontier.alert(run.id, "run_does_not_close", reason)

    async def _end(self, run: OpenRun) -> None:
        ends = await self._ends.end_offsets([PAGE_OUTCOMES, CLEAN_RECORDS, TRENDS])
        reason = await self._failure(run)
        await self._frontier.finish(run.id, "failed" if reason else "completed", reason, ends)
        self._alerted.discard(run.id)
        self._ask_again.pop(run.id, None)

    async def _failure(self, run: OpenRun) -> str:
        """Why a run that has read everything has failed; empty where it has not. Rejects are counted when their batches
        are stored, which for the last of them is later than `run` was read."""
        if run.counts.fetched == 0 and not run.stopped:
            return _nothing(run)
        counts = await self._frontier.accounts(run.id)
        return _rejected(counts) if too_many_rejects(counts, ENOUGH_REJECTS) else ""


def _rejected(counts: RunCounts) -> str:
    return f"{counts.rejected} of {counts.extracted} records were rejected; see the dead letters."


def _nothing(run: OpenRun) -> str:
    """Why a run without a single page has failed."""
    if run.kind != "replay":
        return "No page could be fetched."
    return "No stored page could be read." if run.counts.requested else "No page was stored that fits the replay."
