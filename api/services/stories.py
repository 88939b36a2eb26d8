"""A URL's whole story within a run: found where, left out why, visited how often, waiting for what, ended how."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from api.errors import invalid
from api.ports import Jobs, Records
from api.services.reasons import sentence_of, why_unknown
from schemas.hosts import UrlError
from schemas.ids import trace_id
from schemas.ledger import Attempt, Job, Run, UrlFate
from schemas.urls import canonical, fingerprint

MAX_STEPS = 30
"""Pages of a chain, visits of a URL that are told: a story is for people."""

_FURTHER_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What became of one URL, or would. `chain` leads from the page it was found on back to the seed, `redirects` from
    the first address to the last; `waits` are sentences, `sentence` is the answer in one."""

    asked: str
    canonical: str
    url_fp: str
    trace_id: str
    sentence: str
    fate: UrlFate | None = None
    chain: Sequence[UrlFate] = ()
    redirects: Sequence[UrlFate] = ()
    attempts: Sequence[Attempt] = ()
    waits: Sequence[str] = field(default_factory=tuple)


class Stories:
    """Puts a story together from the frontier (where it stands) and ClickHouse (each visit)."""

    def __init__(self, jobs: Jobs, records: Records) -> None:
        self._jobs = jobs
        self._records = records

    async def of(self, job: Job, run: Run, url: str) -> Story:
        """The story of `url` in a run that the caller may see. ApiError 422 for what is no URL."""
        try:
            spelled = canonical(url)
        except UrlError as problem:
            raise invalid("url", str(problem), problem.reason.upper()) from None
        url_fp = fingerprint(spelled)
        start = Story(
            asked=url, canonical=spelled, url_fp=url_fp, trace_id=trace_id(run.id, url_fp).replace("-", ""), sentence=""
        )
        fate = await self._fate(run.id, url_fp)
        if fate is None:
            return replace(start, sentence=await asyncio.to_thread(why_unknown, job.description, run, spelled))
        redirects = await self._redirects(run.id, fate)
        waits = await self._waits(job, run, fate) if fate.state != "done" and run.open else []
        return replace(
            start,
            fate=fate,
            chain=await self._chain(run.id, fate),
            redirects=redirects,
            attempts=await self._records.attempts(run.id, url_fp, MAX_STEPS) if fate.attempt else [],
            waits=waits,
            sentence=sentence_of(fate, redirects, waits, run),
        )

    async def _fate(self, run_id: str, url_fp: str) -> UrlFate | None:
        found = await self._jobs.urls(run_id, url_fp=url_fp, limit=1)
        return found[0] if found else None

    async def _chain(self, run_id: str, fate: UrlFate) -> list[UrlFate]:
        chain: list[UrlFate] = []
        seen = {fate.url_fp}
        while fate.found_on and len(chain) < MAX_STEPS:
            before = await self._fate(run_id, fingerprint(fate.found_on))
            if before is None or before.url_fp in seen:
                break
            seen.add(before.url_fp)
            chain.append(before)
            fate = before
        return chain

    async def _redirects(self, run_id: str, fate: UrlFate) -> list[UrlFate]:
        """Every address of the chain of redirects that this one is in; empty where there is none."""
        first = fate
        while first.hops and first.found_on:
            before = await self._fate(run_id, fingerprint(first.found_on))
            if before is None:
                break
            first = before
        found = [first]
        while found[-1].outcome == "redirected" and len(found) <= MAX_STEPS:
            after = await self._jobs.redirect(run_id, found[-1].url)
            if after is None or after.url_fp in {known.url_fp for known in found}:
                break
            found.append(after)
        return found if len(found) > 1 else []

    async def _waits(self, job: Job, run: Run, fate: UrlFate) -> list[str]:
        now = datetime.now(UTC)
        waits: list[str] = []
        if run.paused_at:
            waits.append("The run is paused; resume the job.")
        if fate.not_before and _ahead(fate.not_before, now):
            waits.append(f"Its next try is due at {_clock(fate.not_before)} ({fate.reason or 'after a failure'}).")
        host = await self._jobs.host_wait(run.id, fate.host)
        if host is None:
            return waits
        daily = (job.description.get("options") or {}).get("daily_pages")
        if daily and host.visits_today >= daily:
            waits.append(f"{fate.host} has had its {daily} visits of today; it goes on at 00:00 UTC.")
        elif host.next_visit and _ahead(host.next_visit, now):
            waits.append(f"{fate.host} is visited again at {_clock(host.next_visit)}, every {host.delay:g} s.")
        if fate.state == "issued":
            waits.append("A fetcher has it in hand.")
        elif host.queued > 1:
            waits.append(f"{host.queued} URLs of this run wait for {fate.host}, and {host.issued} are under way there.")
        return waits


def _ahead(moment: datetime, now: datetime) -> bool:
    return (moment - now).total_seconds() > _FURTHER_S


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
