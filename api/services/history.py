"""A job's runs one after the other, and what becomes of their results: taken note of, removed."""

from dataclasses import dataclass

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import conflict, invalid
from api.ports import RunHistory, Visits
from api.services.jobs import JobService, run_of
from api.services.progress import STATES, StatusAsked
from schemas.ids import digest
from schemas.ledger import Run, RunFigures


@dataclass(frozen=True, slots=True)
class RunTold:
    """A run with what its visits came to (None: it has visited nothing that is stored yet)."""

    run: Run
    figures: RunFigures | None


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What removing a run's records is about. `done`: it was asked for with the right `confirm`, and they are gone."""

    run: Run
    confirm: str
    done: bool


class History:
    """ApiError 404 for what the caller may not see."""

    def __init__(self, service: JobService, history: RunHistory, visits: Visits) -> None:
        self._service = service
        self._history = history
        self._visits = visits

    async def runs(
        self, caller: Caller, job_id: str, status: StatusAsked | None, limit: int, offset: int
    ) -> tuple[list[RunTold], int]:
        """The newest first, and how many there are."""
        job = await self._service.job(caller, job_id)
        states = STATES[status] if status else None
        found = await self._history.runs(job.id, states, limit, offset)
        figures = {each.run_id: each for each in await self._visits.figures([run.id for run in found])}
        told = [RunTold(run, figures.get(run.id)) for run in found]
        return told, await self._history.count_runs(job.id, states)

    async def run(self, caller: Caller, job_id: str, run_id: str) -> RunTold:
        """One of them."""
        run = await self._service.run(caller, job_id, run_id)
        figures = await self._visits.figures([run.id])
        return RunTold(run, figures[0] if figures else None)

    async def acknowledge(self, caller: Caller, job_id: str, run_id: str | None, visit: Visit) -> Run:
        """Takes note of a run's end. Saying it twice is no mistake; 409 while it is open."""
        run = await self._over(caller, job_id, run_id, "take note of its end then")
        act = visit.act(caller.user_id, "run_acknowledged", run.job_id, run_id=run.id)
        await self._history.acknowledge(run.id, act)
        return await self._service.run(caller, job_id, run.id)

    async def clean_up(
        self, caller: Caller, job_id: str, run_id: str | None, confirm: str | None, visit: Visit
    ) -> Cleanup:
        """Removes a run's records for good, when it is asked for the second time with what the first answer says.
        Accounts, URLs, log and trends stay. Where ClickHouse fails in between, asking again goes on. ApiError 409 while
        the run is open, 422 for a `confirm` that is not the one for what is stored now."""
        run = await self._over(caller, job_id, run_id, "remove its records then")
        word = digest("clean up", run.id, str(run.counts.stored))[:8]
        if confirm is None:
            return Cleanup(run, word, done=False)
        if confirm != word:
            raise invalid("confirm", "This is not the word for what is stored now; ask without `confirm` for it.")
        if run.cleaned_at is None:
            act = visit.act(
                caller.user_id, "records_removed", run.job_id, run_id=run.id, dataset=run.dataset,
                records=run.counts.stored,
            )  # fmt: skip
            await self._history.begin_cleanup(run.id, act)
            await self._visits.remove_records(run.dataset, run.id)
            await self._history.cleaned(run.id)
        return Cleanup(await self._service.run(caller, job_id, run.id), word, done=True)

    async def _over(self, caller: Caller, job_id: str, run_id: str | None, then: str) -> Run:
        if run_id is None:
            run = run_of(await self._service.job(caller, job_id))
        else:
            run = await self._service.run(caller, job_id, run_id)
        if run.open:
            raise conflict("run_id", f"This run is still open; wait for its end, or cancel it, and {then}.")
        return run
