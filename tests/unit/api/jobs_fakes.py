"""Jobs, their runs and what visits came to, in memory. tests/contract/api holds them to the real adapters' promises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from infra.errors import StoreRefused
from schemas.accounts import Act, Claim
from schemas.errors import DeedDone
from schemas.events import RunCounts, ScrapeRequest
from schemas.idempotency import Held, KeptAnswer, Standing
from schemas.ids import is_id
from schemas.ledger import (
    OPEN_STATES,
    Done,
    HostLoad,
    HostSample,
    HostWait,
    Job,
    JobFilter,
    JobOrder,
    JobVersion,
    Opening,
    PagesWanted,
    Run,
    RunFigures,
    Sample,
    Turn,
    UrlFate,
    Visited,
)
from tests.unit.api.switch import Switch


def _state(job: Job) -> str:
    return job.run.state if job.run else "created"


@dataclass
class FakeJobs:
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    switch: Switch = field(default_factory=Switch)
    acts: list[Act] = field(default_factory=list)
    outbox: list[ScrapeRequest] = field(default_factory=list)
    openings: dict[str, Opening] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    created: dict[str, datetime] = field(default_factory=dict)
    fates: dict[str, list[UrlFate]] = field(default_factory=dict)
    waits: dict[tuple[str, str], HostWait] = field(default_factory=dict)
    samples: dict[str, list[HostSample]] = field(default_factory=dict)
    wanted: dict[str, PagesWanted] = field(default_factory=dict)
    kept: dict[str, list[JobVersion]] = field(default_factory=dict)
    archived: dict[str, datetime] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    loads: dict[str, list[HostLoad]] = field(default_factory=dict)
    ready_made: dict[str, str | None] = field(default_factory=dict)

    async def create(self, opening: Opening, act: Act) -> Run:
        self.switch.check()
        if act.claim and opening.run_id in self.runs:
            return self.runs[opening.run_id]
        self._free(act)
        self._add(opening, act)
        if opening.kind == "estimate":
            self.deleted.add(opening.job_id)
        return self._open(opening, act)

    def _add(self, opening: Opening, act: Act) -> None:
        self.openings[opening.job_id] = opening
        self.created[opening.job_id] = self.clock()
        self.kept[opening.job_id] = [self._version(1, opening, act)]

    def _version(self, number: int, opening: Opening, act: Act) -> JobVersion:
        return JobVersion(version=number, name=opening.name, dataset=opening.dataset, description=opening.description,
                          made_at=self.clock(), made_by=act.actor)  # fmt: skip

    def _do(self, act: Act) -> None:
        """The audit line; a claimed deed is done by one attempt."""
        self._free(act)
        if act.claim:
            self.claims[act.claim.key] = act.claim.attempt
        self.acts.append(act)

    def _free(self, act: Act) -> None:
        if act.claim and self.claims.get(act.claim.key, act.claim.attempt) != act.claim.attempt:
            raise DeedDone("another attempt did it")

    def _open(self, opening: Opening, act: Act) -> Run:
        self._do(act)
        run = self._run(opening, kind=opening.kind)
        self.outbox.append(ScrapeRequest(run_id=run.id))
        return run

    def _run(self, opening: Opening, **fields: Any) -> Run:
        run = Run(
            id=opening.run_id, job_id=opening.job_id, owner=opening.owner, dataset=opening.dataset, state="queued",
            reason="", max_pages=opening.max_pages, created_at=self.clock(), started_at=None, finished_at=None,
            cancelled_at=None, counts=RunCounts(), priority=opening.priority,
            job_version=self.kept[opening.job_id][-1].version, **fields,
        )  # fmt: skip
        self.runs[run.id] = run
        self.ready_made[run.id] = opening.ready_made
        return run

    def _of_job(self, job_id: str) -> list[Run]:
        return [run for run in self.runs.values() if run.job_id == job_id]

    def change(self, run_id: str, **fields: Any) -> Run:
        """What the line does to a run."""
        self.runs[run_id] = replace(self.runs[run_id], **fields)
        return self.runs[run_id]

    async def start(self, opening: Opening, act: Act, *, force: bool) -> Run | Literal["running", "gone"]:
        self.switch.check()
        if act.claim and opening.run_id in self.runs:
            return self.runs[opening.run_id]
        if opening.job_id not in self.openings or opening.job_id in self.deleted:
            return "gone"
        if any(run.open and run.kind == opening.kind for run in self._of_job(opening.job_id)) and not force:
            return "running"
        return self._open(opening, act)

    async def replay(
        self, opening: Opening, wanted: PagesWanted, act: Act
    ) -> Run | Literal["running", "gone", "nothing"]:
        self.switch.check()
        if opening.job_id not in self.openings or opening.job_id in self.deleted:
            return "gone"
        if any(run.open and run.kind == "replay" for run in self._of_job(opening.job_id)):
            return "running"
        crawls = [run for run in self._of_job(opening.job_id) if run.kind == "crawl"]
        if wanted.run_id is not None:
            sources = [run for run in crawls if run.id == wanted.run_id]
        elif wanted.since or wanted.until:
            sources = crawls
        else:
            sources = [run for run in crawls if run.state == "completed"][-1:]
        if not sources:
            return "nothing"
        self.wanted[opening.run_id] = wanted
        revision = 1 + max(run.revision for run in self.runs.values() if run.dataset == opening.dataset)
        self._do(act)
        return self._run(opening, kind="replay", revision=revision)

    def _job(self, job_id: str) -> Job:
        opening, runs, version = self.openings[job_id], self._of_job(job_id), self.kept[job_id][-1]
        return Job(id=job_id, owner=opening.owner, name=version.name, dataset=version.dataset,
                   description=version.description, created_at=self.created[job_id], updated_at=version.made_at,
                   run=runs[-1] if runs else None, version=version.version, versioned_at=version.made_at,
                   archived_at=self.archived.get(job_id))  # fmt: skip

    def _found(self, wanted: JobFilter) -> list[Job]:
        self.switch.check()
        jobs = [self._job(job_id) for job_id in self.openings if job_id not in self.deleted]
        return [
            job
            for job in jobs
            if wanted.owner in (None, job.owner)
            and (wanted.states is None or _state(job) in wanted.states)
            and (wanted.type is None or wanted.type.lower() == str(job.description.get("type", "")).lower())
            and (wanted.text or "").lower() in job.name.lower()
            and (wanted.dataset is None or wanted.dataset.lower() == job.dataset.lower())
            and wanted.enabled in (None, job.description.get("enabled", True))
            and wanted.archived in (None, job.archived_at is not None)
        ]

    async def page(
        self, wanted: JobFilter, order: JobOrder, after: tuple[str, str] | None, limit: int, offset: int = 0
    ) -> list[tuple[Job, str]]:
        places = {
            "created_at": lambda job: job.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f"),
            "updated_at": lambda job: job.updated_at.strftime("%Y-%m-%dT%H:%M:%S.%f"),
            "name": lambda job: job.name.lower(),
            "status": _state,
        }
        found = [(job, places[order.by](job)) for job in self._found(wanted)]
        found.sort(key=lambda pair: (pair[1], pair[0].id), reverse=order.down)
        if after:
            found = [
                (job, place) for job, place in found
                if ((place, job.id) < after if order.down else (place, job.id) > after)
            ]  # fmt: skip
        return found[offset : offset + limit]

    async def count(self, wanted: JobFilter) -> int:
        return len(self._found(wanted))

    async def job(self, job_id: str) -> Job | None:
        self.switch.check()
        return self._job(job_id) if job_id in self.openings and job_id not in self.deleted else None

    async def run(self, run_id: str) -> Run | None:
        self.switch.check()
        if not is_id(run_id):
            raise StoreRefused(f"invalid input syntax for type uuid: {run_id}")
        run = self.runs.get(run_id)
        hidden = run is None or (run.job_id in self.deleted and self.openings[run.job_id].kind != "estimate")
        return None if hidden else run

    async def newest_runs(
        self, *, owner: str | None = None, job_id: str | None = None, dataset: str | None = None, limit: int
    ) -> list[str]:
        self.switch.check()
        found = [
            run.id
            for run in self.runs.values()
            if owner in (None, run.owner)
            and job_id in (None, run.job_id)
            and run.job_id not in self.deleted
            and dataset in (None, run.dataset)
        ]
        return found[::-1][:limit]

    async def cancel(self, job_id: str, act: Act) -> list[str]:
        self.switch.check()
        found = [run for run in self._of_job(job_id) if run.state in OPEN_STATES and run.cancelled_at is None]
        if found:
            self._do(act)
        for run in found:
            self.change(run.id, cancelled_at=self.clock())
        return [run.id for run in found]

    async def pause(self, job_id: str, act: Act) -> list[str]:
        found = [run for run in self._movable(job_id) if run.paused_at is None and run.stopped_at is None]
        return self._changed(found, act, paused_at=self.clock())

    async def resume(self, job_id: str, act: Act) -> list[str]:
        return self._changed([run for run in self._movable(job_id) if run.paused_at], act, paused_at=None)

    async def stop(self, job_id: str, act: Act) -> list[str]:
        found = [run for run in self._movable(job_id) if run.stopped_at is None]
        return self._changed(found, act, stopped_at=self.clock(), paused_at=None)

    async def adjust(self, job_id: str, priority: int | None, delay: float | None, act: Act) -> list[str]:
        fields = {name: value for name, value in (("priority", priority), ("delay", delay)) if value is not None}
        return self._changed(self._movable(job_id), act, **fields)

    def _movable(self, job_id: str) -> list[Run]:
        self.switch.check()
        return [run for run in self._of_job(job_id) if run.state in ("queued", "running") and run.cancelled_at is None]

    def _changed(self, runs: list[Run], act: Act, **fields: Any) -> list[str]:
        if runs:
            self._do(act)
        for run in runs:
            self.change(run.id, **fields)
        return [run.id for run in runs]

    async def delete(self, job_id: str, act: Act) -> Literal["deleted", "running", "gone"]:
        self.switch.check()
        if job_id not in self.openings or job_id in self.deleted:
            return "gone"
        if any(run.open for run in self._of_job(job_id)):
            return "running"
        self._do(act)
        self.deleted.add(job_id)
        return "deleted"

    async def urls(
        self,
        run_id: str,
        *,
        outcome: str | None = None,
        url_fp: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[UrlFate]:
        self.switch.check()
        found = sorted(self.fates.get(run_id, []), key=lambda fate: fate.url_fp)
        return [
            fate
            for fate in found
            if (after is None or fate.url_fp > after)
            and (url_fp is None or fate.url_fp == url_fp)
            and (outcome is None or outcome in (fate.outcome, fate.klass, fate.state if fate.state != "done" else None))
        ][:limit]

    async def redirect(self, run_id: str, url: str) -> UrlFate | None:
        self.switch.check()
        return next((fate for fate in self.fates.get(run_id, []) if fate.found_on == url and fate.hops), None)

    async def host_wait(self, run_id: str, host: str) -> HostWait | None:
        self.switch.check()
        return self.waits.get((run_id, host))

    async def spent_hosts(self, run_id: str, daily: int) -> int:
        self.switch.check()
        return sum(
            run == run_id and wait.queued > 0 and wait.visits_today >= daily
            for (run, _), wait in self.waits.items()
        )  # fmt: skip

    async def tried(self, run_id: str, limit: int) -> list[UrlFate]:
        self.switch.check()
        found = [fate for fate in self.fates.get(run_id, []) if fate.attempt or not fate.found_on]
        return sorted(found, key=lambda fate: (fate.depth, fate.found_at))[:limit]

    async def host_samples(self, run_id: str) -> list[HostSample]:
        self.switch.check()
        return self.samples.get(run_id, [])


@dataclass
class FakeVersions:
    """The same jobs, changed."""

    jobs: FakeJobs

    async def keep(self, opening: Opening, act: Act) -> None:
        self.jobs.switch.check()
        if act.claim and opening.job_id in self.jobs.openings:
            return
        self.jobs._do(act)
        self.jobs._add(opening, act)

    async def change(self, opening: Opening, expected: int, act: Act) -> int | Literal["stale", "gone"]:
        job = await self.jobs.job(opening.job_id)
        if job is None:
            return "gone"
        if job.version != expected:
            return "stale"
        self.jobs._do(act)
        self.jobs.kept[job.id].append(self.jobs._version(expected + 1, opening, act))
        return expected + 1

    async def versions(
        self, job_id: str, *, version: int | None = None, before: int | None = None, limit: int
    ) -> list[JobVersion]:
        self.jobs.switch.check()
        found = self.jobs.kept.get(job_id, [])[::-1]
        return [
            each for each in found if version in (None, each.version) and (before is None or each.version < before)
        ][:limit]

    async def archive(self, job_id: str, archived: bool, act: Act) -> bool:
        job = await self.jobs.job(job_id)
        if job is None or (job.archived_at is not None) is archived:
            return False
        self.jobs._do(act)
        if archived:
            self.jobs.archived[job_id] = self.jobs.clock()
        else:
            del self.jobs.archived[job_id]
        return True


@dataclass
class FakeHistory:
    """The same runs, looked back on."""

    jobs: FakeJobs

    def _runs(self, job_id: str, states: Sequence[str] | None) -> list[Run]:
        self.jobs.switch.check()
        return [run for run in self.jobs._of_job(job_id)[::-1] if states is None or run.state in states]

    async def runs(self, job_id: str, states: Sequence[str] | None, limit: int, offset: int) -> list[Run]:
        return self._runs(job_id, states)[offset : offset + limit]

    async def count_runs(self, job_id: str, states: Sequence[str] | None) -> int:
        return len(self._runs(job_id, states))

    async def loads(self, run_id: str, limit: int) -> list[HostLoad]:
        self.jobs.switch.check()
        return self.jobs.loads.get(run_id, [])[:limit]

    async def acknowledge(self, run_id: str, act: Act) -> bool:
        return self._mark(run_id, "acknowledged_at", act)

    async def begin_cleanup(self, run_id: str, act: Act) -> bool:
        return self._mark(run_id, "cleanup_at", act)

    def _mark(self, run_id: str, name: str, act: Act) -> bool:
        self.jobs.switch.check()
        run = self.jobs.runs.get(run_id)
        if run is None or run.open or getattr(run, name) is not None:
            return False
        self.jobs._do(act)
        self.jobs.change(run_id, **{name: self.jobs.clock()})
        return True

    async def cleaned(self, run_id: str) -> None:
        run = self.jobs.runs[run_id]
        self.jobs.change(run_id, cleaned_at=run.cleaned_at or self.jobs.clock())

    async def acts(self, job_id: str, run_id: str | None, after: tuple[datetime, str], limit: int) -> list[Done]:
        self.jobs.switch.check()
        moment = self.jobs.created.get(job_id) or self.jobs.clock()
        found = [
            Done(id=f"act {number:020}", at=moment, actor=act.actor, action=act.action, details=act.details)
            for number, act in enumerate(self.jobs.acts)
            if act.object == job_id and (run_id is None or act.details.get("run_id", run_id) == run_id)
        ]
        return [done for done in found if (done.at, done.id) > after][:limit]


@dataclass
class FakeVisits:
    """What a test says that runs' visits came to."""

    of_run: dict[str, list[Visited]] = field(default_factory=dict)
    turns_of: dict[str, list[Turn]] = field(default_factory=dict)
    figures_of: dict[str, RunFigures] = field(default_factory=dict)
    samples_of: dict[str, list[Sample]] = field(default_factory=dict)
    removed: list[tuple[str, str]] = field(default_factory=list)
    switch: Switch = field(default_factory=Switch)

    async def figures(self, runs: Sequence[str]) -> list[RunFigures]:
        self.switch.check()
        return [self.figures_of[run_id] for run_id in runs if run_id in self.figures_of]

    async def samples(self, run_id: str, limit: int) -> list[Sample]:
        self.switch.check()
        return self.samples_of.get(run_id, [])[-limit:]

    async def turns(self, run_id: str, after: tuple[datetime, str], limit: int) -> list[Turn]:
        self.switch.check()
        return [turn for turn in self.turns_of.get(run_id, []) if (turn.at, turn.id) > after][:limit]

    async def visits(
        self, run_id: str, after: tuple[datetime, str], limit: int, *, trouble: bool = False
    ) -> list[Visited]:
        self.switch.check()
        found = sorted(self.of_run.get(run_id, []), key=lambda visit: (visit.at, visit.id))
        return [
            visit
            for visit in found
            if (visit.at, visit.id) > after and (not trouble or not visit.final or visit.klass == "failed")
        ][:limit]

    async def remove_records(self, dataset: str, run_id: str) -> None:
        self.switch.check()
        self.removed.append((dataset, run_id))


@dataclass
class FakeIdempotencyKeys:
    """Keys without an end; a lease ends when a test says so."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    renewed: int = 0

    async def claim(self, claim: Claim, body_hash: bytes, deed: str) -> Standing:
        row = self.rows.get(claim.key)
        if row is None:
            row = self.rows[claim.key] = {"body": body_hash, "deed": deed, "free": True, "answer": None}
        if row["body"] != body_hash:
            return "another request"
        if row["answer"] is not None:
            found: KeptAnswer = row["answer"]
            return found
        if not row["free"]:
            return "under way"
        row["attempt"], row["free"] = claim.attempt, False
        return Held(row["deed"], 6.0)

    async def renew(self, claim: Claim) -> None:
        self.renewed += 1

    async def release(self, claim: Claim, *, undone: bool) -> None:
        if self.rows[claim.key]["attempt"] == claim.attempt:
            self.rows[claim.key]["free"] = True
            if undone and self.claims.get(claim.key) == claim.attempt:
                self.claims.pop(claim.key, None)

    async def answer(self, claim: Claim, answer: KeptAnswer) -> None:
        if self.rows[claim.key]["attempt"] == claim.attempt:
            self.rows[claim.key]["answer"] = answer

    def expire(self) -> None:
        """As if whoever worked on them had been killed some seconds ago."""
        for row in self.rows.values():
            row["free"] = True
