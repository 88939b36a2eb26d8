"""A partition of clean-records, ledgers in memory, and warehouses that take it one after the other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from schemas import codec
from schemas.delivery import Delivery, Handled
from schemas.events import CleanBatch, CleanRecord
from schemas.ids import digest
from schemas.inserts import Rows
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS
from streams.warehouse.arriving import decode
from streams.warehouse.stage import Warehouse
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.log import Log
from tests.fakes.warehouse import MemoryIntents, MemoryRows

PLACE = (CLEAN_RECORDS, 0)
AT = "2026-01-01T00:00:00.000Z"


class Lost(Exception):
    """The worker ended here."""


class Sent(MemoryRows):
    """ClickHouse that never fails by itself; what was sent is kept with its token."""

    def __init__(self) -> None:
        super().__init__(Random(0))
        self.faulty = False
        self.inserts: list[tuple[str, bytes, str]] = []
        self.before: Callable[[Rows], Awaitable[None] | None] = lambda rows: None

    async def insert(self, rows: Rows, token: str) -> None:
        self.inserts.append((rows.table, rows.body, token))
        waiting = self.before(rows)
        if waiting is not None:
            await waiting
        await super().insert(rows, token)

    def ids(self, table: str = "batches") -> list[str]:
        """What the table holds, in order of arrival."""
        return [str(row["id"]) for row in self.tables[table]]


@dataclass
class Partition:
    """What outlives a worker."""

    log: Log = field(default_factory=Log)
    rows: Sent = field(default_factory=Sent)
    intents: MemoryIntents = field(default_factory=lambda: MemoryIntents(MemoryFrontier()))
    cluster: str = "cluster"
    clock: str = AT

    def append(self, *names: str, records: int = 1) -> None:
        """Batches by their names; the same name is the same batch."""
        for name in names:
            self.log.append(CLEAN_RECORDS, codec.encode(batch(name, records)))

    def append_raw(self, value: bytes) -> None:
        """Somebody's bytes."""
        self.log.append(CLEAN_RECORDS, value)

    async def worker(self) -> Warehouse:
        """A new owner."""
        stage = Warehouse(self.intents, self.rows, self.log, lambda: self.clock, self.cluster)
        await stage.assigned(CLEAN_RECORDS, {0})
        return stage

    async def deliver(self, worker: Warehouse, first: int, last: int) -> Handled:
        """Hands these offsets over."""
        return await worker.handle([delivery(m) for m in self.log.topics[CLEAN_RECORDS][first : last + 1]])


def batch(name: str, records: int = 1) -> CleanBatch:
    """A batch that is the same whenever it is asked for."""
    identity = digest(name)
    found = [CleanRecord(id=digest(name, str(number)), key=name, data={"n": number}) for number in range(records)]
    return CleanBatch(
        id=identity, dataset="d", run_id=digest("run"), job_id=digest("job"), url="u", url_fp=digest("u"),
        fetch_id="", fetched_at=AT, counted_in=records, records=found,
    )  # fmt: skip


def delivery(message: Message) -> Delivery:
    """As the pump hands it over: what is no event is None."""
    event: Any = None
    try:
        event = decode(CLEAN_RECORDS, message.value)
    except Exception:
        return Delivery(message, None)
    return Delivery(message, event)
