"""`trawl exporter` on the real engines: killed in the middle, and followed by another."""

import asyncio
import gzip
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import pyzipper

from infra.blobs.files import BlobFiles
from infra.blobs.store import Blobs
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate as migrate_clickhouse
from infra.clickhouse.reading import Reading
from infra.clickhouse.storage import ClickHouseStorage
from infra.kafka.provision import provision
from infra.postgres.exports import PostgresExports
from infra.postgres.figures import PostgresFigures
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from schemas.accounts import Act
from schemas.exports import Export, ExportAsked
from tests.integration.exports.keeping import SEAL_KEY, exports_of

RECORDS = 4_000
FILL = """
insert into records (id, dataset, run_id, job_id, batch_id, key, url, data, numbers, fetched_at, ingested_at)
select generateUUIDv4(number), {dataset:String}, {run:UUID}, {job:UUID}, generateUUIDv4(1), url, url,
    concat('{"url":"', url, '","title":"Page ', toString(number), '","markdown":"# Page\\\\n\\\\n[next](https://d.test/p/',
        toString(number + 1), ') ', repeat('some words ', 60), '"}'),
    map('number', number), fromUnixTimestamp64Milli(1767609000000 + number * 1000, 'UTC'), now64(3, 'UTC')
from (select number, concat('https://d.test/p/', toString(number)) as url from numbers({count:UInt64}))"""


@dataclass
class Shelf:
    """A completed run with records, and what its owner sees."""

    job: str
    run: str
    owner: str
    database: Database
    exports: PostgresExports
    files: BlobFiles
    folder: Path
    environ: dict[str, str]

    async def ask(self, format: Any, **more: Any) -> Export:
        asked = ExportAsked(job_id=self.job, run_id=None, format=format, **more)
        found = await self.exports.ask(asked, 100, 10**9, Act(actor="anna", action="export_asked"))
        assert isinstance(found, Export), found
        return found

    async def until(self, export: Export, state: str) -> Export:
        while True:
            found = await self.exports.export(export.id)
            assert found is not None
            if found.state == state:
                return found
            assert found.state != "failed", found.why
            await asyncio.sleep(0.02)

    async def bytes_of(self, export: Export) -> bytes:
        return b"".join([piece async for piece in self.files.read(export.blob, 0, export.bytes)])

    def stored(self) -> list[Path]:
        return [path for path in (self.folder / "blobs").glob("exports/**/*") if path.is_file()]


@pytest.fixture
async def shelf(engines: Any, tmp_path: Path) -> AsyncIterator[Shelf]:
    await provision(engines.kafka)
    await migrate(engines.postgres_owner)
    migrate_clickhouse(engines.clickhouse)
    job, run, dataset = str(uuid4()), str(uuid4()), f"docs-{uuid4().hex[:8]}"
    values = {
        "job": job,
        "run": run,
        "owner": f"anna {run}",
        "dataset": dataset,
        "description": orjson.dumps({"urls": []}).decode(),
    }
    client = connect(engines.clickhouse)
    client.command(FILL, parameters={"dataset": dataset, "run": run, "job": job, "count": RECORDS})
    client.close()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TRAWL_")} | engines.environ
    environ |= {"TRAWL_DATA": str(tmp_path), "TRAWL_SECRET_SEAL_KEY": SEAL_KEY}
    async with Database(engines.postgres) as database, BlobFiles(Blobs.of(None, tmp_path)) as files:
        await database.fetch(
            "insert into jobs (id, owner, name, dataset, description) "
            "values (%(job)s, %(owner)s, 'Docs', %(dataset)s, %(description)s)", values)  # fmt: skip
        await database.fetch(
            "insert into runs (id, job_id, owner, dataset, description, state, finished_at) "
            "values (%(run)s, %(job)s, %(owner)s, %(dataset)s, %(description)s, 'completed', now())",
            values,
        )
        yield Shelf(job, run, f"anna {run}", database, exports_of(database), files, tmp_path, environ)


@contextmanager
def exporter(shelf: Shelf) -> Iterator["subprocess.Popen[bytes]"]:
    with (shelf.folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "cli", "exporter"], env=shelf.environ, stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        assert process.wait(120) in (0, -9), (shelf.folder / "log").read_text()


def written(process: "subprocess.Popen[bytes]") -> int:
    """Bytes of the unnamed file that an exporter writes."""
    sizes = []
    for entry in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            if "/exporting/" in os.readlink(entry):
                sizes.append(entry.stat().st_size)
        except FileNotFoundError:
            continue
    return max(sizes, default=0)


async def ended_in_the_middle(shelf: Shelf) -> Export | None:
    """A file whose exporter was killed while it wrote it. None: it was done before we looked, and is removed."""
    asked = await shelf.ask("zip")
    with exporter(shelf) as first:
        while written(first) < 60_000 and not await completed(shelf, asked):
            assert first.poll() is None, (shelf.folder / "log").read_text()
            await asyncio.sleep(0.005)
        first.kill()
        first.wait()
    if not await completed(shelf, asked):
        return asked
    with exporter(shelf):
        await removed(shelf)
    return None


async def completed(shelf: Shelf, asked: Export) -> bool:
    found = await shelf.exports.export(asked.id)
    assert found is not None
    return found.state == "completed"


async def removed(shelf: Shelf) -> None:
    """The job's one file, by whoever removes what nobody may have any more."""
    assert await shelf.exports.remove(shelf.job, Act(actor="anna", action="exports_deleted")) == 1
    while shelf.stored():  # noqa: ASYNC110 - there is no event for what is on the disk
        await asyncio.sleep(0.02)


async def test_who_is_killed_in_the_middle_has_shown_nothing_and_another_makes_it(shelf: Shelf) -> None:
    while (asked := await ended_in_the_middle(shelf)) is None:
        pass
    left = await shelf.exports.export(asked.id)
    assert left is not None and (left.state, left.attempt) == ("running", 1)
    assert await shelf.exports.named(shelf.job, asked.filename) is None
    assert shelf.stored() == []
    await shelf.database.fetch("update exports set lease_until = now() where id = %s", (asked.id,))
    with exporter(shelf):
        made = await shelf.until(asked, "completed")
        assert (made.attempt, made.records) == (2, RECORDS)
        content = await shelf.bytes_of(made)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (made.sha256, made.bytes)
        (shelf.folder / "site.zip").write_bytes(content)
        packed = zipfile.ZipFile(shelf.folder / "site.zip")
        assert packed.testzip() is None
        assert len(packed.namelist()) == RECORDS + 1
        await removed(shelf)


async def test_what_a_job_asks_for_is_made_once_by_however_many(shelf: Shelf) -> None:
    description = orjson.dumps({"urls": [], "export_formats": ["markdown", "csv", "ndjson"]}).decode()
    await shelf.database.fetch("update runs set description = %s where id = %s", (description, shelf.run))
    with exporter(shelf), exporter(shelf):
        while len(await shelf.exports.of_job(shelf.job, 10)) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        made = [await shelf.until(one, "completed") for one in await shelf.exports.of_job(shelf.job, 10)]
    assert sorted(one.format for one in made) == ["csv", "markdown", "ndjson"]
    assert {(one.records, one.attempt) for one in made} == {(RECORDS, 1)}
    lines = await shelf.database.fetch(
        "select action, count(*) as times from audit where details ->> 'job_id' = %(job)s or object = %(job)s "
        "group by action order by action", {"job": shelf.job})  # fmt: skip
    assert [(row["action"], row["times"]) for row in lines] == [("export_made", 3), ("exports_asked", 1)]
    figures = await PostgresFigures(shelf.database).figures(shelf.owner)
    assert (figures.jobs, figures.runs, figures.exports) == ({"completed": 1}, 1, {"completed": 3})
    assert await shelf.exports.downloaded(made[0].id, Act(actor="anna", action="export_downloaded"))
    assert (await PostgresFigures(shelf.database).figures(None)).downloads >= 1
    async with Reading(shelf.environ["TRAWL_CLICKHOUSE"]) as reading:
        tables = {table.table: table.rows for table in await ClickHouseStorage(reading).tables()}
    assert tables["records"] >= RECORDS
    again = await shelf.ask("csv")
    assert again.id in {one.id for one in made}
    ndjson = next(one for one in made if one.format == "ndjson")
    urls = {orjson.loads(line)["url"] for line in (await shelf.bytes_of(ndjson)).splitlines()}
    assert len(urls) == RECORDS


async def test_of_chosen_records_alone_a_file_is_made_packed_and_locked(shelf: Shelf) -> None:
    begun = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    choice = {"conditions": ["number!=100", "number<1000"], "since": begun + timedelta(seconds=20),
              "until": begun + timedelta(seconds=500)}  # fmt: skip
    password = "a horse, 4 batteries & a staple"
    with exporter(shelf):
        formats = ("ndjson", "csv", "xlsx", "xml", "markdown", "zip")
        asked = [await shelf.ask(format, **choice) for format in formats]
        narrow = await shelf.ask("ndjson", compressed=True, **choice)
        locked = await shelf.ask("ndjson", password=password, **choice)
        made = [await shelf.until(one, "completed") for one in [*asked, narrow, locked]]
    assert {one.records for one in made} == {479}
    plain = await shelf.bytes_of(made[0])
    numbers = sorted(int(orjson.loads(line)["url"].rpartition("/")[2]) for line in plain.splitlines())
    assert numbers == [n for n in range(20, 500) if n != 100], "from the one moment on, and before the other"
    assert gzip.decompress(await shelf.bytes_of(made[-2])) == plain
    with pyzipper.AESZipFile(io.BytesIO(await shelf.bytes_of(made[-1]))) as archive:
        (entry,) = archive.infolist()
        assert entry.filename == made[-1].filename.removesuffix(".zip")
        assert archive.read(entry.filename, pwd=password.encode()) == plain
        with pytest.raises(RuntimeError):
            archive.read(entry.filename, pwd=b"another password")
    rows = await shelf.database.fetch("select sealed, key_id from exports where id = %s", (locked.id,))
    assert rows == [{"sealed": None, "key_id": None}], "what was used is forgotten"
    written = (shelf.folder / "log").read_text()
    assert password not in written and locked.id in written
