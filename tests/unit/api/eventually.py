"""Waiting for what will be true."""

import asyncio
from collections.abc import Callable

from tests.unit.api.patient import PATIENCE_S


async def eventually(true: Callable[[], object], within: float = PATIENCE_S) -> None:
    """Returns as soon as `true()` is; TimeoutError when it is not within so many seconds."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - there is no event for what a test looks at
            await asyncio.sleep(0.005)
