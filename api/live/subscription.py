"""One listener's share of what happens, bounded."""

import asyncio
from collections import deque
from collections.abc import Callable

from api.live.frames import Parcel


class Subscription:
    """A queue of parcels that holds `limit` bytes. More than that ends it (`spilled` is called, once): a queue with a
    hole would be a lie, and one without an end would be everyone's memory."""

    def __init__(self, limit: int, spilled: Callable[[], None]) -> None:
        self._limit = limit
        self._spilled = spilled
        self._waiting: deque[Parcel] = deque()
        self._size = 0
        self._stirred = asyncio.Event()
        self._over = False

    def offer(self, parcel: Parcel) -> None:
        """Takes a parcel; never waits."""
        if self._over:
            return
        self._waiting.append(parcel)
        self._size += parcel.size
        if self._size > self._limit:
            self._over = True
            self._waiting.clear()
            self._spilled()
        else:
            self._stirred.set()

    async def next(self) -> Parcel:
        """The oldest parcel that was not taken yet; waits for one, for ever once it has spilled."""
        while not self._waiting:
            self._stirred.clear()
            await self._stirred.wait()
        parcel = self._waiting.popleft()
        self._size -= parcel.size
        return parcel
