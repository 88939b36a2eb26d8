"""Where parts of uploads are counted: once, whatever is delivered twice; the run's accounts close."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest

from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.uploads import UploadRuns
from schemas.accounts import Act
from schemas.events import RunCounts, Upload
from schemas.ids import digest
from schemas.ledger import Opening
from schemas.uploads import Part
from tests.fakes.uploads import MemoryUploads


@dataclass
class World:
    """One kind of store, and how a run of it stands."""

    runs: MemoryUploads | UploadRuns
    database: Database | None

    async def open(self, run_id: str, parts: int) -> str:
        """As the gateway does; returns the job."""
        job_id = str(uuid4())
        if isinstance(self.runs, MemoryUploads):
            self.runs.known[run_id] = (job_id, "shop", "anna")
            return job_id
        opening = Opening(run_id=run_id, job_id=job_id, owner="anna", name="n", dataset="shop",
                          description={"urls": []}, priority=0, max_pages=parts)  # fmt: skip
        uploads = [Upload(dataset="shop", records=[{"n": n}], id=digest(run_id, str(n)), run_id=run_id, part=n)
                   for n in range(parts)]  # fmt: skip
        act = Act(actor="anna", action="records_uploaded", object=job_id)
        await self.runs.open(opening, uploads, act)
        rows = await self.database.fetch(  # type: ignore[union-attr]
            "select count(*)::int as parts from outbox where topic = 'uploads' and key = 'shop'"
            " and position(%(run)s::bytea in value) > 0",
            {"run": run_id.encode()},
        )
        assert rows[0]["parts"] == parts, "every part is on its way to Kafka"
        return job_id

    async def counts(self, run_id: str) -> RunCounts | None:
        """The accounts, where there are any."""
        if self.database is None:
            return None
        names = ("requested", "issued", "fetched", "failed", "extracted")
        (row,) = await self.database.fetch(f"select {', '.join(names)} from runs where id = %(run)s", {"run": run_id})
        return RunCounts(**row)

    async def promised(self, batch: str) -> int | None:
        """How many records were promised with a batch."""
        if isinstance(self.runs, MemoryUploads):
            return self.runs.promised.get(batch)
        rows = await self.database.fetch(  # type: ignore[union-attr]
            "select records from run_batches where batch_id = %(batch)s", {"batch": batch}
        )
        return rows[0]["records"] if rows else None


@pytest.fixture(params=["fake", "real"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """One kind after the other."""
    if request.param == "fake":
        yield World(MemoryUploads(), None)
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=4) as database:
        yield World(UploadRuns(database), database)


def part(run_id: str, number: int = 0, source: str = "") -> Part:
    batch = digest(run_id, "batch", str(number))
    return Part(
        run_id=run_id,
        job_id=digest(run_id, "job"),
        dataset="shop",
        number=number,
        place=f"uploads:0:{number}:1",
        source=source,
        url_fp=digest(run_id, str(number)),
        batches=[(batch, 5)],
    )


async def test_each_part_of_ours_is_counted_once(world: World) -> None:
    run_id = str(uuid4())
    job_id = await world.open(run_id, 3)
    assert await world.runs.job_of(run_id) == (job_id, "shop", "anna")
    for number in (0, 0, 1):
        assert await world.runs.take(part(run_id, number)) == "taken"
    assert await world.runs.take(replace(part(run_id, 0), place="uploads:0:77:2")) == "repeated"
    assert await world.promised(part(run_id, 1).batches[0][0]) == 5
    assert await world.counts(run_id) in (None, RunCounts(requested=3, issued=1, fetched=2, extracted=10))
    for _ in range(2):
        assert await world.runs.take(replace(part(run_id, 2), batches=()), failed=True) == "taken"
    assert await world.counts(run_id) in (None, RunCounts(requested=3, fetched=2, failed=1, extracted=10))


async def test_an_outsiders_message_opens_its_run_once(world: World) -> None:
    run_id = str(uuid4())
    ours = part(run_id, source="/price-watch one")
    assert [await world.runs.take(ours) for _ in range(2)] == ["taken", "taken"]
    assert await world.runs.take(replace(ours, place="uploads:3:9:9")) == "repeated"
    assert await world.counts(run_id) in (None, RunCounts(requested=1, fetched=1, extracted=5))
    assert await world.runs.job_of(run_id) == (ours.job_id, "shop", "kafka")


async def test_a_run_that_nobody_opened_takes_nothing(world: World) -> None:
    assert await world.runs.take(part(str(uuid4()))) == "unknown"
    assert await world.runs.job_of(str(uuid4())) is None
