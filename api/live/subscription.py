"""One listener's share of what happens, bounded."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.live.cursors import Positions
from api.live.frames import Frame, Parcel


class Interrupted(Exception):
    """What came next was not heard here: read on from the last cursor, and join again."""


@dataclass(frozen=True, slots=True)
class Told:
    """A parcel with its frames' texts, cursors and all: the same object for everybody who listens to the stream."""

    parcel: Parcel
    frames: tuple[tuple[Frame, str], ...]
    cursor: str
    size: int


class Subscription:
    """A queue that holds `limit` bytes. More than that ends it (`spilled` is called, once): a queue with a hole would
    be a lie, and one without an end would be everyone's memory.

    `backlog` is what had passed between the listener's position and its joining, `joined_at` where the queue begins."""

    def __init__(
        self, limit: int, spilled: Callable[[], None], backlog: Sequence[Parcel], joined_at: Positions
    ) -> None:
        self.backlog = backlog
        self.joined_at = joined_at
        self.told_up_to = joined_at
        self._limit = limit
        self._spilled = spilled
        self._waiting: deque[Told] = deque()
        self._size = 0
        self._stirred = asyncio.Event()
        self._over = False
        self._interrupted = False

    @property
    def empty(self) -> bool:
        """Whether everything was taken, and nothing is amiss."""
        return not (self._waiting or self._over or self._interrupted)

    def offer(self, told: Told) -> None:
        """Takes a parcel; never waits."""
        if self._over or self._interrupted:
            return
        self._waiting.append(told)
        self._size += told.size
        if self._size > self._limit:
            self._over = True
            self._waiting.clear()
            self._spilled()
        else:
            self._stirred.set()

    def interrupt(self, at: Positions) -> None:
        """What comes next does not follow what is waiting, which ends at `at`."""
        if not self._interrupted:
            self._interrupted, self.told_up_to = True, at
        self._stirred.set()

    async def next(self, patience: float | None = None) -> Told:
        """The oldest parcel that was not taken yet; waits for one, for ever once it has spilled. Raises Interrupted
        when nothing waits and what follows is missing, TimeoutError when nothing comes for `patience` seconds."""
        while not self._waiting:
            if self._interrupted:
                raise Interrupted
            self._stirred.clear()
            if patience is None:
                await self._stirred.wait()
            else:
                async with asyncio.timeout(patience):
                    await self._stirred.wait()
        told = self._waiting.popleft()
        self._size -= told.size
        return told
