"""Jobs that are kept: made without running, changed into their next version, taken back, copied, set aside."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, Fault, conflict, invalid, not_found, of_body
from api.ports import JobVersions
from api.services.cursors import Page, cut, pack, unpack
from api.services.jobs import JobService, described, no_such_job
from api.services.references import References
from schemas.job import JobDescription
from schemas.job.description import unfolded
from schemas.ledger import Job, JobVersion

_TRIES = 5
Change = Callable[[dict[str, Any]], dict[str, Any]]


class Keeping:
    """Each change of a job is its next version; a run keeps the version that it was opened with. ApiError 404 for what
    the caller may not see, 412 for a version that is not the newest any more, 422 for what is not valid."""

    def __init__(
        self,
        service: JobService,
        versions: JobVersions,
        credentials: References,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._service = service
        self._versions = versions
        self._credentials = credentials
        self._new_id = new_id

    async def keep(self, caller: Caller, description: JobDescription, visit: Visit, *, action: str = "job_kept") -> Job:
        """A new job that does not run before it is started."""
        await self._fits(caller.user_id, description)
        opening = self._service.opening(visit, visit.new_id("job", self._new_id), caller.user_id, description)
        await self._versions.keep(opening, visit.act(caller.user_id, action, opening.job_id, name=opening.name))
        return await self._service.job(caller, opening.job_id)

    async def change(self, caller: Caller, job_id: str, change: Change, if_match: str | None, visit: Visit) -> Job:
        """`change` turns the description as it is kept into the new one. Where nobody asked for a certain version, it
        is applied to whatever is the newest; of racing changes none is lost."""
        for _ in range(_TRIES):
            job = await self._service.job(caller, job_id)
            check_match(if_match, job)
            description = validated(change(job.description))
            if description.dataset is None:
                # A job that is renamed goes on writing where it wrote; only `dataset` moves it.
                description = description.model_copy(update={"dataset": job.dataset})
            if description.model_dump(mode="json") == {**job.description, "dataset": job.dataset}:
                return job
            if await self._write(caller, job, description, visit, "job_changed"):
                return await self._service.job(caller, job_id)
            if if_match is not None:
                raise _stale(await self._service.job(caller, job_id))
        raise conflict("job_id", "Others are changing this job at the moment; look at it, and try again.")

    async def _write(
        self, caller: Caller, job: Job, description: JobDescription, visit: Visit, action: str, **details: object
    ) -> bool:
        await self._fits(job.owner, description)
        opening = self._service.opening(
            visit, job.id, job.owner, description, name=description.name or job.name, dataset=description.dataset
        )
        before = job.description
        changed = sorted(name for name, value in opening.description.items() if value != before.get(name))
        act = visit.act(caller.user_id, action, job.id, version=job.version + 1, changed=changed, **details)
        done = await self._versions.change(opening, job.version, act)
        if done == "gone":
            raise no_such_job()
        return done != "stale"

    async def versions(self, caller: Caller, job_id: str, cursor: str | None, limit: int) -> Page[JobVersion]:
        """A job's versions, the newest first."""
        job = await self._service.job(caller, job_id)
        position = unpack(cursor, (str,))
        before = int(position[0]) if position and position[0].isdecimal() and len(position[0]) < 10 else None
        found = await self._versions.versions(job.id, before=before, limit=limit + 1)
        return cut(found, limit, lambda version: pack(str(version.version)))

    async def version(self, caller: Caller, job_id: str, number: int) -> JobVersion:
        """One of them."""
        job = await self._service.job(caller, job_id)
        found = await self._versions.versions(job.id, version=number, limit=1)
        if not found:
            raise not_found("version", f"This job has no version {number}; the newest is {job.version}.")
        return found[0]

    async def restore(self, caller: Caller, job_id: str, number: int, if_match: str | None, visit: Visit) -> Job:
        """An older version becomes the newest one, as another version: nothing of what was between is lost."""
        old = await self.version(caller, job_id, number)
        job = await self._service.job(caller, job_id)
        check_match(if_match, job)
        if old.version == job.version:
            return job
        description = described(old.description).model_copy(update={"name": old.name, "dataset": old.dataset})
        if not await self._write(caller, job, description, visit, "job_restored", restored=number):
            raise _stale(await self._service.job(caller, job_id))
        return await self._service.job(caller, job_id)

    async def clone(self, caller: Caller, job_id: str, changes: dict[str, Any], visit: Visit) -> Job:
        """A job of the caller's own like another one, with changes; it does not run before it is started."""
        job = await self._service.job(caller, job_id)
        changes = {"name": f"{job.name} (copy)"[:200], **changes}
        return await self.keep(caller, validated(merged(job.description, changes)), visit, action="job_cloned")

    async def archive(self, caller: Caller, job_id: str, visit: Visit, *, archived: bool) -> Job:
        """Out of the lists, or back in. Saying it twice is no mistake; 409 while a run is open."""
        job = await self._service.job(caller, job_id)
        if archived and job.run and job.run.open:
            raise conflict("job_id", "A run of this job is open; wait for it, or cancel it, and archive the job then.")
        act = visit.act(caller.user_id, "job_archived" if archived else "job_unarchived", job.id)
        await self._versions.archive(job.id, archived, act)
        return await self._service.job(caller, job_id)

    async def _fits(self, owner: str, description: JobDescription) -> None:
        await self._service.check(description)
        await self._credentials.check(owner, description)


def etag(job: Job) -> str:
    """Names the version of a job's description (RFC 9110, 8.8.3): what changes of the job are held against."""
    return f'"v{job.version}"'


def check_match(if_match: str | None, job: Job) -> None:
    """ApiError 412 where the caller expects another version. Weak tags never match (RFC 9110, 13.1.1)."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag(job) not in [tag.strip() for tag in if_match.split(",")]:
        raise _stale(job)


def _stale(job: Job) -> ApiError:
    said = f"The job has changed meanwhile: its version is {job.version} now. Read it again, and change that one."
    return ApiError(
        412, "PRECONDITION_FAILED", said, [Fault("If-Match", said, "STALE")], headers={"ETag": etag(job)},
        details={"version": job.version},
    )  # fmt: skip


def merged(kept: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A description with changes in it, as the v2 interface's PUT has it: what is absent stays, `options` are changed
    one by one, everything else is replaced whole. The older forms of a description are understood."""
    found = {**kept, **newest_form(changes)}
    if isinstance(found.get("options"), dict):
        found["options"] = {**kept.get("options", {}), **found["options"]}
    return found


def newest_form(changes: dict[str, Any]) -> dict[str, Any]:
    """The older interfaces' forms brought into the newest one. ApiError 422 where they contradict each other."""
    try:
        return unfolded(changes)
    except ValueError as problem:
        raise invalid("body", str(problem)) from None


def patched(kept: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396): objects are merged all the way down, null takes a field back to its default."""
    if not isinstance(patch, dict):
        return patch
    found = dict(kept) if isinstance(kept, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = patched(found.get(name), value)
    return found


def validated(description: dict[str, Any]) -> JobDescription:
    """ApiError 422 (by the framework's own error) that names every wrong field."""
    try:
        return JobDescription.model_validate(description)
    except ValidationError as problem:
        raise of_body(problem) from None
