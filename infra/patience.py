"""Waiting out an outage: back-pressure instead of loss."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import structlog

from infra.errors import StoreUnavailable

log = structlog.get_logger()
T = TypeVar("T")

LIMIT_S = 45.0
"""Longer than this nobody waits inside a batch: the worker ends, and Kafka delivers again to whoever is next."""

_note: ContextVar[Callable[[], None] | None] = ContextVar("note", default=None)


@contextmanager
def noting(note: Callable[[], None]) -> Iterator[None]:
    """Within the block (and the tasks that it starts) `note` is called whenever somebody waits for a store: who waits
    is not stuck."""
    before = _note.get()
    _note.set(note)
    try:
        yield
    finally:
        _note.set(before)


async def patiently(work: Callable[[], Awaitable[T]], what: str, *, limit: float = LIMIT_S) -> T:
    """Says `work` again while its store is away, with jittered and growing pauses, for at most `limit` seconds.

    Raises the last StoreUnavailable after that. `work` must be safe to say twice.
    """
    clock = asyncio.get_running_loop().time
    deadline, pause = clock() + limit, 0.05
    while True:
        try:
            return await work()
        except StoreUnavailable as problem:
            if note := _note.get():
                note()
            if clock() + pause > deadline:
                raise
            log.warning("store_unavailable", what=what, error=str(problem), again_in_s=round(pause, 2))
            await asyncio.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, 5.0)
