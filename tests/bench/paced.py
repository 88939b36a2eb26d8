"""A publisher that goes as fast as what it feeds: back-pressure by how far the groups are behind."""

import asyncio
import os
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from infra.kafka.lag import KafkaLag

SECONDS = float(os.environ.get("TRAWL_BENCH_SECONDS", "60"))
"""How long a rate is held up; 6 are enough to see that it works."""

LOOK_S = 0.4
KEPT_S = 12.0
"""Seconds of work that may lie before the slowest stage; under load the warehouse acknowledges only every three."""

FEWEST, AT_ONCE = 640, 25
OVER_S = 8.0
"""Seconds over which it is counted what the stages get done."""


@dataclass
class Pace:
    """What was published and what of it all groups had done, look by look."""

    times: list[float] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    oldest_s: float = 0.0

    def seen(self, now: float, published: int, behind: int) -> None:
        """One look; `behind` are messages that the slowest group still has before it."""
        self.times.append(now)
        self.published.append(published)
        self.done.append(max(self.done[-1] if self.done else 0, published - behind))
        if self.done[-1] < published:
            since = self.times[min(bisect_left(self.published, self.done[-1] + 1), len(self.times) - 1)]
            self.oldest_s = max(self.oldest_s, now - since)

    @property
    def a_second(self) -> float:
        """Messages that all groups get done in a second, of late."""
        first = bisect_left(self.times, self.times[-1] - OVER_S)
        taken = self.times[-1] - self.times[first]
        return (self.done[-1] - self.done[first]) / taken if taken else 0.0

    def room(self) -> int:
        """How many messages may be published now."""
        return max(0, max(FEWEST, int(KEPT_S * self.a_second)) - (self.published[-1] - self.done[-1]))


async def behind(lag: KafkaLag, first: Collection[str], then: Collection[str]) -> int:
    """Messages before the slowest of `then`, those counted in that the groups of `first` have not passed on."""
    waiting: dict[str, int] = {}
    for group, _, messages in await lag.lag():
        name = group.removeprefix("trawl-")
        waiting[name] = waiting.get(name, 0) + messages
    return sum(waiting.get(name, 0) for name in first) + max(waiting.get(name, 0) for name in then)


async def feed(
    publish: Callable[[int], Awaitable[int]], look: Callable[[], Awaitable[int]], go_on: Callable[[int], bool]
) -> Pace:
    """Publishes while `go_on(messages so far)`; `publish` sends so many and returns how many there are now."""
    pace, so_far = Pace(), 0
    while go_on(so_far):
        pace.seen(time.monotonic(), so_far, await look())
        room, next_look = pace.room(), time.monotonic() + LOOK_S
        while room > 0 and go_on(so_far) and time.monotonic() < next_look:
            step = min(room, AT_ONCE)
            so_far = await publish(step)
            room -= step
        await asyncio.sleep(max(0.0, next_look - time.monotonic()))  # the pace of looking
    return pace
