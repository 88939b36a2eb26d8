"""The composition that every stage's process shares: settings → adapters → stage → lossless loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from infra import notify
from infra.kafka.faust_loop import FaustLoop
from infra.kafka.offsets import Offsets, check_commits
from infra.kafka.publisher import Publisher
from infra.kafka.pump import Pump
from infra.metrics import StageMeter
from infra.patience import patiently
from infra.postgres.pool import Database
from infra.postgres.snapshots import Suspects
from infra.process import entered, process, reporting, until_done
from infra.settings import Settings
from schemas.stages import Stage


@dataclass(frozen=True)
class Surroundings:
    """What a stage may be made of. What it opens for itself goes onto the `stack`."""

    settings: Settings
    stopping: asyncio.Event
    database: Database
    publisher: Publisher
    offsets: Offsets
    stack: contextlib.AsyncExitStack

    @property
    def brokers(self) -> str:
        """Where Kafka is."""
        return self.settings.address("kafka")


class Loop(Protocol):
    """Feeds a pump. `run` sets `started` once it consumes, returns some time after `stopping` is set, and raises what
    must end the process."""

    async def run(self, stopping: asyncio.Event, started: asyncio.Event) -> None: ...


@contextlib.asynccontextmanager
async def surrounded(name: str, settings: Settings) -> AsyncIterator[Surroundings]:
    """The process of a stage, with everything that it stands on."""
    brokers = settings.address("kafka")
    async with process(name, settings) as stopping, contextlib.AsyncExitStack() as stack:
        database = await entered(
            stack, lambda: Database(settings.address("postgres"), application_name=f"trawl-{name}"), "PostgreSQL"
        )
        publisher = await entered(stack, lambda: Publisher(brokers, name), "Kafka")
        offsets = await entered(stack, lambda: Offsets(brokers), "Kafka")
        await stack.enter_async_context(reporting(name, publisher))
        yield Surroundings(settings, stopping, database, publisher, offsets, stack)


async def pumped(around: Surroundings, name: str, stage: Stage, topics: Sequence[str]) -> Pump:
    """A stage in its pump. Raises LogMoved when its group has acknowledged what the topics do not hold."""
    await patiently(
        lambda: check_commits(around.brokers, f"trawl-{name}", topics, around.offsets), "check the group's offsets"
    )
    meter = StageMeter(name, topics[0] if len(topics) == 1 else "events")
    return Pump(name, stage, around.publisher, Suspects(around.database, name), meter)


async def consume(stopping: asyncio.Event, loops: Sequence[Loop], *beside: Coroutine[Any, Any, None]) -> None:
    """Runs the loops, and what goes on `beside` them, until all are done; the process is ready once each loop has
    started. The first that fails ends the others, and is raised."""
    started = [asyncio.Event() for _ in loops]
    works = [loop.run(stopping, event) for loop, event in zip(loops, started, strict=True)]
    running = [asyncio.create_task(work) for work in (*works, *beside)]
    starting = asyncio.create_task(_all(started))
    try:
        await asyncio.wait([*running, starting], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            notify.ready()
        await until_done(*running)
    finally:
        starting.cancel()


async def _all(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


async def run_stage(
    name: str, topic: str, make: Callable[[Surroundings], Awaitable[Stage]], settings: Settings, *, batch: int
) -> None:
    """One worker of a stage of one topic, until SIGTERM."""
    async with surrounded(name, settings) as around:
        pump = await pumped(around, name, await make(around), [topic])
        folder = settings.data / "faust"
        loop = FaustLoop(pump, brokers=around.brokers, topic=topic, folder=folder, batch=batch)
        await consume(around.stopping, [loop])
