"""fetch-tasks → raw-pages: all hosts of one fetcher, and their leases.

Two clocks watch over a lease: once a second it is renewed in PostgreSQL, four times a second our own monotonic clock
is asked whether it still holds. The second needs nobody's answer, so a fetcher that cannot reach PostgreSQL, or was
stopped and wakes up, ends its visits before anybody else may begin.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

import structlog

from producers.fetch.exchange import Exchange
from producers.fetch.host import Host
from producers.fetch.ports import Leases, Results
from producers.fetch.robots import RobotsRules
from schemas.events import FetchResult, FetchTask

log = structlog.get_logger()

MAX_WAITING = 5000
MARGIN_S = 2.0
IDLE_S = 5.0
RENEW_EVERY_S = 1.0
_ANSWERED = 20_000


class Fleet:
    """Takes tasks, gives results. `full` says that no more should be taken for now."""

    def __init__(
        self,
        exchange: Exchange,
        robots: RobotsRules,
        leases: Leases,
        results: Results,
        clock: Callable[[], str],
        visited: Callable[[], object],
    ) -> None:
        """`visited` is called for each answer that was published: a counter's increment."""
        self._exchange = exchange
        self._robots = robots
        self._leases = leases
        self._results = results
        self._clock = clock
        self._hosts: dict[str, Host] = {}
        self._answered: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._dead_runs: set[str] = set()
        self._acquire = asyncio.Event()
        # One word with the lease store at a time: a release must not overtake the acquisition that follows it.
        self._talking = asyncio.Lock()
        self._visited = visited

    @property
    def full(self) -> bool:
        """Bounded: what waits here cannot be paused or cancelled as easily as what waits in the frontier."""
        return sum(len(host.waiting) for host in self._hosts.values()) >= MAX_WAITING

    def take(self, tasks: Iterable[FetchTask]) -> None:
        """Sorts tasks by host. A try that this fetcher has answered with a whole response is not made twice."""
        for task in tasks:
            answered = self._answered.get((task.run_id, task.url_fp), -1)
            if answered >= task.tries or task.run_id in self._dead_runs:
                continue
            host = self._hosts.get(task.host)
            if host is None:
                host = Host(task.host, self._exchange, self._robots, self._publish, self._clock)
                self._hosts[task.host] = host
            host.take(task)
            if not host.leased:
                self._acquire.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Keeps leases until `stopping`, then finishes the visits under way and gives every host back."""
        loops: list[Awaitable[None]] = [self._keep(), self._watch(), self._acquire_soon()]
        running = [asyncio.ensure_future(loop) for loop in loops]
        stop = asyncio.ensure_future(stopping.wait())
        try:
            done, _ = await asyncio.wait([stop, *running], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stop}:
                task.result()
        finally:
            await asyncio.gather(*(host.close() for host in self._hosts.values()))
            for task in [stop, *running]:
                task.cancel()
            await self._leases.release({name: host.state() for name, host in self._hosts.items() if host.leased})

    async def _publish(self, answer: FetchResult) -> None:
        while True:
            # An answer that was lost would leave its row issued until it is hopeless. The wait ends with the lease at
            # the latest, because that breaks the visit off.
            try:
                await self._results.send_all([answer])
                break
            except Exception as problem:
                log.warning("result_not_published", url=answer.url, error=str(problem))
                await asyncio.sleep(1.0)
        self._visited()
        if answer.failure is None:
            self._answered[answer.run_id, answer.url_fp] = answer.tries
            while len(self._answered) > _ANSWERED:
                self._answered.popitem(last=False)

    async def _acquire_soon(self) -> None:
        """A host that is new gets its lease at once and not at the next second."""
        while True:
            await self._acquire.wait()
            self._acquire.clear()
            await self._try_to_acquire()

    async def _try_to_acquire(self) -> None:
        wanted = [name for name, host in self._hosts.items() if host.waiting and not host.leased]
        if not wanted:
            return
        try:
            async with self._talking:
                asked = time.monotonic()
                granted = await self._leases.acquire(wanted)
        except Exception as problem:
            log.warning("leases_unavailable", error=str(problem))
            return
        for name, (wait_s, delay) in granted.items():
            self._hosts[name].granted(asked + self._leases.seconds - MARGIN_S, wait_s, delay)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            await self._give_back_idle()
            held = {name: host.state() for name, host in self._hosts.items() if host.leased}
            try:
                async with self._talking:
                    asked = time.monotonic()
                    still = await self._leases.renew(held) if held else set()
                await self._drop_dead_runs()
            except Exception as problem:
                log.warning("leases_unavailable", error=str(problem))
                continue
            for name in held:
                if name in still:
                    self._hosts[name].granted(asked + self._leases.seconds - MARGIN_S)
                else:
                    self._lost(name)
            await self._try_to_acquire()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            for name, host in self._hosts.items():
                if 0.0 < host.lease_until <= time.monotonic():
                    self._lost(name)

    def _lost(self, name: str) -> None:
        log.warning("lease_lost", host=name, tasks=self._hosts[name].lose())

    async def _give_back_idle(self) -> None:
        now = time.monotonic()
        idle = {
            name: host.state()
            for name, host in self._hosts.items()
            if not host.busy and now - host.idle_since > IDLE_S and host.state()[0] == 0.0
        }
        if not idle:
            return
        gone = [self._hosts.pop(name) for name in idle]
        try:
            async with self._talking:
                await self._leases.release(idle)
        except Exception as problem:
            log.warning("leases_unavailable", error=str(problem))  # it lapses by itself
        await asyncio.gather(*(host.close() for host in gone))

    async def _drop_dead_runs(self) -> None:
        """Tasks of runs that were cancelled or have failed are dropped before the visit; their rows are closed."""
        runs = {run for host in self._hosts.values() for run, _ in host.waiting}
        self._dead_runs = runs - await self._leases.live_runs(sorted(runs)) if runs else set()
        for host in self._hosts.values():
            for key in [key for key in host.waiting if key[0] in self._dead_runs]:
                del host.waiting[key]
