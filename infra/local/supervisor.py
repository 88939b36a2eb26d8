"""Starts programs in order, keeps them alive, and stops them in the opposite order."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from infra.local.bounded_log import BoundedLog
from infra.local.keeper import Event, Keeper, State, Surroundings, Unit
from infra.local.notify_socket import NotifySocket
from infra.local.restart import DEFAULT_POLICY, RestartPolicy
from infra.local.status import StatusBoard, Write


class Supervisor:
    """The keepers of all units. Leaving the context stops every unit, those that others wait for last.

    Who cancels the task that leaves it makes it hurry: processes are then killed, engines still stop in order.
    Its event loop must run in a thread that stays: the kernel ends the programs when that thread ends.
    """

    def __init__(
        self,
        logs: Path,
        environ: Mapping[str, str],
        *,
        tell: Callable[[Event], None],
        write_status: Write,
        policy: RestartPolicy = DEFAULT_POLICY,
    ) -> None:
        self._logs = logs
        self._tell = tell
        self._notify = NotifySocket()
        self._keepers: dict[str, Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._status = StatusBoard(write_status, self._keepers.values())
        self._around = Surroundings(
            tell=self._happened,
            notify=self._notify,
            environ={**environ, "NOTIFY_SOCKET": self._notify.address},
            policy=policy,
            chance=random.random,
            clock=time.monotonic,
        )

    async def __aenter__(self) -> "Supervisor":
        self._notify.__enter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._drain_to_the_end()
        finally:
            self._status.flush()
            self._notify.__exit__()

    def start(self, unit: Unit) -> Keeper:
        """Begins to keep a unit; what it waits for must have been started before."""
        waits_for = [self._keepers[name] for name in unit.waits_for]
        keeper = Keeper(unit, BoundedLog(self.log_of(unit.name)), self._around, waits_for)
        self._keepers[unit.name] = keeper
        self._tasks[unit.name] = asyncio.create_task(keeper.run(), name=unit.name)
        return keeper

    async def settled(self, names: Iterable[str] | None = None) -> list[Keeper]:
        """Waits until each unit (or each of these) is ready or down for good; returns those that are down."""
        waited_for = list(self._keepers if names is None else names)
        for name in waited_for:
            await self._keepers[name].settled.wait()
        return [keeper for name in waited_for if (keeper := self._keepers[name]).state is State.DOWN]

    def status(self) -> dict[str, object]:
        """The document of `status.json`, as of now."""
        return self._status.document()

    def log_of(self, name: str) -> Path:
        """The file that keeps what a unit says."""
        return self._logs / f"{name}.log"

    def hurry(self) -> None:
        """Does not wait any longer for processes to finish their work; engines still stop in order."""
        for keeper in self._keepers.values():
            keeper.hurry()

    def _happened(self, event: Event) -> None:
        self._status.changed()
        self._tell(event)

    async def _drain_to_the_end(self) -> None:
        """Drains. Being cancelled meanwhile means to hurry, not to leave programs behind."""
        draining = asyncio.create_task(self._drain())
        interrupted = None
        while not draining.done():
            try:
                await asyncio.shield(draining)
            except asyncio.CancelledError as cancelled:
                interrupted = cancelled
                self.hurry()
        draining.result()
        if interrupted:
            raise interrupted

    async def _drain(self) -> None:
        left = dict(self._keepers)
        while left:
            needed = {name for keeper in left.values() for name in keeper.unit.waits_for}
            last = [name for name in left if name not in needed]
            for name in last:
                left.pop(name).stop()
            await asyncio.wait([self._tasks[name] for name in last])
        for task in self._tasks.values():
            task.result()  # a keeper that failed is our own fault and must not pass unseen
