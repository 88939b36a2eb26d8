"""run-events of kind `progress`: on change, at most once a second, at least every half minute."""

import time
from collections.abc import Callable, Sequence

from producers.dispatch.ports import Publisher
from schemas.events import RunCounts, RunEvent
from schemas.ids import digest
from schemas.open_runs import OpenRun

EVERY_S = 1.0
AT_LEAST_EVERY_S = 30.0


class Progress:
    """Remembers what was told of each run. A restart tells it once more, which harms nobody."""

    def __init__(self, publisher: Publisher, clock: Callable[[], str]) -> None:
        self._publisher = publisher
        self._clock = clock
        self._told: dict[str, tuple[float, RunCounts]] = {}

    async def tell(self, runs: Sequence[OpenRun]) -> None:
        """Publishes what has changed enough or was silent too long."""
        now, events = time.monotonic(), []
        for run in [run for run in runs if run.kind != "estimate"]:
            at, counts = self._told.get(run.id, (-AT_LEAST_EVERY_S, RunCounts()))
            due = EVERY_S if run.counts != counts else AT_LEAST_EVERY_S
            if run.state != "queued" and now - at >= due:
                events.append(self._event(run))
                self._told[run.id] = (now, run.counts)
        for gone in self._told.keys() - {run.id for run in runs}:
            del self._told[gone]
        if events:
            await self._publisher.send_all(events)

    def _event(self, run: OpenRun) -> RunEvent:
        at = self._clock()
        return RunEvent(
            id=digest(run.id, "progress", at),
            run_id=run.id,
            job_id=run.job_id,
            dataset=run.dataset,
            kind="progress",
            state=run.state,  # type: ignore[arg-type]  # the database's check holds the list
            at=at,
            counts=run.counts,
            max_pages=run.max_pages,
            paused=run.paused,
        )
