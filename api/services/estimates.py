"""What a job would come to, before it runs: a short run of it through the normal line, of which nothing is kept.

The gateway visits nothing itself, so that robots.txt, politeness and the address guard hold for an estimate as for a
crawl. At most MAX_VISITS pages are visited, and the answer comes in seconds, with how sure it is.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID, uuid4

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import unavailable
from api.ports import Jobs
from api.services.at_once import AtOnce
from schemas.hosts import UrlError
from schemas.job import Extract, JobDescription
from schemas.ledger import HostSample, Opening, Run, UrlFate
from schemas.outcomes import OUTCOMES
from schemas.priorities import RANKS
from schemas.urls import canonical

MAX_VISITS = 10
MAX_SEEDS = 5
MAX_SOURCES = 3
ROBOTS_WITHIN_S = 5.0
AT_ONCE = 8
AT_ONCE_EACH = 2
_LOOK_EVERY_S = 0.2
_DAY_S = 86_400.0
_NO_ITEM = "trawl-estimates-keep-nothing"
"""An element that no page has: a page of an estimate gives no records."""

Sureness = Literal["exact", "at_least", "limit", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSample:
    """What came of one seed. `reachable` and `robots` are None where the visit did not come to it in time."""

    url: str
    outcome: str | None
    status: int | None
    reachable: bool | None
    robots_allowed: bool | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`pages`: those that the run would visit; `sure` says how that is known: every page was met (exact), there are
    more (at_least), max_pages ends it (limit), no seed was seen (unknown). `seconds` at the allowed rate."""

    seeds: Sequence[SeedSample]
    pages: int | None
    sure: Sureness
    seconds: float | None
    hosts: Sequence[HostSample]
    visited: int
    notes: Sequence[str]


class Estimates:
    """At most AT_ONCE at a time, AT_ONCE_EACH of one owner, each within `wait` seconds."""

    def __init__(self, jobs: Jobs, wait: float, new_id: Callable[[], UUID] = uuid4) -> None:
        self._jobs = jobs
        self._wait = wait
        self._new_id = new_id
        self._at_once = AtOnce(AT_ONCE, AT_ONCE_EACH)

    async def estimate(self, caller: Caller, job: JobDescription, visit: Visit) -> Estimate:
        """Runs a sample of the job and tells what it shows. ApiError 503 while too many others do, or the caller."""
        if not self._at_once.left():
            raise unavailable("Too many estimates are being made at the moment; ask again in some seconds.", 5)
        if not self._at_once.left_for(caller.user_id):
            raise unavailable(f"You have {AT_ONCE_EACH} estimates in the making; ask again when one has ended.", 5)
        with self._at_once.holding(caller.user_id):
            run_id = await self._sampled(caller, job, sample_of(job), visit, self._wait)
            return told(job, await self._jobs.tried(run_id, 100), await self._jobs.host_samples(run_id))

    async def robots(self, caller: Caller, job: JobDescription, visit: Visit) -> Mapping[str, bool]:
        """What robots.txt says of where a job begins: the first MAX_SEEDS urls and MAX_SOURCES sitemaps and feeds are
        visited for that. What was not known within `wait` seconds and ROBOTS_WITHIN_S is left out, and all of it while
        there is no room for another estimate."""
        if not self._at_once.left_for(caller.user_id):
            return {}
        with self._at_once.holding(caller.user_id):
            run_id = await self._sampled(caller, job, sources_of(job), visit, min(self._wait, ROBOTS_WITHIN_S))
            seeds = _seeds(job, await self._jobs.tried(run_id, 100))
        return {seed.url: seed.robots_allowed for seed in seeds if seed.robots_allowed is not None}

    async def _sampled(
        self, caller: Caller, job: JobDescription, sample: JobDescription, visit: Visit, wait: float
    ) -> str:
        """The id of a run of the sample that is over, or was cancelled after so many seconds."""
        opening = self._opening(caller, sample)
        act = visit.act(caller.user_id, "estimate_made", opening.run_id, urls=len(job.sources))
        await self._jobs.create(opening, act)
        try:
            await self._until_over(opening.run_id, wait)
        finally:
            done = visit.act(caller.user_id, "estimate_ended", opening.run_id)
            await asyncio.shield(self._jobs.cancel(opening.job_id, done))
        return opening.run_id

    def _opening(self, caller: Caller, sample: JobDescription) -> Opening:
        run_id, job_id = str(self._new_id()), str(self._new_id())
        opening = Opening.of(
            sample, run_id=run_id, job_id=job_id, owner=caller.user_id, name="estimate", kind="estimate"
        )
        return replace(opening, priority=RANKS["high"])

    async def _until_over(self, run_id: str, wait: float) -> None:
        """Until the sample's rows are all done, or the time is."""
        deadline = asyncio.get_running_loop().time() + wait
        while asyncio.get_running_loop().time() < deadline:
            run = await self._jobs.run(run_id)
            if run is None or _settled(run):
                return
            await asyncio.sleep(_LOOK_EVERY_S)


def _settled(run: Run) -> bool:
    counts = run.counts
    return run.state not in ("queued", "running") or (counts.requested > 0 and counts.queued + counts.issued == 0)


def sample_of(job: JobDescription) -> JobDescription:
    """The job cut to what an estimate may ask of a site: few seeds, few visits, one try each, no records."""
    options = job.options.model_copy(
        update={
            "max_pages": min(MAX_VISITS, job.options.max_pages),
            "max_retries": 0,
            "retries": {},
            "render": None,
            "freshness": None,
            "daily_pages": None,
            "timeout": min(8.0, job.options.timeout),
        }
    )
    return job.model_copy(
        update={
            "urls": job.urls[:MAX_SEEDS],
            "sitemaps": job.sitemaps[:MAX_SOURCES],
            "feeds": job.feeds[:MAX_SOURCES],
            "dataset": "estimates",
            "options": options,
            "extract": Extract(items=_NO_ITEM),
            "filters": {},
        }
    )


def sources_of(job: JobDescription) -> JobDescription:
    """The same without what links lead to; robots.txt is asked whatever the job says of it."""
    sample = sample_of(job)
    options = {"follow": None, "max_depth": 0, "respect_robots": True}
    return sample.model_copy(update={"options": sample.options.model_copy(update=options)})


def told(job: JobDescription, tried: Sequence[UrlFate], hosts: Sequence[HostSample]) -> Estimate:
    """The estimate that a sample gives. Pure."""
    seeds = _seeds(job, tried)
    known = sum(host.known for host in hosts) + max(0, len(job.urls) - MAX_SEEDS)
    visited = sum(host.visited for host in hosts)
    unread = len(job.sitemaps) > MAX_SOURCES or len(job.feeds) > MAX_SOURCES
    pages, sure = _pages(job, known, visited, unread) if any(seed.reachable for seed in seeds) else (None, "unknown")
    notes = []
    if unread:
        notes.append(f"Only the first {MAX_SOURCES} sitemaps and feeds were read.")
    if job.options.daily_pages:
        notes.append(f"A host is visited {job.options.daily_pages} times a day at most (daily_pages).")
    if len(job.urls) > MAX_SEEDS:
        notes.append(f"Of {len(job.urls)} urls the first {MAX_SEEDS} were tried.")
    seconds = None if pages is None else _seconds(job, pages, known, hosts)
    return Estimate(seeds=seeds, pages=pages, sure=sure, seconds=seconds, hosts=hosts, visited=visited, notes=notes)


def _pages(job: JobDescription, known: int, visited: int, unread: bool) -> tuple[int | None, Sureness]:
    if known >= job.options.max_pages:
        return job.options.max_pages, "limit"
    follows = job.options.depth_limit > 0
    if unread or (follows and visited < known):
        return known, "at_least"
    return known, "exact"


def _seconds(job: JobDescription, pages: int, known: int, hosts: Sequence[HostSample]) -> float:
    """Hosts are visited side by side, so the slowest one decides; its pages are taken as its share of what is known."""
    slowest = 0.0
    for host in hosts:
        share = pages * host.known / known if known else 0.0
        pace = max(job.options.delay, host.delay)
        each = pace if pace > 0 else (host.seconds or 0.0) / job.options.concurrency
        days = math.ceil(share / job.options.daily_pages) - 1 if job.options.daily_pages else 0
        slowest = max(slowest, share * each, max(0, days) * _DAY_S)
    return round(slowest, 1)


def _seeds(job: JobDescription, tried: Sequence[UrlFate]) -> list[SeedSample]:
    sources = [*job.urls[:MAX_SEEDS], *job.sitemaps[:MAX_SOURCES], *job.feeds[:MAX_SOURCES]]
    return [_seed(url, tried) for url in sources]


def _seed(url: str, tried: Sequence[UrlFate]) -> SeedSample:
    by_url = {fate.url: fate for fate in tried}
    targets = {fate.found_on: fate for fate in tried if fate.hops}
    try:
        fate = by_url.get(canonical(url))
    except UrlError:
        fate = None
    for _ in range(MAX_VISITS):
        if fate is None or fate.outcome != "redirected" or fate.url not in targets:
            break
        fate = targets[fate.url]
    if fate is None or fate.outcome in (None, "cancelled"):
        return SeedSample(
            url=url, outcome=None, status=None, reachable=None, robots_allowed=None,
            sentence="There was no answer in time; the host may be slow, or busy with other runs.",
        )  # fmt: skip
    outcome = OUTCOMES.get(fate.outcome or "")
    denied = fate.outcome == "robots_denied"
    return SeedSample(
        url=url,
        outcome=fate.outcome,
        status=fate.status,
        reachable=fate.klass == "fetched",
        robots_allowed=False if denied else (True if fate.klass == "fetched" or fate.status else None),
        sentence=f"{outcome.sentence if outcome else ''} {'' if fate.klass == 'fetched' else fate.reason}".strip(),
    )
