"""How far each stage is behind, in messages and in seconds, and a word when it is too far.

A message waits since the first look that saw an end beyond it: what each look saw of a partition's end is remembered
for a while, so nothing has to be read to know how old the oldest message is that a stage has not acknowledged.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog

from api.ports import Behind

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
ALERT_S = 60.0
"""From this age on a stage is said to be behind."""

_REMIND_S = 300.0
_REMEMBERED = 720
_GROUP_PREFIX = "trawl-"


class Position(Protocol):
    """Where one group stands in one partition."""

    @property
    def group(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def acknowledged(self) -> int: ...
    @property
    def end(self) -> int: ...


class LagHistory:
    """When each partition's end was seen to move; an hour of looks at most."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, int], deque[tuple[float, int]]] = {}

    def seen(self, positions: Iterable[Position], now: float) -> list[Behind]:
        """Takes in one look at `now` (monotonic seconds) and tells every stage's lag. Groups of others do not count."""
        ours = [place for place in positions if place.group.startswith(_GROUP_PREFIX)]
        for place in ours:
            ends = self._ends.setdefault((place.topic, place.partition), deque(maxlen=_REMEMBERED))
            if not ends or place.end != ends[-1][1]:
                ends.append((now, place.end))
        found: dict[tuple[str, str], Behind] = {}
        for place in ours:
            key = (place.group.removeprefix(_GROUP_PREFIX), place.topic)
            before = found.get(key, Behind(*key, 0, 0.0))
            waiting = max(0, place.end - place.acknowledged)
            seconds = max(before.seconds, self._age(place, now))
            found[key] = Behind(*key, before.messages + waiting, seconds)
        return list(found.values())

    def _age(self, place: Position, now: float) -> float:
        ends = self._ends[place.topic, place.partition]
        return next((now - at for at, end in ends if end > place.acknowledged), 0.0)


class LagWatch:
    """Looks every five seconds, tells the meter, and keeps what is behind for the health answer and the log."""

    def __init__(
        self,
        positions: Callable[[], Awaitable[Sequence[Position]]],
        meter: Callable[[Behind], object],
        stores_away: tuple[type[Exception], ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._positions = positions
        self._meter = meter
        self._stores_away = stores_away
        self._clock = clock
        self._history = LagHistory()
        self._said: dict[tuple[str, str], float] = {}
        self.behind: list[Behind] = []

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Looks again and again while the block runs."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def look(self) -> None:
        """One look. A broker that is away says nothing new: the last known lag stands."""
        try:
            positions = await self._positions()
        except self._stores_away as problem:
            log.info("lag_unknown", error=str(problem))
            return
        now = self._clock()
        found = self._history.seen(positions, now)
        for lag in found:
            self._meter(lag)
        self.behind = [lag for lag in found if lag.seconds >= ALERT_S]
        self._tell(now)

    def _tell(self, now: float) -> None:
        late = {(lag.stage, lag.topic): lag for lag in self.behind}
        for key, lag in late.items():
            if now - self._said.get(key, -_REMIND_S) >= _REMIND_S:
                self._said[key] = now
                log.warning("stage_behind", stage=lag.stage, topic=lag.topic, messages=lag.messages,
                            seconds=round(lag.seconds), advice=_advice(lag.stage))  # fmt: skip
        for key in self._said.keys() - late.keys():
            del self._said[key]
            log.info("stage_caught_up", stage=key[0], topic=key[1])

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # a watch that ended would tell the last known lag for ever
                log.exception("lag_unknown")
            await asyncio.sleep(LOOK_EVERY_S)


def _advice(stage: str) -> str:
    name = stage.removesuffix("-events")
    return f"See the log of {name}; if it works at full speed, start another one beside it: trawl {name}"
