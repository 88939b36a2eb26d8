"""`trawl fetch`: a plain consumer, because a task is acknowledged on receipt (the frontier remembers it)."""

import asyncio
import contextlib
import os
import socket
import uuid

from infra import notify
from infra.http.exchange import HttpFetcher, HttpSettings
from infra.kafka.publisher import Publisher
from infra.kafka.tasks import TaskConsumer
from infra.metrics import PAGES
from infra.postgres.leases import Leases
from infra.postgres.pool import Database
from infra.process import entered, now, process, reporting, until_done
from infra.settings import Settings
from producers.fetch.fleet import Fleet
from producers.fetch.robots import RobotsRules

LEASE_S = 8.0


async def serve(settings: Settings) -> None:
    """Visits pages until SIGTERM, then finishes the visits under way."""
    brokers = settings.address("kafka")
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    async with process("fetch", settings) as stopping, contextlib.AsyncExitStack() as stack:
        database = await entered(
            stack, lambda: Database(settings.address("postgres"), application_name="trawl-fetch"), "PostgreSQL"
        )
        publisher = await entered(stack, lambda: Publisher(brokers, "fetch"), "Kafka")
        exchange = await stack.enter_async_context(
            HttpFetcher(settings.fetch_allow, HttpSettings(user_agent=settings.user_agent))
        )
        pages = PAGES.labels("fetch")
        robots, leases = RobotsRules(exchange, settings.user_agent), Leases(database, owner, LEASE_S)
        fleet = Fleet(exchange, robots, leases, publisher, now, pages.inc)
        consumer = await entered(stack, lambda: TaskConsumer(brokers, publisher), "Kafka")
        await stack.enter_async_context(reporting("fetch", publisher))
        keeping = asyncio.create_task(fleet.run(stopping))
        feeding = asyncio.create_task(consumer.feed(fleet, stopping))
        notify.ready()
        await asyncio.wait([keeping, feeding], return_when=asyncio.FIRST_COMPLETED)
        stopping.set()
        await until_done(keeping, feeding)
