"""A site, a lease store and a broker of the tests' own, and a fleet among them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from producers.fetch.answers import answer_of, request_of
from producers.fetch.fleet import Fleet
from producers.fetch.robots import RobotsRules
from schemas.events import Event, FetchResult, FetchTask, Politeness
from schemas.events.requests import Visit
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse, ExchangeTimes
from schemas.hosts import host_of
from schemas.leases import HostRecord, RunState
from schemas.urls import fingerprint
from tests.fakes.leases import LeaseTable, MemoryLeases
from tests.unit.fetch.virtual import VirtualTime

Answer = ExchangeResponse | ExchangeFailure
RUN = "11111111-1111-4111-8111-111111111111"
LEASE_S = 8.0
OTHER = "22222222-2222-4222-8222-222222222222"


def task(
    url: str, *, run: str = RUN, attempt: int = 1, tries: int = 0, rested: str = "", proxy: str = "", **politeness: Any
) -> FetchTask:
    """By default without robots.txt and delay."""
    wishes = Politeness(**({"respect_robots": False, "delay": 0.0} | politeness))
    return FetchTask(run_id=run, url_fp=fingerprint(url), url=url, host=host_of(url), attempt=attempt, tries=tries,
                     politeness=wishes, visit=Visit(rested=rested, proxy=proxy))  # fmt: skip


def page(url: str, status: int = 200, body: bytes = b"", *, took: float = 0.01, **headers: str) -> ExchangeResponse:
    """A response whose head came after `took` seconds."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return ExchangeResponse(url, status, named, body, len(body), "192.0.2.1",
                            ExchangeTimes(total=took * 1000, first_byte=took * 1000))  # fmt: skip


def refused(url: str, took: float = 0.01) -> ExchangeFailure:
    return ExchangeFailure(url, "connect_failed", "Connection refused.", took * 1000)


@dataclass
class Hit:
    """A request, when it began, and how many others of its host were under way."""

    url: str
    at: float
    beside: int
    finished: bool = False

    @property
    def path(self) -> str:
        return "/" + self.url.split("/", 3)[3]


@dataclass
class Web:
    """Answers by `answers[url]` or `default`; each exchange takes the time that its answer says."""

    clock: VirtualTime
    default: Callable[[str], Answer] = page
    answers: dict[str, Callable[[str], Answer]] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)

    async def fetch(self, request: ExchangeRequest) -> Answer:
        here = [hit for hit in self.hits if host_of(hit.url) == host_of(request.url) and not hit.finished]
        hit = Hit(request.url, self.clock.passed, len(here))
        self.hits.append(hit)
        answer = self.answers.get(request.url, self.default)(request.url)
        took = answer.times.total if isinstance(answer, ExchangeResponse) else answer.elapsed_ms
        try:
            await asyncio.sleep(took / 1000)
        finally:
            hit.finished = True
        return answer

    def times(self, host: str = "", path: str = "") -> list[float]:
        """When requests began, by host, by path."""
        return [hit.at for hit in self.hits if host in hit.url and hit.path.startswith(path or "/")]


@dataclass
class Broker:
    """Keeps the results; `away` means that it does not take any."""

    results: list[FetchResult] = field(default_factory=list)
    away: bool = False

    async def send_all(self, events: Sequence[Event]) -> None:
        await asyncio.sleep(0.001)
        if self.away:
            raise ConnectionError("The broker is away.")
        self.results += [event for event in events if isinstance(event, FetchResult)]


@dataclass
class PlainVisitor:
    """Visits without cookies, credentials or a blob store."""

    web: Web

    async def visit(self, task: FetchTask, fetched_at: str) -> FetchResult:
        return answer_of(task, await self.web.fetch(request_of(task)), fetched_at, self.web.clock.time())


class World:
    """A fleet at work."""

    def __init__(self, clock: VirtualTime) -> None:
        self.clock = clock
        self.web = Web(clock)
        self.leases = LeaseTable(clock.monotonic)
        self.leases.runs = {RUN: RunState(), OTHER: RunState()}
        self.broker = Broker()
        self.fleet = self.another("we")

    def another(self, name: str) -> Fleet:
        """One more fetcher, with the same web, store and broker."""
        leases = MemoryLeases(self.leases, name, LEASE_S)
        visitor, robots = PlainVisitor(self.web), RobotsRules(self.web, "TrawlBot/1")
        return Fleet(visitor, robots, leases, self.broker, lambda: f"{self.clock.passed:.3f}", lambda: None)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["World"]:
        """Until the block ends; then the fleet ends in good order."""
        stopping = asyncio.Event()
        running = asyncio.create_task(self.fleet.run(stopping))
        await asyncio.sleep(0)
        try:
            yield self
        finally:
            stopping.set()
            await running

    async def passes(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, true: Callable[[], object], limit: float = 3600.0) -> float:
        """Waits for something to be true and returns when it was; AssertionError after `limit` seconds."""
        deadline = self.clock.passed + limit
        while not true():
            assert self.clock.passed < deadline, f"not within {limit} s; {len(self.broker.results)} results"
            await asyncio.sleep(0.02)
        return self.clock.passed

    async def answers(self, count: int, limit: float = 3600.0) -> list[FetchResult]:
        await self.until(lambda: len(self.broker.results) >= count, limit)
        return self.broker.results

    async def taken(self, host: str, record: HostRecord | None = None, seconds: float = 1e9) -> MemoryLeases:
        """Another fetcher has the host, and would leave that behind."""
        stranger = MemoryLeases(self.leases, "stranger", seconds)
        self.leases.rows.pop(host, None)
        await stranger.acquire([host])
        if record is not None:
            await stranger.renew({host: record})
        return stranger

    async def remember(self, host: str, record: HostRecord) -> None:
        """What an earlier keeper left behind."""
        stranger = await self.taken(host)
        await stranger.release({host: record})

    def recorded(self, host: str) -> HostRecord:
        """What the store holds of a host now."""
        return self.leases.recall(self.leases.rows[host])


def kinds(results: Sequence[FetchResult]) -> list[str]:
    """What each was, in a word."""
    return [
        "given up" if r.given_up else "resting" if r.resting else r.failure or str(r.status) for r in results
    ]  # fmt: skip
