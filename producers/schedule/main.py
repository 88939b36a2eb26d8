"""`trawl scheduler`."""

import asyncio
import contextlib

from infra import notify
from infra.kafka.publisher import Publisher
from infra.postgres.pool import Database
from infra.postgres.schedules import DueSchedules
from infra.process import entered, process, reporting
from infra.settings import Settings
from infra.turns import take_turns
from producers.housekeeping import housekeeping
from producers.schedule.policy import decide
from producers.schedule.service import Scheduler, opening_of


async def serve(settings: Settings) -> None:
    """Starts what is due until SIGTERM. Any number of these may run: each time is one's."""
    async with process("scheduler", settings) as stopping, contextlib.AsyncExitStack() as stack:
        database = await entered(
            stack,
            lambda: Database(settings.address("postgres"), max_size=3, application_name="trawl-scheduler"),
            "PostgreSQL",
        )
        publisher = await entered(stack, lambda: Publisher(settings.address("kafka"), "scheduler"), "Kafka")
        await stack.enter_async_context(reporting("scheduler", publisher))
        schedules = DueSchedules(database, decide, opening_of, settings.quota)
        tidying = asyncio.create_task(housekeeping({"firings": schedules.forget}))
        notify.ready()
        try:
            await take_turns("start what is due", Scheduler(schedules).turn, stopping)
        finally:
            tidying.cancel()
