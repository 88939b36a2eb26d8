"""Exports as their owners see them: of a job that is not yours there are none."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, conflict, invalid, not_found
from api.ports import Accounts
from api.ports.exports import Exports
from api.services.choosing import conditions
from api.services.jobs import JobService
from api.shapes.exports import ConvertAsked
from schemas.exports import Export, ExportAsked
from schemas.ledger import Job
from schemas.mail import check_address
from schemas.moments import rfc3339

_LOOK_EVERY_S = 0.05
_LISTED = 1000
_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLimits:
    """`wait` is the seconds for which a file is waited for; files and their bytes are those of one owner. `mail`:
    whether a server takes our mail."""

    wait: float
    files: int
    bytes: int
    mail: bool


class ExportService:
    """Files of a job's runs: made on request, found by name, taken away."""

    def __init__(self, jobs: JobService, exports: Exports, accounts: Accounts, limits: ExportLimits) -> None:
        self._jobs = jobs
        self._exports = exports
        self._accounts = accounts
        self._limits = limits

    async def convert(self, caller: Caller, job_id: str, body: ConvertAsked, visit: Visit) -> Export:
        """Asks for a file and waits a little for it; the same file is made once, however often it is asked for. 409
        where no run is over yet, its records were removed, or the owner has too many; 422 for a condition that cannot
        be understood, and where nobody could be told by mail."""
        job = await self._jobs.job(caller, job_id)
        if body.email:
            await self._check_mail(caller)
        asked = ExportAsked(
            id=visit.new_id("export", uuid4), job_id=job.id, format=body.format, variant=body.variant,
            run_id=_id(body.run_id, "run_id") if body.run_id else None, conditions=_understood(body.where),
            since=_to_ms(body.since), until=_to_ms(body.until), compressed=body.compress, mail=body.email,
            password=body.password.get_secret_value() if body.password else "",
        )  # fmt: skip
        act = visit.act(caller.user_id, "export_asked", job.id, run_id=asked.run_id, **_told(asked))
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

    async def _check_mail(self, caller: Caller) -> None:
        if not self._limits.mail:
            raise invalid("email", "No mail server is set here; leave email away, and ask how the conversion is.")
        user = await self._accounts.user(caller.user_id)
        try:
            check_address((user and user.email) or "")
        except ValueError:
            raise invalid("email", "Your account has no e-mail address that mail could go to.") from None


def _understood(where: Sequence[str]) -> list[str]:
    """As they were written, in one order, each once: what is asked for in another order is the same file."""
    conditions(where)
    return sorted({text.strip() for text in where})


def _to_ms(moment: datetime | None) -> datetime | None:
    """As exactly as records know when they were scraped."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def _told(asked: ExportAsked) -> dict[str, object]:
    """What the audit log keeps: what is the same in every request is left away, and a password is a yes."""
    told = {
        "format": asked.format,
        "where": list(asked.conditions),
        "since": asked.since and rfc3339(asked.since),
        "until": asked.until and rfc3339(asked.until),
        "compressed": asked.compressed,
        "encrypted": bool(asked.password),
        "mailed": asked.mail,
    }
    return {name: value for name, value in told.items() if value}


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
