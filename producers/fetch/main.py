"""`trawl fetch`: a plain consumer, because a task is acknowledged on receipt (the frontier remembers it)."""

import asyncio
import contextlib
import os
import socket
import time
import uuid
from functools import partial

from infra import notify
from infra.blobs.store import Blobs
from infra.browser.pool import BrowserPool, BrowserSettings
from infra.http.exchange import HttpFetcher, HttpSettings
from infra.http.guarding_proxy import GuardingProxy, Passage
from infra.kafka.publisher import Publisher
from infra.kafka.tasks import TaskConsumer
from infra.metrics import PAGES
from infra.postgres.cookies import RunCookies
from infra.postgres.credentials import SiteCredentials
from infra.postgres.leases import Leases
from infra.postgres.pool import Database
from infra.process import entered, now, process, reporting, worked
from infra.sealing import Seal
from infra.settings import Settings
from producers.fetch.credentials import Credentials
from producers.fetch.fleet import Fleet
from producers.fetch.jars import Jars
from producers.fetch.render import ChosenExchange
from producers.fetch.robots import RobotsRules
from producers.fetch.visiting import Visiting
from producers.housekeeping import Work, housekeeping
from schemas.topics import RAW_PAGES, topics

LEASE_S = 8.0
SCREENSHOTS_S = 30 * 86_400.0
_FAREWELL_S = 5.0


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
            HttpFetcher(settings.fetch_allow, HttpSettings(user_agent=settings.visible_agent))
        )
        blobs = await stack.enter_async_context(Blobs.of(settings.blobs, settings.data))
        seal = Seal(lambda: settings.secret("seal_key"))
        cookies = RunCookies(database, seal)
        jars = Jars(cookies)
        credentials = Credentials(SiteCredentials(database, seal))
        chosen = ChosenExchange(exchange, await _browsers(settings, blobs, stack))
        visiting = Visiting(chosen, jars, credentials, blobs)
        robots, leases = RobotsRules(exchange, settings.visible_agent), Leases(database, owner, LEASE_S)
        fleet = Fleet(visiting, robots, leases, publisher, now, PAGES.labels("fetch").inc)
        consumer = await entered(stack, lambda: TaskConsumer(brokers, publisher), "Kafka")
        await stack.enter_async_context(reporting("fetch", publisher))
        keeping = asyncio.create_task(fleet.run(stopping))
        feeding = asyncio.create_task(consumer.feed(fleet, stopping))
        beside = [
            asyncio.create_task(database.rouse("frontier", fleet.runs_changed)),
            asyncio.create_task(jars.run()),
            asyncio.create_task(housekeeping(_works(blobs, cookies))),
        ]
        notify.ready()
        await worked(stopping, beside, keeping, feeding)
        await _farewell(jars)


async def _browsers(settings: Settings, blobs: Blobs, stack: contextlib.AsyncExitStack) -> BrowserPool[Passage]:
    """No browser starts before a page is to be rendered."""
    wishes = BrowserSettings(user_agent=settings.visible_agent, at_once=settings.browsers, program=settings.browser)
    return await stack.enter_async_context(
        BrowserPool(GuardingProxy(settings.fetch_allow), wishes, partial(blobs.put, "screenshots"))
    )


async def _farewell(jars: Jars) -> None:
    with contextlib.suppress(Exception):  # it was logged; cookies are a run's comfort, not its accounts
        async with asyncio.timeout(_FAREWELL_S):
            await jars.flush()


def _works(blobs: Blobs, cookies: RunCookies) -> dict[str, Work]:
    pages_s = topics()[RAW_PAGES].retention_hours * 3600.0
    return {
        "pages": lambda: blobs.sweep("pages", pages_s, time.time()),
        "screenshots": lambda: blobs.sweep("screenshots", SCREENSHOTS_S, time.time()),
        "cookies": cookies.sweep,
    }
