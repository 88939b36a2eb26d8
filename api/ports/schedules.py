"""When jobs run by themselves, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

from schemas.accounts import Act
from schemas.schedules import Firing, JobSchedule


class Schedules(Protocol):
    """Schedules follow from their jobs' descriptions: changing one is the job's next version."""

    async def put(
        self, job_id: str, schedule: Mapping[str, Any] | None, act: Act, expected: int | None = None
    ) -> bool | Literal["stale"]:
        """Another schedule (as a description has it), or none; False, and nothing audited, where there is no such job,
        or it had none and is to have none; `stale`, and nothing is changed, where the job is of another version than
        the expected one."""
        ...

    async def pause(self, job_id: str, act: Act) -> bool:
        """False, and nothing audited, where it was paused or there is none."""
        ...

    async def resume(self, job_id: str, act: Act) -> bool:
        """Goes on with the next time from now on; False, and nothing audited, where it was not paused."""
        ...

    async def schedule(self, job_id: str) -> JobSchedule | None:
        """One job's."""
        ...

    async def schedules(
        self, owner: str | None, after: tuple[datetime | None, str] | None, limit: int
    ) -> list[JobSchedule]:
        """An owner's, or everyone's; the next one to fire first, after the position (next_at, job id)."""
        ...

    async def firings(
        self, job_id: str, *, outcome: str | None = None, before: datetime | None = None, limit: int
    ) -> list[Firing]:
        """What became of a job's times, the newest first, before one."""
        ...
