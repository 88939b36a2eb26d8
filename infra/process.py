"""What every process has in common: logs, signals, readiness, metrics; and how it waits for its surroundings."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from infra import logging as logs
from infra import metrics, notify
from infra.errors import StoreUnavailable
from infra.settings import Settings
from schemas.moments import rfc3339

log = structlog.get_logger()
T = TypeVar("T")

_PAUSE_S = 1.0


def now() -> str:
    """RFC 3339 in UTC with milliseconds: the clock that composition roots hand to their services."""
    return rfc3339(datetime.now(UTC))


def settled() -> None:
    """What stands now (modules, routes, models) stands until the end: the collector need not look through it again and
    again. What a step or a request leaves behind is gone without it; a batch of records set it off every few records,
    for a thirteenth of cleaning's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@asynccontextmanager
async def process(name: str, settings: Settings) -> AsyncIterator[asyncio.Event]:
    """Sets up logging and signals; yields the event that SIGTERM or SIGINT sets.

    Any escape ends the process at once: threads of a driver would otherwise keep it alive, silent and useless, and a
    tidy end could acknowledge what was not finished.
    """
    logs.configure(name, settings.log_level)
    settled()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    except Exception as problem:
        log.critical("process_ended", error=str(problem), exc_info=problem)
        os._exit(70)
    notify.stopping()
    log.info("stopped")


async def entered(
    stack: contextlib.AsyncExitStack,
    make: Callable[[], AbstractAsyncContextManager[T]],
    what: str,
    wait_s: float = 60.0,
) -> T:
    """Enters a resource, waiting for its server to come up; StoreUnavailable after `wait_s`."""
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        try:
            return await stack.enter_async_context(make())
        except StoreUnavailable as problem:
            if asyncio.get_running_loop().time() > deadline:
                raise
            notify.status(f"waiting for {what}")
            log.info("waiting", what=what, error=str(problem))
            await asyncio.sleep(0.3)


@asynccontextmanager
async def reporting(name: str, publisher: metrics.SendSoon) -> AsyncIterator[None]:
    """Publishes the process's metrics each second, and what it logs, while it lives."""
    telling = {"metrics": lambda: metrics.report(name, publisher, now), "logs": lambda: logs.SHIPPED.ship(publisher)}
    tasks = [asyncio.create_task(_again_and_again(what, work)) for what, work in telling.items()]
    try:
        yield
    finally:
        logs.SHIPPED.hand_over(publisher)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Begins anew whatever ended it: a process that falls silent looks idle, and its work is no reason to end."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("not_told", what=what)
        await asyncio.sleep(_PAUSE_S)


async def until_done(*work: "asyncio.Task[None]") -> None:
    """Waits for all; the first that fails ends the wait with its error, and the others are cancelled.

    One that ends cancelled has failed: whoever waits here cancels none of them before the end, but a driver may.
    """
    pending = set(work)
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.cancelled():
                    raise RuntimeError(f"{getattr(task.get_coro(), '__qualname__', task.get_name())} was cancelled")
                task.result()
    finally:
        for task in pending:
            task.cancel()


async def worked(ending: asyncio.Event, beside: "Sequence[asyncio.Task[None]]", *work: "asyncio.Task[None]") -> None:
    """Until one of these ends by itself, which sets `ending`; the work at hand is then finished. What goes on beside it
    (hearing of changes, tidying up) ends with it: a process that lacks one of them has failed, and one that ended as if
    it had been stopped would not be started again. Raises the error of what failed, the work's first."""
    try:
        await asyncio.wait([*beside, *work], return_when=asyncio.FIRST_COMPLETED)
        ending.set()
        await until_done(*work)
        await until_done(*(task for task in beside if task.done()))
    finally:
        for task in beside:
            task.cancel()
