"""Schedules in memory; they follow from descriptions as the real ones do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from schemas.accounts import Act
from schemas.job.schedule import Schedule
from schemas.recurrence import jittered
from schemas.schedules import Firing, JobSchedule
from tests.unit.api.fakes import FakeJobs


class FakeSchedules:
    """`told` is what became of each job's times; tests fill it."""

    def __init__(self, jobs: FakeJobs) -> None:
        self._jobs = jobs
        self._changed: dict[str, Mapping[str, Any] | None] = {}
        self._paused: dict[str, datetime] = {}
        self.told: dict[str, list[Firing]] = {}
        self.acts: list[Act] = []

    async def put(
        self, job_id: str, schedule: Mapping[str, Any] | None, act: Act, expected: int | None = None
    ) -> bool | Literal["stale"]:
        job = await self._jobs.job(job_id)
        if job is not None and expected not in (None, job.version):
            return "stale"
        if job is None or self._said(job_id, job.description) == schedule:
            return job is not None and schedule is not None
        self._changed[job_id] = schedule
        self.acts.append(act)
        return True

    async def pause(self, job_id: str, act: Act) -> bool:
        if await self.schedule(job_id) is None or job_id in self._paused:
            return False
        self._paused[job_id] = datetime.now(UTC)
        self.acts.append(act)
        return True

    async def resume(self, job_id: str, act: Act) -> bool:
        if await self.schedule(job_id) is None or self._paused.pop(job_id, None) is None:
            return False
        self.acts.append(act)
        return True

    async def schedule(self, job_id: str) -> JobSchedule | None:
        job = await self._jobs.job(job_id)
        said = self._said(job_id, job.description) if job else None
        if job is None or said is None:
            return None
        schedule = Schedule.model_validate(said)
        recurrence = schedule.recurrence(job.created_at)
        due = recurrence.after(datetime.now(UTC))
        following = recurrence.after(due) if due else None
        return JobSchedule(
            job_id=job.id, job_name=job.name, owner=job.owner, recurrence=recurrence, jitter=schedule.jitter,
            catch_up=schedule.catch_up, overlap=schedule.overlap, due_at=due,
            next_at=jittered(job.id, due, following, schedule.jitter) if due else None,
            paused_at=self._paused.get(job.id), enabled=job.description.get("enabled", True),
            updated_at=job.updated_at,
        )  # fmt: skip

    async def schedules(
        self, owner: str | None, after: tuple[datetime | None, str] | None, limit: int
    ) -> list[JobSchedule]:
        known = [await self.schedule(job_id) for job_id in sorted({*self._changed, *self._jobs.openings})]
        found = [one for one in known if one and owner in (None, one.owner)]
        end = datetime.max.replace(tzinfo=UTC)

        def place(one: JobSchedule) -> tuple[datetime, str]:
            return one.next_at or end, one.job_id

        return [
            replace(one)
            for one in sorted(found, key=place)
            if after is None or place(one) > (after[0] or end, after[1])
        ][:limit]

    async def firings(
        self, job_id: str, *, outcome: str | None = None, before: datetime | None = None, limit: int
    ) -> list[Firing]:
        found = sorted(self.told.get(job_id, []), key=lambda firing: firing.due_at, reverse=True)
        return [one for one in found if outcome in (None, one.outcome) and (before is None or one.due_at < before)][
            :limit
        ]

    def _said(self, job_id: str, description: Mapping[str, Any]) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self._changed.get(job_id, description.get("schedule"))
        return found
