"""Asking a source again until it answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

T = TypeVar("T")

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0

log = structlog.get_logger()


async def until_done(what: str, task: Callable[[], Awaitable[T]]) -> T:
    """The answer, however long it takes; each failure is logged, and the pauses between them grow to ten seconds."""
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return await task()
        except asyncio.CancelledError as problem:
            own = asyncio.current_task()
            if own is None or own.cancelling():
                raise
            failed: BaseException = problem  # a driver did that: nobody asked for an end
        except Exception as problem:
            failed = problem
        log.warning("source_unavailable", what=what, reason=str(failed) or repr(failed), again_in_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)


async def again_and_again(what: str, task: Callable[[], Awaitable[None]]) -> None:
    """Begins anew however the task ends, never twice within half a second."""
    while True:
        began = time.monotonic()
        await until_done(what, task)
        await asyncio.sleep(max(0.0, _FIRST_PAUSE_S - (time.monotonic() - began)))
