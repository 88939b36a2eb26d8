"""Work that comes in turns: at once while there is some, else when a store notifies or a second has passed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from infra.errors import StoreUnavailable

log = structlog.get_logger()


async def take_turns(
    what: str,
    turn: Callable[[], Awaitable[bool]],
    stopping: asyncio.Event,
    notices: AsyncIterator[str] | None = None,
    every: float = 1.0,
) -> None:
    """Calls `turn` until `stopping`, again at once where it says True (there may be more), else at the next of
    `notices` or after `every` seconds. While a store does not answer, each turn is tried `every` seconds later."""
    wake = asyncio.Event()

    async def listen() -> None:
        if notices is not None:
            async for _ in notices:
                wake.set()

    listening = asyncio.create_task(listen())
    try:
        while not stopping.is_set():
            wake.clear()
            try:
                if await turn():
                    continue
            except StoreUnavailable as problem:
                log.warning("store_unavailable", what=what, error=str(problem))
            await _first(wake, stopping, every)
    finally:
        listening.cancel()


async def _first(wake: asyncio.Event, stopping: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.create_task(wake.wait()), asyncio.create_task(stopping.wait())]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
