"""One partition, a stage of the test's making, and workers that may end in the middle of it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

from infra.kafka.pump import Pump
from schemas import codec
from schemas.delivery import Delivery, Handled, Reject, Settled
from schemas.events import Event, RecordBatch, ScrapeRequest
from schemas.message import Message
from schemas.stages import Stage
from schemas.topics import SCRAPE_REQUESTS
from tests.fakes.warehouse import MemorySuspects, NoMeter


class Killed(BaseException):
    """The process is gone: no handler of exceptions is asked."""


def request(run: str) -> bytes:
    """A message that is recognised by its run."""
    return codec.encode(ScrapeRequest(run_id=run))


def output(run: str) -> RecordBatch:
    """What the stages of these tests make of a message."""
    return RecordBatch(id=run, dataset="d", run_id=run, job_id="", url="", url_fp="", fetch_id="", fetched_at="")


Heed = Callable[[str], Awaitable[None] | None]


class Echo:
    """One output a message; what `heed` does to a run's name comes first."""

    def __init__(self, heed: Heed) -> None:
        self._heed = heed
        self.batches: list[list[str]] = []

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        self.batches.append([delivery.event.run_id for delivery in batch])
        handled = Handled()
        for delivery in batch:
            done = self._heed(delivery.event.run_id)
            if done is not None:
                await done
            handled.outputs.append(output(delivery.event.run_id))
        return handled


class Ledgered(Echo):
    """The same, deciding itself how far its input is settled: it is shown every offset."""

    def __init__(self, heed: Heed, lag: int = 0) -> None:
        super().__init__(heed)
        self.seen: list[int] = []
        self._lag = lag

    async def assigned(self, topic: str, partitions: set[int]) -> None:
        self.seen.clear()

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        self.seen += [delivery.message.offset for delivery in batch]
        return await super().handle([delivery for delivery in batch if delivery.event is not None])

    async def settle(self, *, idle: bool) -> Settled:
        end = self.seen[-1] + 1 if self.seen else 0
        return {(SCRAPE_REQUESTS, 0): end if idle else max(0, end - self._lag)}


@dataclass
class Outlet:
    """What was published, in order; `refuse` may raise for an event."""

    sent: list[str] = field(default_factory=list)
    letters: list[Reject] = field(default_factory=list)
    refuse: Callable[[str], None] = lambda run: None

    async def send_all(self, events: Sequence[Event]) -> None:
        for event in events:
            name = event.event_id()
            self.refuse(name)
            self.sent.append(name)

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        self.letters += rejects


@dataclass
class Line:
    """The log, what is committed, and what outlives workers."""

    values: Sequence[bytes]
    stage: Callable[[], Stage]
    batch: int = 4
    committed: int = 0
    commits_at_once: bool = True
    suspects: MemorySuspects = field(default_factory=MemorySuspects)
    outlet: Outlet = field(default_factory=Outlet)
    pump: Pump | None = None

    def message(self, offset: int) -> Message:
        return Message(SCRAPE_REQUESTS, 0, offset, None, self.values[offset])

    async def work(self) -> None:
        """One worker from what is committed to the end of the log, then its farewell. Raises what ends it early.

        Like Faust it commits some time later, unless the pump is careful.
        """
        self.pump = Pump("echo", self.stage(), self.outlet, self.suspects, NoMeter())
        await self.pump.assigned(SCRAPE_REQUESTS, {0})
        position, settled = self.committed, 0
        for end in self._cuts(position):
            found = await self.pump.step([self.message(offset) for offset in range(position, end)], monotonic())
            settled, position = found[SCRAPE_REQUESTS, 0], end
            if self.pump.careful or self.commits_at_once:
                self.committed = settled
        self.committed = settled
        await self.pump.released()

    async def work_until_done(self, most: int = 20) -> int:
        """Workers, each when the one before was killed; returns how many were needed."""
        for number in range(1, most + 1):
            try:
                await self.work()
                return number
            except Killed:
                continue
        raise AssertionError(f"{most} workers died")

    def _cuts(self, position: int) -> Iterator[int]:
        while position < len(self.values):
            position = min(position + self.batch, len(self.values))
            yield position
