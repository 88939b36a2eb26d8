"""All that is known of one run: what the feed folds, and what the stores remember from before."""

import asyncio
from dataclasses import dataclass, field

from dashboards.feed.pace import Pace
from dashboards.feed.tally import LAST_PAGES, LAST_RECORDS, LatestRecord, Tally, remembered
from dashboards.stubborn import until_done
from dashboards.surroundings import Surroundings
from schemas.events import RunEvent
from schemas.ledger import ENDED_STATES
from schemas.moments import epoch
from schemas.particulars import RunParticulars

_HOSTS = 200
_AGAIN_S = 5.0


@dataclass(slots=True)
class RunStory:
    """One run for one page. `looked` is set as soon as the stores have answered for the first time."""

    run_id: str
    surroundings: Surroundings
    particulars: RunParticulars | None = None
    looked: bool = False
    _event: RunEvent | None = None
    _before: Tally = field(default_factory=Tally)
    _sum: tuple[Tally, int, Tally] | None = None

    @property
    def event(self) -> RunEvent | None:
        """The run as it is now, or None for a run that nobody knows."""
        return self.surroundings.feed.runs.get(self.run_id) or self._event

    def tally(self, now: float) -> Tally:
        """The sums over the whole run."""
        detail = self.surroundings.feed.details.get(self.run_id, now)
        if self._sum is None or self._sum[0] is not self._before or self._sum[1] != detail.version:
            self._sum = (self._before, detail.version, self._before.plus(detail.live))
        return self._sum[2]

    def pace(self, now: float) -> Pace:
        """Pages and records over the run's life."""
        return self.tally(now).pace

    async def follow(self) -> None:
        """Asks the stores for what came before the feed's seam: once, and while the run goes on now and then, as
        rows may have been on their way. A run that began after the seam is all in the feed."""
        while True:
            if await until_done(f"run {self.run_id}", self._look):
                return
            await asyncio.sleep(_AGAIN_S)

    async def _look(self) -> bool:
        """True when there is nothing more to ask for."""
        history, now = self.surroundings.runs, self.surroundings.clock()
        if self.event is None:
            self._event = await history.run(self.run_id)
        event = self.event
        if self.particulars is None:
            self.particulars = await history.particulars(self.run_id)
        seam = self.surroundings.feed.details.get(self.run_id, now).seam
        created = epoch(self.particulars.created_at) if self.particulars else None
        if event is not None and (created is None or created < seam):
            self._before = await self._remember(seam)
        self.looked = True
        return event is None or event.state in ENDED_STATES or (created is not None and created >= seam)

    async def _remember(self, seam: float) -> Tally:
        charts, run_id = self.surroundings.charts, self.run_id
        records = await charts.records(run_id, seam, LAST_RECORDS)
        dataset = self.event.dataset if self.event else ""
        return remembered(
            await charts.tallies(run_id, seam),
            await charts.hosts(run_id, seam, _HOSTS),
            await charts.pages(run_id, seam, LAST_PAGES),
            [LatestRecord(at, url, dataset, key, data) for at, url, key, data in records],
            await charts.pace(run_id, seam),
        )
