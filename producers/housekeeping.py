"""Tidying up now and then: what nobody can ask for any more, in the blob store and in PostgreSQL."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

import structlog

log = structlog.get_logger()

EVERY_S = 3600.0

Work = Callable[[], Awaitable[object]]


async def housekeeping(works: Mapping[str, Work], every: float = EVERY_S) -> None:
    """Does each about once an hour, for ever; what fails is done the next time. Several processes may do the same."""
    while True:
        await asyncio.sleep(every * (0.5 + random.random()))
        for name, work in works.items():
            try:
                log.info("tidied", what=name, count=await work())
            except Exception as problem:
                log.warning("not_tidied", what=name, error=str(problem))
