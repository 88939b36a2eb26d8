"""Exports in memory, made at once or when a test says so."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from schemas.accounts import Act
from schemas.exports import Export, ExportAsked, filename_of
from schemas.figures import Figures, StoredTable
from tests.unit.api.fakes import FakeJobs


class FakeExports:
    """`content` is what every file holds; while `made` is false nothing is made."""

    def __init__(self, jobs: FakeJobs) -> None:
        self._jobs = jobs
        self.content = b"0123456789" * 20
        self.made = True
        self.asked: list[ExportAsked] = []
        self.kept: dict[str, Export] = {}
        self.acts: list[Act] = []

    async def ask(self, asked: ExportAsked, most: int, most_bytes: int, act: Act) -> Export | str:
        job = await self._jobs.job(asked.job_id)
        run = job.run if job and asked.run_id is None else await self._jobs.run(asked.run_id or "")
        if run is None or job is None or run.job_id != job.id:
            return "gone" if asked.run_id else "open"
        if run.open:
            return "open"
        if run.cleanup_at is not None:
            return "cleaned"
        self.asked.append(asked)
        name = filename_of(job.name, run.id, asked)
        same = [one for one in self.kept.values() if (one.job_id, one.filename) == (job.id, name)]
        if not same and len([one for one in self.kept.values() if one.owner == job.owner]) >= most:
            return "full"
        self.acts.append(act)
        if same:
            return same[0]
        export = Export(
            id=asked.id, job_id=job.id, run_id=run.id, owner=job.owner, dataset=job.dataset, name=job.name,
            format=asked.format, variant=asked.variant, state="queued", asked_by=act.actor,
            filename=name, asked_at=datetime.now(UTC), conditions=list(asked.conditions), since=asked.since,
            until=asked.until, compressed=asked.compressed, encrypted=bool(asked.password),
        )  # fmt: skip
        self.kept[export.id] = export
        return export

    async def export(self, export_id: str) -> Export | None:
        found = self.kept.get(export_id)
        if found and found.state == "queued" and self.made:
            found = self.kept[export_id] = replace(
                found, state="completed", bytes=len(self.content), sha256=sha256(self.content).hexdigest(),
                blob=found.id, finished_at=datetime.now(UTC), expires_at=datetime.now(UTC) + timedelta(days=7),
            )  # fmt: skip
        return found

    async def of_job(self, job_id: str, limit: int) -> list[Export]:
        return [one for one in self.kept.values() if one.job_id == job_id][:limit]

    async def named(self, job_id: str, filename: str) -> Export | None:
        found = [one for one in await self.of_job(job_id, 1000) if one.filename == filename]
        return found[0] if found and found[0].state == "completed" else None

    async def downloaded(self, export_id: str, act: Act) -> bool:
        if export_id not in self.kept:
            return False
        self.acts.append(act)
        return True

    async def remove(self, job_id: str, act: Act) -> int:
        gone = [one.id for one in self.kept.values() if one.job_id == job_id]
        for one in gone:
            del self.kept[one]
        self.acts += [act] if gone else []
        return len(gone)

    async def read(self, ref: str, begin: int, end: int) -> AsyncIterator[bytes]:
        if ref not in self.kept:
            raise FileNotFoundError
        for place in range(begin, end, 7):
            yield self.content[place : min(place + 7, end)]


class FakeFigures:
    """The same figures for everybody, and whom they were asked for."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.away: Exception | None = None

    async def figures(self, owner: str | None) -> Figures:
        self.asked.append(owner)
        return Figures(
            jobs={"created": 1, "finishing": 2, "completed": 3}, runs=9, pages_requested=10, pages_fetched=7,
            pages_failed=1, pages_filtered=2, records_extracted=8, records_stored=7, records_rejected=1,
            exports={"completed": 1}, export_bytes=200, downloads=4,
        )  # fmt: skip

    async def tables(self) -> list[StoredTable]:
        if self.away:
            raise self.away
        return [StoredTable(table="records", rows=7, bytes=700)]
