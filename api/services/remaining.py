"""How long a run will go on, honestly: a range, or nothing and why.

From three things: the pace of the last while, how fast the run still finds pages, and what politeness allows. What is
known already takes at least `low`, at the faster of two paces. If the run goes on finding pages as it did lately, each
visit brings `growth` new ones, and n known pages come to n / (1 - growth) visits (a branching process that dies out);
that, with the slower pace, is `high`. From growth 1 on only `max_pages` ends it. Both ends are moved apart by how
unevenly the run went until now; how much of that is enough was measured over made-up crawls (tests/bench/rest.py), so
that some 88 ranges in a hundred hold the true time.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import stdev

from api.auth.callers import Caller
from api.ports import RunHistory, Visits
from api.services.jobs import JobService, run_of
from api.services.progress import phase_of
from schemas.ledger import HostLoad, Run, Sample

MOST_SAMPLES = 600
_FEWEST_PAGES = 5
_SHORTEST_S = 2.0
_LATELY = 0.3
_PARTS = 6
_SLACK_S = 1.0
_HOSTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """Seconds from now. Both None: it cannot be said, and `reason` says why; `high` alone None: nothing bounds it."""

    low: float | None
    high: float | None
    reason: str


class Estimating:
    """Puts together what the stores know of a run. ApiError 404 for what the caller may not see."""

    def __init__(self, service: JobService, history: RunHistory, visits: Visits) -> None:
        self._service = service
        self._history = history
        self._visits = visits

    async def of(self, caller: Caller, job_id: str, run_id: str | None, now: datetime) -> tuple[Run, Remaining]:
        """A run with how long it will go on."""
        if run_id is None:
            run = run_of(await self._service.job(caller, job_id))
        else:
            run = await self._service.run(caller, job_id, run_id)
        if run.state != "running" or phase_of(run) != "running":
            return run, remaining(run, (), (), now)
        loads = await self._history.loads(run.id, _HOSTS)
        return run, remaining(run, await self._visits.samples(run.id, MOST_SAMPLES), loads, now)


_UNSAYABLE = {
    "queued": "It waits to be started.",
    "paused": "It is paused; nothing goes on before it is resumed.",
    "finishing": "Every page is done; only the last records are being stored.",
    "stopping": "It ends with what is under way.",
    "cancelling": "It ends within moments.",
}


def remaining(run: Run, samples: Sequence[Sample], loads: Sequence[HostLoad], now: datetime) -> Remaining:
    """Pure. `samples` is how far the run had come at moments until now, the oldest first."""
    if not run.open:
        return Remaining(low=0.0, high=0.0, reason="It is over.")
    if phase_of(run) != "running" or run.started_at is None:
        return Remaining(low=None, high=None, reason=_UNSAYABLE.get(phase_of(run), "It has not begun."))
    known, done = run.counts.requested - run.counts.filtered, run.counts.fetched + run.counts.failed
    elapsed = (now - run.started_at).total_seconds()
    if done < _FEWEST_PAGES or elapsed < _SHORTEST_S:
        return Remaining(low=None, high=None, reason="Too few pages are done to tell.")
    ending = Sample(now, known, done)
    overall = done / elapsed
    pace, growth = _lately(run.started_at, [*samples, ending], overall)
    spread = math.exp(0.2 + 0.5 * _unevenness(run.started_at, [*samples, ending]))
    left = max(0, min(known, run.max_pages) - done)
    # The next visit may be allowed at once.
    polite = max(((load.queued - 1) * load.delay for load in loads), default=0.0)
    low = max(left / max(pace, overall) / spread - _SLACK_S, polite, 0.0)
    room = run.max_pages - done
    more = min(room, left / (1 - growth)) if growth < 1 else room
    # If only max_pages ends it, and that is far off, what is said would be about max_pages and not about the site.
    if growth >= 1 and room > 10 * left:
        said = f"Each visit still brings {growth:.1f} new pages; only max_pages ({run.max_pages}) bounds it."
        return Remaining(low=round(low, 1), high=None, reason=said)
    high = max(low, more / min(pace, overall)) * spread + _SLACK_S
    rate = f"{pace:.3g} pages a second lately"
    found = f", {growth:.2f} new pages a visit" if growth >= 0.005 else ""
    held = "; politeness holds it back" if polite >= left / max(pace, overall) > 0 else ""
    return Remaining(low=round(low, 1), high=round(high, 1), reason=f"{rate}{found}{held}.")


def _lately(began: datetime, samples: Sequence[Sample], overall: float) -> tuple[float, float]:
    """Pages a second, and new pages a visit, in the last part of the time until now."""
    end = samples[-1]
    from_moment = end.at.timestamp() - max(_SHORTEST_S, _LATELY * (end.at - began).total_seconds())
    before = [sample for sample in samples if sample.at.timestamp() <= from_moment and sample.done < end.done]
    start = before[-1] if before else Sample(began, 0, 0)
    seconds, visits = (end.at - start.at).total_seconds(), end.done - start.done
    if seconds <= 0 or visits <= 0:
        return overall, 0.0
    growth = (end.known - start.known) / visits if before else 0.0
    return visits / seconds, max(0.0, growth)


def _unevenness(began: datetime, samples: Sequence[Sample]) -> float:
    """How far apart the paces of equal parts of the time until now are: the standard deviation of their logarithms, 0
    for a steady run, a half for one of which too little is known."""
    moments, first = [sample.at.timestamp() for sample in samples], began.timestamp()
    ends = [first + (moments[-1] - first) * part / _PARTS for part in range(1, _PARTS + 1)]
    marks = [samples[place - 1] if (place := bisect_right(moments, end)) else None for end in ends]
    told = [Sample(began, 0, 0), *(mark for mark in marks if mark)]
    paces = [
        (after.done - before.done) / (after.at - before.at).total_seconds()
        for before, after in pairwise(told)
        if after.done > before.done and after.at > before.at
    ]
    return stdev(map(math.log, paces)) if len(paces) > 2 else 0.5
