"""Dispatch over the fakes: what it published, and what was said of runs."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from uuid import uuid4

from producers.dispatch.brake import Brake
from producers.dispatch.closing import Closer
from producers.dispatch.service import Dispatch
from schemas.closings import Closing
from schemas.codec import decode
from schemas.events import FetchTask, RunCounts
from schemas.frontier import Issued, Seed
from schemas.job import JobDescription
from schemas.open_runs import OpenRun
from schemas.pinned import PinnedRun
from schemas.topics import FETCH_TASKS
from schemas.urls import fingerprint
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.log import Log, MemoryPublisher
from tests.fakes.warehouse import MemoryRows

HOST = "site.test"
NOW = "2026-01-01T00:00:00Z"


class Alerting(MemoryFrontier):
    """Remembers what a person was told."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[tuple[str, str, str]] = []
        self.closed_alerts: list[str] = []

    async def alert(self, subject: str, kind: str, message: str) -> None:
        self.alerts.append((subject, kind, message))

    async def close_alerts(self, subject: str) -> None:
        self.closed_alerts.append(subject)


@dataclass
class World:
    """Stores, a broker, and a dispatch."""

    frontier: Alerting = field(default_factory=Alerting)
    log: Log = field(default_factory=Log)
    free: int | None = None

    def __post_init__(self) -> None:
        self.rows = MemoryRows(Random(0))
        self.rows.faulty = False
        self.publisher = MemoryPublisher(self.log)
        self.closer = Closer(self.frontier, self.rows, self.log)

    def free_bytes(self) -> int | None:
        return self.free

    def dispatch(self) -> Dispatch:
        """A new process."""
        return Dispatch(self.frontier, self.publisher, self.closer, lambda: NOW, Brake(self))

    def open(self, *paths: str, host: str = HOST, **options: Any) -> str:
        """A running run with these seeds."""
        urls = [f"http://{host}/{path}" for path in paths]
        job = JobDescription.model_validate({"urls": urls, "options": {"delay": 0, **options}})
        run_id = str(uuid4())
        seeds = [Seed(fingerprint(url), url, host) for url in urls]
        self.frontier.open(PinnedRun(id=run_id, job_id=str(uuid4()), dataset="d", description=job), seeds)
        return run_id

    def tasks(self) -> list[FetchTask]:
        """Every task that was published, in order."""
        return [decode(FETCH_TASKS, message.value) for message in self.log.topics[FETCH_TASKS]]

    async def close(self, task: FetchTask | Issued, *, outcome: str = "fetched", klass: str = "fetched",
                    batches: tuple[tuple[str, int], ...] = ()) -> None:  # fmt: skip
        """Extraction closes a task."""
        await self.frontier.close([
            Closing(run_id=task.run_id, url_fp=task.url_fp, host=task.host, fetch_id=str(uuid4()),
                    attempt=task.attempt, tries=task.tries, whole=True, outcome=outcome, klass=klass,
                    records=sum(count for _, count in batches), batches=batches)
        ])  # fmt: skip

    async def store(self, run_id: str, batch: str, counted_in: int) -> None:
        """ClickHouse has a batch."""
        self.rows.tables["batches"].append({"id": batch, "run_id": run_id, "counted_in": counted_in})
        run = self.frontier.runs[run_id]
        run.batches[batch] = (run.batches[batch][0], True)

    async def open_run(self, run_id: str, **changes: Any) -> OpenRun:
        """A run as dispatch reads it."""
        (run,) = [run for run in await self.frontier.open_runs() if run.id == run_id]
        return replace(run, **changes)


def counts(**changes: int) -> RunCounts:
    return RunCounts(**changes)
