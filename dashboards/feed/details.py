"""What is known of single runs, from a seam in time on; before it the store knows better."""

from collections import OrderedDict
from dataclasses import dataclass, field

from dashboards.feed.tally import Tally
from schemas.events import PageOutcome
from schemas.heads import BatchHead
from schemas.moments import epoch


@dataclass(slots=True)
class RunDetail:
    """What was fetched at or after `seam` (epoch seconds) is in `live`; what was fetched before is in the store.

    So both can be added without counting anything twice, whenever the store is asked.
    """

    seam: float
    live: Tally = field(default_factory=Tally)
    version: int = 0


class RunDetails:
    """The details of the runs that were active last, at most `most`.

    `since` is a moment whose later fetches are certain to be folded: a little after the beginning of what the
    reader reads. When a run is forgotten the seam of whichever begins after that moves up to that moment, because
    events of a forgotten run may come again.
    """

    def __init__(self, since: float, most: int = 500) -> None:
        self._most = most
        self._seam = since
        self._details: OrderedDict[str, RunDetail] = OrderedDict()

    def page(self, outcome: PageOutcome, now: float) -> None:
        """Counts an outcome of its run."""
        detail = self.get(outcome.run_id, now)
        if (epoch(outcome.fetched_at) or now) >= detail.seam:
            detail.live.add_page(outcome)
            detail.version += 1

    def batch(self, batch: BatchHead, now: float) -> None:
        """Counts a clean batch of its run, if it has one."""
        if not batch.run_id:
            return
        detail = self.get(batch.run_id, now)
        if (epoch(batch.fetched_at) or now) >= detail.seam:
            detail.live.add_batch(batch)
            detail.version += 1

    def get(self, run_id: str, now: float) -> RunDetail:
        """A run's detail; one that was not known begins at the seam."""
        detail = self._details.get(run_id)
        if detail is None:
            detail = self._details[run_id] = RunDetail(self._seam)
        self._details.move_to_end(run_id)
        if len(self._details) > self._most:
            self._details.popitem(last=False)
            self._seam = now
        return detail

    def __len__(self) -> int:
        return len(self._details)
