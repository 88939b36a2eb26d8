"""How long a hundred thousand records take to become a file, and how much memory their exporter has at most."""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import orjson

from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate as migrate_clickhouse
from infra.kafka.provision import provision
from infra.patience import LIMIT_S
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from schemas.accounts import Act
from schemas.exports import FORMATS, Export, ExportAsked, ExportFormat
from tests.bench.table import Table
from tests.engines import Engines, fresh_folder
from tests.integration.exports.keeping import SEAL_KEY, exports_of

RECORDS = 100_000
FILL = """
insert into records (id, dataset, run_id, job_id, batch_id, key, url, data, numbers, fetched_at, ingested_at)
select generateUUIDv4(number), 'docs', {run:UUID}, {job:UUID}, generateUUIDv4(1), url, url,
    concat('{"url":"', url, '","title":"Page ', toString(number), '","markdown":"# Page\\\\n\\\\n[next](https://d.test/p/',
        toString(number + 1), ') ', repeat('some `words` and **more** of them ', 40), '"}'),
    map(), now64(3, 'UTC'), now64(3, 'UTC')
from (select number, concat('https://d.test/p/', toString(number)) as url from numbers({count:UInt64}))"""


async def measure(table: Table) -> None:
    """Two rows a format: records a second, and the exporter's largest memory."""
    with ExitStack() as stack:
        folder = stack.enter_context(fresh_folder())
        engines = Engines(folder)
        stack.callback(engines.stop)
        engines.start()
        await provision(engines.kafka)
        await migrate(engines.postgres_owner)
        migrate_clickhouse(engines.clickhouse)
        async with Database(engines.postgres) as database:
            job = await _run(database, engines.clickhouse)
            for format in FORMATS:
                taken, memory, made = await _one(database, engines, job, format)
                table.row(
                    f"export: {RECORDS:,} records as {format}", f"{RECORDS / taken:,.0f} /s", "",
                    f"{taken:.1f} s, {made.bytes / 1e6:.0f} MB, exporter at most {memory / 1e3:.0f} MB",
                )  # fmt: skip


async def _run(database: Database, clickhouse: str) -> str:
    job, run = str(uuid4()), str(uuid4())
    client = connect(clickhouse, timeout=LIMIT_S)
    client.command(FILL, parameters={"run": run, "job": job, "count": RECORDS})
    client.close()
    values = {"job": job, "run": run, "description": orjson.dumps({"urls": []}).decode()}
    await database.fetch(
        "insert into jobs (id, owner, name, dataset, description) "
        "values (%(job)s, 'a', 'Docs', 'docs', %(description)s)",
        values,
    )
    await database.fetch(
        "insert into runs (id, job_id, owner, dataset, description, state, finished_at) "
        "values (%(run)s, %(job)s, 'a', 'docs', %(description)s, 'completed', now())", values)  # fmt: skip
    return job


async def _one(database: Database, engines: Engines, job: str, format: ExportFormat) -> tuple[float, int, Export]:
    """Seconds, kilobytes, and what was made; by a process of its own, so that each has its own peak."""
    exports = exports_of(database)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TRAWL_")} | engines.environ
    environ["TRAWL_SECRET_SEAL_KEY"] = SEAL_KEY
    process = _exporter(environ)
    try:
        asked = ExportAsked(job_id=job, run_id=None, format=format, variant="")
        found = await exports.ask(asked, 100, 10**12, Act(actor="bench", action="export_asked"))
        assert isinstance(found, Export)
        while found.state == "queued":
            await asyncio.sleep(0.02)
            found = await exports.export(found.id) or found
        began = time.perf_counter()
        while found.state == "running":
            await asyncio.sleep(0.02)
            found = await exports.export(found.id) or found
        assert found.state == "completed", found.why
        return time.perf_counter() - began, _peak(process.pid), found
    finally:
        process.terminate()
        process.wait(20)


def _exporter(environ: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "cli", "exporter"], env=environ, stderr=subprocess.DEVNULL)


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
