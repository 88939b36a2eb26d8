"""What dispatching and closing a page costs, by the size of the run's frontier: it must not grow with it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import psutil

from infra.postgres.dispatching import DispatchFrontier
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.seeding import Seeding
from infra.postgres.task_ledger import TaskLedger
from producers.dispatch.brake import Brake
from producers.dispatch.closing import Closer
from producers.dispatch.service import Dispatch
from schemas.closings import Closing
from schemas.events import Event, FetchTask
from schemas.frontier import Seed
from schemas.job import JobDescription
from schemas.urls import fingerprint
from tests.bench.table import Table
from tests.engines import Engines, fresh_folder

SIZES = (10_000, 100_000, 1_000_000)
PAGES, HOSTS, WAITING = 3000, 50, 0.05
"""Pages dispatched and closed at each size, hosts that they are at, and the share of rows that wait for a moment."""

_FILL = b"""
insert into frontier (run_id, url_fp, host, url, depth, state, not_before)
select %(run)s::text::uuid, md5(%(run)s::text || n)::uuid, 'h' || n %% %(hosts)s || '.test',
    'http://h' || n %% %(hosts)s || '.test/catalogue/page-' || n || '.html', 1 + n %% 7, 'queued',
    case when n %% 100 < 100 * %(waiting)s then now() + interval '1 hour' end
from generate_series(1, %(rows)s) n"""
_ACCOUNT = b"""
insert into run_hosts (run_id, host, queued) select run_id, host, count(*) from frontier
where run_id = %(run)s::uuid and state = 'queued' group by run_id, host
on conflict (run_id, host) do update set queued = excluded.queued"""
_SUM = b"""
update runs set requested = %(rows)s + 1, queued = %(rows)s + 1 where id = %(run)s::uuid"""


@dataclass
class Taken:
    """A publisher that keeps what it is given."""

    tasks: list[FetchTask] = field(default_factory=list)

    async def send_all(self, events: Sequence[Event]) -> None:
        self.tasks += [event for event in events if isinstance(event, FetchTask)]

    async def send_raw(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        return None

    def free_bytes(self) -> None:
        return None

    async def of_run(self, run_id: str) -> tuple[int, int]:
        return 0, 0

    async def end_offsets(self, topics: Sequence[str]) -> dict[str, dict[str, int]]:
        return {}


async def measure(table: Table) -> None:
    """On a PostgreSQL of its own, with the dispatcher and the closing transaction as they are."""
    with fresh_folder() as folder:
        engines = Engines(folder)
        try:
            engines.start()
            await migrate(engines.postgres_owner)
            async with Database(engines.postgres_owner) as database:
                for size in SIZES:
                    await _sized(database, size, table)
        finally:
            engines.stop()


async def _sized(database: Database, size: int, table: Table) -> None:
    run_id, seed = await _filled(database, size)
    frontier, taken = DispatchFrontier(database), Taken()
    dispatch = Dispatch(frontier, taken, Closer(frontier, taken, taken), lambda: "2026-01-01T00:00:00Z", Brake(taken))
    ledger = TaskLedger(database)
    spent = {"dispatch": 0.0, "close": 0.0}
    done = longest = 0.0
    while done < PAGES:
        began = time.perf_counter()
        await dispatch.round()
        took = time.perf_counter() - began
        tasks, taken.tasks = taken.tasks, []
        began = time.perf_counter()
        for start in range(0, len(tasks), 100):
            await ledger.close([page_of(task) for task in tasks[start : start + 100]])
        spent["close"] += time.perf_counter() - began
        spent["dispatch"] += took
        longest = max(longest, took)
        done += len(tasks)
        assert tasks, "nothing was dispatched"
    name = f"{size:,} rows"
    memory = psutil.Process().memory_info().rss / 1e6
    table.row(f"dispatch a page, {name}", f"{1000 * spent['dispatch'] / done:.2f} ms", "", f"{seed}; {memory:.0f} MB")
    table.row(f"close a page, {name}", f"{1000 * spent['close'] / done:.2f} ms")
    table.row(f"longest round, {name}", f"{1000 * longest:.0f} ms", "", f"{done:.0f} pages")
    began, rounds = time.perf_counter(), 0
    await database.fetch("update runs set stopped_at = now() where id = %s", (run_id,))
    longest = 0.0
    while [run for run in await frontier.open_runs() if run.id == run_id and run.counts.queued]:
        looked = time.perf_counter()
        await dispatch.round()
        longest, rounds = max(longest, time.perf_counter() - looked), rounds + 1
    taken_s = time.perf_counter() - began
    table.row(f"stop, {name}", f"{taken_s:.1f} s", "", f"{rounds} rounds, the longest {1000 * longest:.0f} ms")


async def _filled(database: Database, size: int) -> tuple[str, str]:
    run_id, url = str(uuid4()), "http://h0.test/"
    job = JobDescription.model_validate(
        {"url": url, "options": {"delay": 0.5, "max_depth": 9, "max_pages": 10_000_000, "scope": "any"}}
    )
    seed = Seed(fingerprint(url), url, "h0.test")
    assert await Seeding(database).open_outsiders(run_id, str(uuid4()), job, "bench", [seed])
    values = {"run": run_id, "rows": size, "hosts": HOSTS, "waiting": WAITING}
    began = time.perf_counter()
    for statement in (_FILL, _ACCOUNT, _SUM, b"analyze frontier, run_hosts, runs"):
        await database.fetch(statement, values if b"%(" in statement else None)
    return run_id, f"filled in {time.perf_counter() - began:.0f} s"


def page_of(task: FetchTask) -> Closing:
    """A page without links or records that answers a task."""
    return Closing(
        run_id=task.run_id, url_fp=task.url_fp, host=task.host, fetch_id=str(uuid4()), attempt=task.attempt,
        tries=task.tries, whole=True, outcome="fetched", klass="fetched", status=200, source=task.url,
    )  # fmt: skip
