"""Answers that are kept for a moment, so that what many ask at once is found once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remembered(Generic[T]):
    """An answer, how long it took, when it was found, and whether it was found for another request."""

    answer: T
    elapsed_ms: float
    at: datetime
    cached: bool


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    answer: T
    elapsed_ms: float
    at: datetime
    until: float
    size: int


class Memory(Generic[T]):
    """Answers by their whole question, which says also whose records are meant: nobody gets an answer that was found
    with the eyes of another. At most `room` (what `size` says of an answer, in all) for `seconds`; an answer that would
    take a quarter of the room is not kept. Failures are not kept either. One event loop."""

    def __init__(
        self, size: Callable[[T], int], *, room: int = 400_000, seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._size = size
        self._room = room
        self._seconds = seconds
        self._clock = clock
        self._held = 0
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Task[_Kept[T]]] = {}

    async def ask(
        self, question: Hashable, find: Callable[[], Awaitable[T]], *, refresh: bool = False
    ) -> Remembered[T]:
        """What is kept, else what `find` finds; whoever asks the same meanwhile waits for that. With `refresh` nothing
        that was kept is told."""
        kept = None if refresh else self._young(question)
        if kept:
            return Remembered(kept.answer, kept.elapsed_ms, kept.at, cached=True)
        place = (question, refresh)
        task = self._under_way.get(place)
        first = task is None
        if task is None:
            task = self._under_way[place] = asyncio.create_task(self._found(question, find))
            task.add_done_callback(lambda done: self._over(place, done))
        # Whoever asked first may go away; the others still wait.
        found = await asyncio.shield(task)
        return Remembered(found.answer, found.elapsed_ms, found.at, cached=not first)

    def _young(self, question: Hashable) -> _Kept[T] | None:
        kept = self._kept.get(question)
        if kept and kept.until <= self._clock():
            self._forget(question)
            return None
        return kept

    async def _found(self, question: Hashable, find: Callable[[], Awaitable[T]]) -> _Kept[T]:
        began = self._clock()
        answer = await find()
        now = self._clock()
        kept = _Kept(answer, 1000 * (now - began), datetime.now(UTC), now + self._seconds, 1 + self._size(answer))
        self._keep(question, kept)
        return kept

    def _keep(self, question: Hashable, kept: _Kept[T]) -> None:
        self._forget(question)
        if kept.size * 4 > self._room:
            return
        self._kept[question] = kept
        self._held += kept.size
        while self._held > self._room:
            self._forget(next(iter(self._kept)))

    def _forget(self, question: Hashable) -> None:
        kept = self._kept.pop(question, None)
        self._held -= kept.size if kept else 0

    def _over(self, place: Hashable, task: asyncio.Task[_Kept[T]]) -> None:
        del self._under_way[place]
        if not task.cancelled():
            task.exception()  # looked at, so that nobody logs it when all who asked have gone away
