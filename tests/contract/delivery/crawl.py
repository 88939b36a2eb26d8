"""A crawl over the fakes and over the real stores: the same questions may be asked of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from infra.postgres.dispatching import DispatchFrontier
from infra.postgres.intents import IntentLedger
from infra.postgres.pool import Database
from infra.postgres.seeding import Seeding
from infra.postgres.snapshots import Snapshots, Suspects
from infra.postgres.task_ledger import TaskLedger
from producers.dispatch.ports import Frontier
from schemas.closings import Closing
from schemas.codec import decode
from schemas.events import RunCounts, RunEvent
from schemas.events.requests import SourceKind
from schemas.frontier import FoundLink, Issued, Seed
from schemas.ids import digest
from schemas.job import JobDescription
from schemas.pinned import PinnedRun
from schemas.topics import RUN_EVENTS
from schemas.urls import row_fingerprint
from streams.extraction.ports import TaskLedger as Ledger
from streams.warehouse.ports import IntentLedger as Intents
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.warehouse import MemoryIntents, MemorySnapshots, MemorySuspects

HOST = "site.test"


@dataclass(frozen=True)
class Fate:
    """What a store says of one row."""

    state: str
    attempt: int
    tries: int
    depth: int
    outcome: str | None
    klass: str | None
    reason: str
    published: bool


class Crawl(Protocol):
    """Both sides of the frontier, and what only a test may see."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def frontier(self) -> Frontier: ...
    @property
    def intents(self) -> Intents: ...

    async def open(self, *paths: str, host: str = HOST, sitemaps: Sequence[str] = (), job_id: str = "",
                   **options: Any) -> str:  # fmt: skip
        """A running run with these seeds, of a job of its own unless said otherwise; its id."""
        ...

    async def fate(self, run_id: str, path: str, kind: SourceKind = "page") -> Fate:
        """One row."""
        ...

    async def state(self, run_id: str) -> tuple[str, RunCounts]:
        """A run's state and accounts."""
        ...

    async def ask_to_cancel(self, run_id: str) -> None:
        """What the gateway does."""
        ...

    async def age(self, run_id: str, seconds: float) -> None:
        """It was created so long ago, as an estimate."""
        ...

    def memory(self) -> Any:
        """Snapshots of a stage of its own."""
        ...

    def suspects(self) -> Any:
        """Suspects of a stage of its own."""
        ...


def job(*urls: str, **options: Any) -> JobDescription:
    """A job that follows links."""
    options = {"follow": True, "delay": 0, "max_depth": 3, **options}
    return JobDescription.model_validate({"urls": list(urls), "options": options})


def url_of(path: str, host: str = HOST) -> str:
    """The URL that a test calls by its path."""
    return f"http://{host}/{path}"


def fp_of(path: str, host: str = HOST, kind: SourceKind = "page") -> str:
    """The fingerprint of its row."""
    return row_fingerprint(url_of(path, host), kind)


def link(path: str, depth: int = 1, *, host: str = HOST, hops: int = 0, outcome: str | None = None,
         reason: str = "", kind: SourceKind = "page") -> FoundLink:  # fmt: skip
    """A link as extraction finds it."""
    return FoundLink(url_fp=fp_of(path, host, kind), url=url_of(path, host), host=host, depth=depth, hops=hops,
                     outcome=outcome, reason=reason, kind=kind)  # fmt: skip


def seed_of(path: str, host: str = HOST, kind: SourceKind = "page") -> Seed:
    """What intake makes of an address of a job."""
    return Seed(fp_of(path, host, kind), url_of(path, host), host, kind)


def seeds_of(paths: Sequence[str], sitemaps: Sequence[str], host: str) -> list[Seed]:
    """What it makes of all of them."""
    return [seed_of(path, host) for path in paths] + [seed_of(path, host, "sitemap") for path in sitemaps]


def page(task: Issued, fetch: str = "", *links: FoundLink, records: int = 0, batches: Sequence[tuple[str, int]] = ()
         ) -> Closing:  # fmt: skip
    """A page that answers a task."""
    return Closing(
        run_id=task.run_id, url_fp=task.url_fp, host=task.host, fetch_id=digest(fetch or str(uuid4())),
        attempt=task.attempt, tries=task.tries, whole=True, outcome="fetched", klass="fetched", status=200,
        records=records, batches=batches, links=links, source=task.url,
    )  # fmt: skip


def failure(task: Issued, *, retry_at: float | None = None, whole: bool = False) -> Closing:
    """A failure that answers a task, or a `whole` response that is no page: another try at `retry_at`, or the end."""
    return Closing(
        run_id=task.run_id, url_fp=task.url_fp, host=task.host, fetch_id=str(uuid4()), attempt=task.attempt,
        tries=task.tries, whole=whole, outcome="timeout", klass="failed", reason="too slow", retry_at=retry_at,
        source=task.url,
    )  # fmt: skip


async def told(crawl: Crawl, run_id: str) -> list[RunEvent]:
    """The events of a run that wait in the outbox, in order."""
    events = [decode(said.topic, said.value) for said in await crawl.frontier.outbox() if said.topic == RUN_EVENTS]
    return [event for event in events if event.run_id == run_id]


@dataclass
class MemoryCrawl:
    """The fakes."""

    frontier: MemoryFrontier = field(default_factory=MemoryFrontier)

    def __post_init__(self) -> None:
        self.ledger = self.frontier
        self.intents = MemoryIntents(self.frontier)

    async def open(self, *paths: str, host: str = HOST, sitemaps: Sequence[str] = (), job_id: str = "",
                   **options: Any) -> str:  # fmt: skip
        run_id = str(uuid4())
        description = job(*(url_of(path, host) for path in [*paths, *sitemaps]), **options)
        run = PinnedRun(id=run_id, job_id=job_id or str(uuid4()), dataset="d", description=description)
        self.frontier.open(run, seeds_of(paths, sitemaps, host))
        return run_id

    async def fate(self, run_id: str, path: str, kind: SourceKind = "page") -> Fate:
        row = self.frontier.runs[run_id].rows[fp_of(path, kind=kind)]
        return Fate(row.state, row.attempt, row.tries, row.depth, row.outcome, row.klass, row.reason, row.published)

    async def state(self, run_id: str) -> tuple[str, RunCounts]:
        run = self.frontier.runs[run_id]
        return run.state, run.counts

    async def ask_to_cancel(self, run_id: str) -> None:
        self.frontier.runs[run_id].cancelled = True

    async def age(self, run_id: str, seconds: float) -> None:
        run = self.frontier.runs[run_id]
        run.kind, run.opened_at = "estimate", run.opened_at - seconds

    def memory(self) -> Any:
        return MemorySnapshots()

    def suspects(self) -> Any:
        return MemorySuspects()


class RealCrawl:
    """PostgreSQL. It is shared, so nothing may be asked of all runs but by their ids."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ledger: Ledger = TaskLedger(database)
        self.frontier: Frontier = DispatchFrontier(database)
        self.intents: Intents = IntentLedger(database)

    async def open(self, *paths: str, host: str = HOST, sitemaps: Sequence[str] = (), job_id: str = "",
                   **options: Any) -> str:  # fmt: skip
        run_id = str(uuid4())
        description = job(*(url_of(path, host) for path in [*paths, *sitemaps]), **options)
        seeds, job_id = seeds_of(paths, sitemaps, host), job_id or str(uuid4())
        assert await Seeding(self._database).open_outsiders(run_id, job_id, description, "contract", seeds)
        return run_id

    async def fate(self, run_id: str, path: str, kind: SourceKind = "page") -> Fate:
        rows = await self._database.fetch(
            "select state, attempt, tries, depth, outcome, klass, reason, published from frontier "
            "where run_id = %s and url_fp = %s",
            (run_id, fp_of(path, kind=kind)),
        )
        return Fate(**rows[0])

    async def state(self, run_id: str) -> tuple[str, RunCounts]:
        rows = await self._database.fetch("select * from runs where id = %s", (run_id,))
        return rows[0]["state"], RunCounts(**{name: rows[0][name] for name in RunCounts.__struct_fields__})

    async def ask_to_cancel(self, run_id: str) -> None:
        await self._database.fetch("update runs set cancelled_at = now() where id = %s", (run_id,))

    async def age(self, run_id: str, seconds: float) -> None:
        statement = "update runs set kind = 'estimate', created_at = now() - make_interval(secs => %s) where id = %s"
        await self._database.fetch(statement, (seconds, run_id))

    def memory(self) -> Any:
        return Snapshots(self._database, f"stage {uuid4()}")

    def suspects(self) -> Any:
        return Suspects(self._database, f"stage {uuid4()}")
