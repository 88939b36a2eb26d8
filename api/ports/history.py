"""Jobs as they were described, runs as they went, and requests that are carried out once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from schemas.accounts import Act, Claim
from schemas.idempotency import KeptAnswer, Standing
from schemas.ledger import Done, HostLoad, JobVersion, Opening, Run, RunFigures, Sample, Turn, Visited


class JobVersions(Protocol):
    """Jobs that are kept, changed, and set aside. Who may do so is the caller's to decide."""

    async def keep(self, opening: Opening, act: Act) -> None:
        """A new job that does not run yet."""
        ...

    async def change(self, opening: Opening, expected: int, act: Act) -> int | Literal["stale", "gone"]:
        """Another name, dataset and description for a job: its next version. `stale`, and nothing changes, where the
        job is no longer of the version `expected`; of racing calls one succeeds. Runs keep what is pinned to them."""
        ...

    async def versions(
        self, job_id: str, *, version: int | None = None, before: int | None = None, limit: int
    ) -> list[JobVersion]:
        """The newest first; those before one; one alone."""
        ...

    async def archive(self, job_id: str, archived: bool, act: Act) -> bool:
        """Takes a job out of the lists, or puts it back; False, and nothing audited, where it is so already."""
        ...


class RunHistory(Protocol):
    """What is known of a job's runs beside how they go."""

    async def runs(self, job_id: str, states: Sequence[str] | None, limit: int, offset: int) -> list[Run]:
        """The newest first."""
        ...

    async def count_runs(self, job_id: str, states: Sequence[str] | None) -> int:
        """How many there are."""
        ...

    async def loads(self, run_id: str, limit: int) -> list[HostLoad]:
        """What waits at the hosts of a run, those first at which it takes longest."""
        ...

    async def acknowledge(self, run_id: str, act: Act) -> bool:
        """Somebody has taken note of a run's end; False, and nothing audited, where it is open or was noted before."""
        ...

    async def begin_cleanup(self, run_id: str, act: Act) -> bool:
        """The records of a run that is over are to go, and its files have gone; False, and nothing audited, where that
        was said before."""
        ...

    async def cleaned(self, run_id: str) -> None:
        """They are gone."""
        ...

    async def acts(self, job_id: str, run_id: str | None, after: tuple[datetime, str], limit: int) -> list[Done]:
        """What was done with a job, or with one run of it, in the order of (at, id), after a position."""
        ...


class Visits(Protocol):
    """What runs' visits came to, and their records' removal."""

    async def samples(self, run_id: str, limit: int) -> list[Sample]:
        """How far a run had come at the last so many moments that were told, the oldest first."""
        ...

    async def figures(self, runs: Sequence[str]) -> list[RunFigures]:
        """Of each run that has visited something."""
        ...

    async def turns(self, run_id: str, after: tuple[datetime, str], limit: int) -> list[Turn]:
        """Changes of a run's state in the order of (at, id), after a position."""
        ...

    async def visits(
        self, run_id: str, after: tuple[datetime, str], limit: int, *, trouble: bool = False
    ) -> list[Visited]:
        """Visits of a run in the order of (at, id), after a position; with `trouble` only those that failed or are
        tried again."""
        ...

    async def remove_records(self, dataset: str, run_id: str) -> None:
        """Removes a run's records and what was marked of them; returns when no question sees them any more."""
        ...


class IdempotencyKeys(Protocol):
    """Requests that carry an Idempotency-Key, for a day."""

    async def claim(self, claim: Claim, body_hash: bytes, deed: str) -> Standing:
        """Of any number of attempts at once one gets Held; `deed` counts for a key that is new."""
        ...

    async def renew(self, claim: Claim) -> None:
        """The attempt is still under way."""
        ...

    async def release(self, claim: Claim, *, undone: bool) -> None:
        """It has ended without an answer worth keeping; `undone`: it was refused and has changed nothing."""
        ...

    async def answer(self, claim: Claim, answer: KeptAnswer) -> None:
        """What is to be answered from now on."""
        ...
