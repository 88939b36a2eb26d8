"""How much of the past is read at once, and how fast, for all who were away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Pace:
    """So many listeners read the past at once, the others wait for their turn; together they read so many bytes a
    second, since everybody who is not away has the same machine."""

    def __init__(self, at_once: int, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._rate = rate
        self._clock = clock
        self._free_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One listener's turn."""
        async with self._places:
            yield

    async def take(self, size: int) -> None:
        """Waits until so many bytes may have been read; up to a second's worth may go at once."""
        now = self._clock()
        self._free_at = max(self._free_at, now - 1.0) + size / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)
