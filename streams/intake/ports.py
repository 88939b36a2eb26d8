"""What intake needs: where runs are opened."""

from collections.abc import Sequence
from typing import Protocol

from schemas.frontier import Seed
from schemas.job import JobDescription


class Runs(Protocol):
    """Opens runs, each at most once whatever is delivered twice. Outages are waited out."""

    async def description(self, run_id: str) -> JobDescription | None:
        """The pinned job of a run that PostgreSQL holds."""
        ...

    async def seed(self, run_id: str, seeds: Sequence[Seed]) -> bool:
        """Puts the seeds in and lets the run begin; False when it had begun or was cancelled."""
        ...

    async def open_outsiders(
        self, run_id: str, job_id: str, job: JobDescription, source: str, seeds: Sequence[Seed]
    ) -> bool:
        """Job, run and seeds of an outsider's message; False when it has opened its run before."""
        ...

    async def refuse(self, run_id: str, reason: str) -> None:
        """Ends a run that waits to be opened and cannot be; one that has begun stays as it is."""
        ...
