"""The composition that every Faust stage shares: settings → adapters → stage → lossless loop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from infra import notify
from infra.kafka.faust_loop import FaustLoop
from infra.kafka.offsets import Offsets, check_commits
from infra.kafka.publisher import Publisher
from infra.kafka.pump import Pump
from infra.metrics import StageMeter
from infra.patience import patiently
from infra.postgres.pool import Database
from infra.postgres.snapshots import Suspects
from infra.process import entered, process, reporting
from infra.settings import Settings


@dataclass(frozen=True)
class Surroundings:
    """What a stage may be made of."""

    settings: Settings
    database: Database
    publisher: Publisher
    stack: contextlib.AsyncExitStack


Make = Callable[[Surroundings], Awaitable[Any]]


async def run_stage(name: str, topic: str, make: Make, settings: Settings, *, batch: int, within: float = 0.02) -> None:
    """One worker of one stage, until SIGTERM."""
    brokers = settings.address("kafka")
    async with process(name, settings) as stopping, contextlib.AsyncExitStack() as stack:
        database = await entered(
            stack, lambda: Database(settings.address("postgres"), application_name=f"trawl-{name}"), "PostgreSQL"
        )
        publisher = await entered(stack, lambda: Publisher(brokers, name), "Kafka")
        stage = await make(Surroundings(settings, database, publisher, stack))
        await stack.enter_async_context(reporting(name, publisher))
        pump = Pump(name, stage, publisher, Suspects(database, name), StageMeter(name, topic))
        offsets = await entered(stack, lambda: Offsets(brokers), "Kafka")
        await patiently(lambda: check_commits(brokers, f"trawl-{name}", [topic], offsets), "check the group's offsets")
        loop = FaustLoop(pump, brokers=brokers, topic=topic, folder=settings.data / "faust", batch=batch, within=within)
        started = asyncio.Event()
        running = asyncio.create_task(loop.run(stopping, started))
        starting = asyncio.create_task(started.wait())
        await asyncio.wait([running, starting], return_when=asyncio.FIRST_COMPLETED)
        notify.ready()
        await running
