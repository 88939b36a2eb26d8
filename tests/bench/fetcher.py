"""Processor time of the fetcher alone, a page: the exchange, then everything around it, then Kafka."""

import asyncio
import cProfile
import pstats
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from infra.http.exchange import HttpFetcher
from infra.kafka.publisher import Publisher
from infra.process import now
from producers.fetch.credentials import Credentials
from producers.fetch.fleet import Fleet
from producers.fetch.jars import Jars
from producers.fetch.robots import RobotsRules
from producers.fetch.visiting import Visiting
from schemas.codec import encode
from schemas.events import Event, FetchTask, Politeness
from schemas.exchange import ExchangeRequest
from schemas.ids import digest
from schemas.leases import HostRecord, RunState
from tests.bench.pages import SIZE, serving
from tests.bench.table import Table
from tests.unit.fetch.keeping import NothingKept

PAGES = 4000
AT_ONCE = 16
RUN = "11111111-1111-4111-8111-111111111111"


@dataclass
class Granted:
    """Every lease, every run."""

    seconds: float = 3600.0

    async def acquire(self, hosts: Sequence[str]) -> dict[str, HostRecord]:
        return {host: HostRecord(wait_s=-1e7) for host in hosts}

    async def renew(self, hosts: Mapping[str, HostRecord]) -> set[str]:
        return set(hosts)

    async def release(self, hosts: Mapping[str, HostRecord]) -> None:
        return None

    async def run_states(self, runs: Sequence[str]) -> dict[str, RunState]:
        return {run: RunState() for run in runs}


class Encoded:
    """Results as bytes, kept by nobody."""

    async def send_all(self, events: Sequence[Event]) -> None:
        for event in events:
            encode(event)


def measure(table: Table, kafka: str | None = None, *, profile: bool = False) -> None:
    """Three figures; with `profile` the second one's functions, the most expensive first."""
    with serving() as port:
        ms = asyncio.run(_timed(lambda: _exchanges(port)))
        table.row("fetcher: one exchange", f"{ms:.3f} ms", "", f"processor time; pages of {SIZE} bytes, loopback")
        profiler = cProfile.Profile()
        ms = asyncio.run(_timed(lambda: _fleet(port, Encoded(), profiler if profile else None)))
        table.row("fetcher: a visit, all but Kafka", f"{ms:.3f} ms", "≤ .600 ms")
        if profile:
            pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(45)
        if kafka is not None:
            ms = asyncio.run(_timed(lambda: _with_kafka(port, kafka)))
            table.row("fetcher: a visit, Kafka's producer included", f"{ms:.3f} ms", "≤ .600 ms")


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds of this process for each page."""
    began = time.process_time()
    await work()
    return 1000 * (time.process_time() - began) / PAGES


async def _exchanges(port: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(fetcher: HttpFetcher, number: int) -> None:
        async with gate:
            assert (await fetcher.fetch(ExchangeRequest(f"http://127.0.0.1:{port}/{number}"))).ok

    async with HttpFetcher(["127.0.0.1"]) as fetcher:
        await asyncio.gather(*(one(fetcher, number) for number in range(PAGES)))


async def _fleet(port: int, results: Encoded | Publisher, profiler: cProfile.Profile | None = None) -> None:
    host, visited, stopping = f"127.0.0.1:{port}", [0], asyncio.Event()

    def count() -> None:
        visited[0] += 1
        if visited[0] == PAGES:
            stopping.set()

    async with HttpFetcher(["127.0.0.1"]) as fetcher:
        visiting = Visiting(fetcher, Jars(NothingKept()), Credentials(NothingKept()), NothingKept())
        fleet = Fleet(visiting, RobotsRules(fetcher, "TrawlBot"), Granted(), results, now, count)
        polite = Politeness(respect_robots=False, delay=0.0, concurrency=AT_ONCE, adaptive=False)
        tasks = [
            FetchTask(
                run_id=RUN, url_fp=digest(str(n)), url=f"http://{host}/{n}", host=host, attempt=1, politeness=polite
            )
            for n in range(PAGES)
        ]
        if profiler:
            profiler.enable()
        fleet.take(tasks)
        await fleet.run(stopping)
        if profiler:
            profiler.disable()


async def _with_kafka(port: int, brokers: str) -> None:
    async with Publisher(brokers, "bench") as publisher:
        await _fleet(port, publisher)
