"""Keeps one program alive: starts it, sees it ready, starts it again when it crashes, gives up when it must."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.local.bounded_log import BoundedLog
from infra.local.child import Child, Ending
from infra.local.engine import Command
from infra.local.notify_socket import NotifySocket
from infra.local.restart import RestartPolicy

PROBE_EVERY_S = 0.05
START_LIMIT_S = 90.0
_REMEMBERED = 20


class State(StrEnum):
    """What a unit is doing; the words of `status.json`."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    CRASHED = "crashed"
    DOWN = "down"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Event:
    """Something a person at the terminal may want to read: which unit, its new state, and why or what it waits for."""

    name: str
    state: State
    text: str = ""


@dataclass(frozen=True)
class Unit:
    """A program to keep alive."""

    name: str
    command: Callable[[], Command]
    """Asked before each start."""
    waits_for: tuple[str, ...] = ()
    """Names of units that must be ready before it starts; they are stopped after it."""
    ready: Callable[[], Awaitable[bool]] | None = None
    """Asked again and again while it starts; without it the program says READY=1 itself (sd_notify)."""
    start_limit_s: float = START_LIMIT_S
    is_engine: bool = False
    """An engine is never killed in haste."""


@dataclass(frozen=True)
class Crash:
    """Why a life ended that was not asked to: what anyone may know, and what is for whoever may read the logs.

    Who was `killed` (SIGKILL: somebody's hand, or the kernel for want of memory) has not failed by itself, and is
    started again however often it happens.
    """

    ending: str
    details: str = ""
    killed: bool = False

    def __str__(self) -> str:
        return f"{self.ending}: {self.details}" if self.details else self.ending


@dataclass(frozen=True)
class Surroundings:
    """What all keepers share."""

    tell: Callable[[Event], None]
    notify: NotifySocket
    environ: dict[str, str]
    policy: RestartPolicy
    chance: Callable[[], float]
    clock: Callable[[], float]


class Keeper:
    """One unit, from its first start to its last end. `run` is its task; everything else may be called at any time."""

    def __init__(self, unit: Unit, log: BoundedLog, around: Surroundings, waits_for: Sequence["Keeper"]) -> None:
        self.unit = unit
        self.state = State.WAITING
        self.why = ""
        self.ending = ""
        self.said = ""
        self.restarts = 0
        self.ready = asyncio.Event()
        self.down = asyncio.Event()
        self.settled = asyncio.Event()
        self._log = log
        self._around = around
        self._waits_for = waits_for
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._crashes: list[float] = []
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The running program's process id."""
        return self._child.pid if self._child else None

    def stop(self) -> None:
        """Asks it to stop; `run` returns when it has."""
        self._stopping.set()

    def hurry(self) -> None:
        """Ends it without waiting for it to finish its work; an engine is spared."""
        if not self.unit.is_engine:
            self._hurry.set()
            if self._child and self._stopping.is_set():
                self._child.kill()

    async def run(self) -> None:
        """Returns when the unit was stopped, or is to stay down."""
        while await self._may_start():
            crash = await self._live()
            self.ready.clear()
            if crash is None:
                break
            now, chance = self._around.clock(), self._around.chance()
            if not crash.killed:
                self._crashes = [*self._crashes[-_REMEMBERED:], now]
            delay = self._around.policy.delay([now] if crash.killed else self._crashes, now, chance)
            if delay is None:
                many = f"{len(self._crashes)} crashes, too many in a short time; the last: "
                return self._give_up(f"{many}{crash}", f"{many}{crash.ending}")
            self._become(State.CRASHED, f"{crash}; starts again in {delay:.1f} s", crash.ending)
            self.restarts += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()
        if not self.down.is_set():
            self._become(State.STOPPED)
        return None

    async def _may_start(self) -> bool:
        """Waits until all it needs is ready; also before another start, for without its broker it would crash again."""
        while not self._stopping.is_set():
            missing = [keeper for keeper in self._waits_for if not keeper.ready.is_set()]
            if not missing:
                return True
            self._become(State.WAITING, f"waits for {', '.join(keeper.unit.name for keeper in missing)}")
            await _first(missing[0].ready.wait(), missing[0].down.wait(), self._stopping.wait())
            if missing[0].down.is_set():
                self._give_up(f"not started: {missing[0].unit.name} is down")
                return False
        return False

    def _give_up(self, why: str, ending: str = "") -> None:
        self.down.set()
        self._become(State.DOWN, why, ending)

    async def _live(self) -> Crash | None:
        """One life. Why it ended; None when it was asked to."""
        self._become(State.STARTING)
        try:
            child = self._child = await Child.start(self.unit.command(), self._log, self._around.environ)
        except OSError as error:
            return Crash("could not be started", str(error))
        said_ready = asyncio.Event()
        self._around.notify.listen(child.pid, lambda name, value: self._heard(name, value, said_ready))
        ended = asyncio.create_task(child.ended())
        try:
            late = not await self._comes_up(child, ended, said_ready)
            await _first(ended, self._stopping.wait())
            if self._stopping.is_set():
                self._become(State.STOPPING)
                await child.stop(patience_s=0.0 if self._hurry.is_set() else None)
                return None
            return Crash(f"was not ready within {self.unit.start_limit_s:.0f} s") if late else _crash(await ended)
        finally:
            self._around.notify.forget(child.pid)
            self._child = None

    async def _comes_up(self, child: Child, ended: "asyncio.Task[Ending]", said_ready: asyncio.Event) -> bool:
        """Waits until it is ready, or has ended, or is to stop; kills it and returns False when it takes too long."""
        try:
            async with asyncio.timeout(self.unit.start_limit_s):
                await _first(ended, self._stopping.wait(), self._until_ready(said_ready))
        except TimeoutError:
            child.kill()
            return False
        if not ended.done() and not self._stopping.is_set():
            self._become(State.READY, self.said)
        return True

    async def _until_ready(self, said_ready: asyncio.Event) -> None:
        if self.unit.ready is None:
            await said_ready.wait()
            return
        while not await self.unit.ready():  # noqa: ASYNC110 - a foreign program can only be asked
            await asyncio.sleep(PROBE_EVERY_S)

    def _heard(self, name: str, value: str, said_ready: asyncio.Event) -> None:
        if name == "STATUS":
            self.said = value
        if name == "READY" and value == "1":
            said_ready.set()

    def _become(self, state: State, why: str = "", ending: str = "") -> None:
        """`ending` is as much of `why` as strangers may know: all of it when it is not given."""
        self.state, self.why, self.ending = state, why, ending or why
        if state is State.READY:
            self.why = self.ending = ""
            self.ready.set()
        if state in (State.READY, State.DOWN, State.STOPPED):
            self.settled.set()
        self._around.tell(Event(self.unit.name, state, why))


def _crash(ending: Ending) -> Crash:
    return Crash(str(ending), ending.last_lines[-1] if ending.last_lines else "", killed=ending.code == -signal.SIGKILL)


async def _first(*waits: Awaitable[object]) -> None:
    """Waits for the first of several to be done; the others are no longer waited for."""
    given = [wait for wait in waits if isinstance(wait, asyncio.Task)]
    made = [asyncio.ensure_future(wait) for wait in waits if not isinstance(wait, asyncio.Task)]
    try:
        done, _ = await asyncio.wait([*given, *made], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in made:
            task.cancel()
