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

from producers.fetch.host import Host
from producers.fetch.ports import Leases, Results, Visitor
from producers.fetch.robots import RobotsRules
from producers.fetch.runs import Runs
from producers.fetch.unvisited import seen_lately
from schemas.events import FetchResult, FetchTask

log = structlog.get_logger()

MAX_WAITING = 5000
CROWDED = 2500
"""Tasks in all above which slow hosts hand back what they will not come to within HORIZON_S."""
HORIZON_S = 30.0
MARGIN_S = 2.0
IDLE_S = 5.0
RENEW_EVERY_S = 1.0
_ANSWERED = 20_000
_AT_ONCE = 200


class Fleet:
    """Takes tasks, gives results. `full` says that no more should be taken for now.

    `runs_changed` is set by whoever hears that the state of some run has changed; it is looked at each second anyway.
    """

    def __init__(
        self,
        visitor: Visitor,
        robots: RobotsRules,
        leases: Leases,
        results: Results,
        clock: Callable[[], str],
        visited: Callable[[], object],
    ) -> None:
        """`visited` is called for each answer of a visit that was published: a counter's increment."""
        self._visitor = visitor
        self._robots = robots
        self._leases = leases
        self._results = results
        self._clock = clock
        self._visited = visited
        self._hosts: dict[str, Host] = {}
        self._runs = Runs(leases)
        self._answered: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._untold: list[FetchResult] = []
        self._tell = asyncio.Event()
        self._acquire = asyncio.Event()
        # One word with the lease store at a time: a release must not overtake the acquisition that follows it.
        self._talking = asyncio.Lock()
        self.runs_changed = self._runs.changed

    @property
    def waiting(self) -> int:
        """Tasks that were taken and not begun."""
        return sum(len(host.waiting) for host in self._hosts.values())

    @property
    def full(self) -> bool:
        """Bounded: what waits here cannot be overtaken as easily as what waits in the frontier."""
        return self.waiting + len(self._untold) >= MAX_WAITING

    def take(self, tasks: Iterable[FetchTask]) -> None:
        """Sorts tasks by host. A try that this fetcher has answered with a whole response is not made twice."""
        for task in tasks:
            answered = self._answered.get((task.run_id, task.url_fp), -1)
            if answered >= task.tries or not self._runs.wanted(task.run_id):
                continue
            if task.visit.rested:
                self._say(seen_lately(task, self._clock()))
                continue
            host = self._hosts.get(task.host)
            if host is None:
                host = self._hosts[task.host] = self._new(task.host)
            host.take(task)
            if not host.leased or self._runs.strangers:
                self._acquire.set()

    def _new(self, name: str) -> Host:
        return Host(name, self._visitor, self._robots, self._publish, self._say, self._clock, self._runs.states)

    async def run(self, stopping: asyncio.Event) -> None:
        """Keeps leases until `stopping`, then finishes the visits under way and gives every host back."""
        loops: list[Awaitable[None]] = [self._keep(), self._watch(), self._soon(), self._tell_on(), self._look_on()]
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
            await self._leases.release({name: host.record() for name, host in self._hosts.items() if host.leased})

    async def _publish(self, answer: FetchResult) -> None:
        await self._send([answer])
        self._visited()
        if answer.failure is None and not answer.resting:
            row = (answer.run_id, answer.url_fp)
            self._answered[row] = answer.tries
            if (host := self._hosts.get(answer.host)) is not None:
                host.answered(row, answer.tries)
            while len(self._answered) > _ANSWERED:
                self._answered.popitem(last=False)

    async def _send(self, answers: list[FetchResult]) -> None:
        while True:
            # An answer that was lost would leave its row issued until it is hopeless. A visit's wait ends with the
            # lease at the latest, because that breaks the visit off.
            try:
                return await self._results.send_all(answers)
            except Exception as problem:
                log.warning("result_not_published", url=answers[0].url, answers=len(answers), error=str(problem))
                await asyncio.sleep(1.0)

    def _say(self, answer: FetchResult) -> None:
        self._untold.append(answer)
        self._tell.set()

    async def _tell_on(self) -> None:
        """Sends the answers that needed no visit. What is not sent at the end is issued again, like all that waits."""
        while True:
            await self._tell.wait()
            self._tell.clear()
            while self._untold:
                some = self._untold[:_AT_ONCE]
                await self._send(some)
                del self._untold[: len(some)]

    async def _look_on(self) -> None:
        while True:
            await self._runs.due()
            await self._look({task.run_id for host in self._hosts.values() for task in host.waiting})

    async def _look(self, waiting: set[str] | None = None) -> None:
        """What is known of runs acts at once."""
        try:
            gone = await self._runs.look(waiting)
        except Exception as problem:
            log.warning("runs_unavailable", error=str(problem))
            return
        if gone is not None:
            for host in self._hosts.values():
                host.runs_changed(gone)

    async def _soon(self) -> None:
        """A host that is new gets its lease at once and not at the next second, and so does what a new run says."""
        while True:
            await self._acquire.wait()
            self._acquire.clear()
            await asyncio.gather(self._try_to_acquire(), self._look())

    async def _try_to_acquire(self) -> None:
        try:
            async with self._talking:
                wanted = [name for name, host in self._hosts.items() if host.waiting and not host.leased]
                asked = time.monotonic()
                granted = await self._leases.acquire(wanted) if wanted else {}
        except Exception as problem:
            log.warning("leases_unavailable", error=str(problem))
            return
        for name, record in granted.items():
            host = self._hosts.get(name)
            if host is not None:  # it was lost and given back meanwhile, as after a long sleep; its lease lapses
                host.granted(asked + self._leases.seconds - MARGIN_S, record)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            await self._give_back_idle()
            if self.waiting > CROWDED:
                for host in self._hosts.values():
                    host.surplus(HORIZON_S)
            held = {name: host.record() for name, host in self._hosts.items() if host.leased}
            try:
                async with self._talking:
                    asked = time.monotonic()
                    still = await self._leases.renew(held) if held else set()
            except Exception as problem:
                log.warning("leases_unavailable", error=str(problem))
                continue
            for name in held:
                if name not in still:
                    self._lost(name)
                elif self._hosts[name].lease_until:  # lost by our own clock meanwhile, it must be acquired anew
                    self._hosts[name].granted(asked + self._leases.seconds - MARGIN_S)
            await self._try_to_acquire()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            for name, host in self._hosts.items():
                host.check()
                if 0.0 < host.lease_until <= time.monotonic():
                    self._lost(name)

    def _lost(self, name: str) -> None:
        log.warning("lease_lost", host=name, tasks=self._hosts[name].lose())

    async def _give_back_idle(self) -> None:
        now = time.monotonic()
        idle = {
            name: record
            for name, host in self._hosts.items()
            if not host.busy and now - host.idle_since > IDLE_S and (record := host.record()).wait_s == 0.0
        }
        if not idle:
            return
        for name in idle:
            self._hosts.pop(name).end()
        try:
            async with self._talking:
                await self._leases.release(idle)
        except Exception as problem:
            log.warning("leases_unavailable", error=str(problem))  # it lapses by itself
