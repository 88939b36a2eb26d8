"""Exports as their owners see them: of a job that is not yours there are none."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, conflict, not_found
from api.ports.exports import Exports
from api.services.jobs import JobService
from schemas.exports import Export, ExportAsked, ExportFormat, Variant
from schemas.ledger import Job

_LOOK_EVERY_S = 0.05
_LISTED = 1000
_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLimits:
    """`wait` is the seconds for which a file is waited for; files and their bytes are those of one owner."""

    wait: float
    files: int
    bytes: int


class ExportService:
    """Files of a job's runs: made on request, found by name, taken away."""

    def __init__(self, jobs: JobService, exports: Exports, limits: ExportLimits) -> None:
        self._jobs = jobs
        self._exports = exports
        self._limits = limits

    async def convert(
        self, caller: Caller, job_id: str, run_id: str | None, format: ExportFormat, variant: Variant, visit: Visit
    ) -> Export:
        """Asks for a file and waits a little for it; the same file is made once, however often it is asked for. 409
        where no run is over yet, its records were removed, or the owner has too many."""
        job = await self._jobs.job(caller, job_id)
        asked = ExportAsked(job_id=job.id, run_id=_id(run_id, "run_id") if run_id else None, format=format,
                            variant=variant)  # fmt: skip
        act = visit.act(caller.user_id, "export_asked", job.id, format=format, run_id=asked.run_id)
        found = await self._exports.ask(asked, self._limits.files, self._limits.bytes, act)
        if isinstance(found, str):
            raise _refusal(found)
        clock = asyncio.get_running_loop().time
        until = clock() + self._limits.wait
        while found.state in ("queued", "running") and clock() < until:
            await asyncio.sleep(_LOOK_EVERY_S)
            found = await self._exports.export(found.id) or found
        return found

    async def conversion(self, caller: Caller, export_id: str) -> Export:
        """One that was asked for."""
        found = await self._exports.export(_id(export_id, "conversion_id"))
        if found is None or not (caller.sees_all or found.owner == caller.user_id):
            raise not_found("conversion_id", "You have no such export; it may have expired.")
        return found

    async def of_job(self, caller: Caller, job_id: str) -> list[Export]:
        """A job's, the newest first, a thousand at most."""
        job = await self._jobs.job(caller, job_id)
        return await self._exports.of_job(job.id, _LISTED)

    async def of_run(self, job: Job) -> list[Export]:
        """Those of the run that stands for a job, the newest first."""
        files = await self._exports.of_job(job.id, _SHOWN) if job.run else []
        return [export for export in files if job.run and export.run_id == job.run.id]

    async def named(self, caller: Caller, job_id: str, filename: str) -> Export:
        """A finished file. The name is looked up among the job's, and is never part of a path."""
        job = await self._jobs.job(caller, job_id)
        found = await self._exports.named(job.id, filename)
        if found is None:
            raise _no_such_file()
        return found

    async def downloaded(self, caller: Caller, export: Export, begin: int, end: int, visit: Visit) -> None:
        """Before the first byte leaves: it is counted and audited, or 404."""
        act = visit.act(caller.user_id, "export_downloaded", export.id, job_id=export.job_id,
                        filename=export.filename, bytes=[begin, end])  # fmt: skip
        if not await self._exports.downloaded(export.id, act):
            raise _no_such_file()

    async def remove(self, caller: Caller, job_id: str, visit: Visit) -> int:
        """Takes away a job's files, and what is under way; how many."""
        job = await self._jobs.job(caller, job_id)
        return await self._exports.remove(job.id, visit.act(caller.user_id, "exports_deleted", job.id))


def _refusal(why: str) -> ApiError:
    if why == "gone":
        return not_found("run_id", "This job has no such run.")
    if why == "cleaned":
        return conflict("run_id", "The records of this run were removed, so no file can be made; name another run_id.")
    if why == "full":
        return conflict("job_id", "You have as many exports as you may; delete some (DELETE /api/v1/exports/{job_id}).")
    return conflict("run_id", "No run that you mean is over yet; ask again when it is, or name another run_id.")


def _no_such_file() -> ApiError:
    return not_found(
        "filename", "This job has no such file; it may have expired. GET /api/v1/exports/{job_id} lists all."
    )


def _id(value: str, field: str) -> str:
    try:
        return str(UUID(value.removeprefix("run_").removeprefix("conv_")))
    except ValueError:
        raise not_found(field, "There is no such thing.") from None
