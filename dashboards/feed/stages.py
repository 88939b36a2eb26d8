"""What each stage gets through, and what waits before it."""

from collections import defaultdict, deque
from dataclasses import dataclass

from dashboards.feed.counters import Increase, Unit
from dashboards.feed.rates import WINDOW_S, RateRing

_MOST_RINGS = 64
_GROUP_PREFIX = "trawl-"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages of a topic that a stage has not yet acknowledged."""

    stage: str
    topic: str
    messages: int


class Stages:
    """Rates by stage and unit, the newest lag by consumer group and topic, and the last readings of its sum."""

    def __init__(self) -> None:
        self._rings: dict[tuple[str, Unit], RateRing] = {}
        self.waiting: tuple[Waiting, ...] = ()
        self.readings: deque[tuple[float, int]] = deque(maxlen=WINDOW_S)

    def grew(self, increase: Increase) -> None:
        """Takes what a process got through."""
        name = (increase.stage, increase.unit)
        if name not in self._rings and len(self._rings) >= _MOST_RINGS:
            return
        ring = self._rings.setdefault(name, RateRing())
        if increase.amount:
            ring.spread(increase.start, increase.end, increase.amount)

    def known(self, stage: str, unit: Unit) -> RateRing | None:
        """The rates of a stage that has told what it does, else None."""
        return self._rings.get((stage, unit))

    def waits(self, lag: list[tuple[str, str, int]], now: float) -> None:
        """Takes a reading of the consumer groups."""
        self.waiting = tuple(
            Waiting(group.removeprefix(_GROUP_PREFIX), topic, messages) for group, topic, messages in sorted(lag)
        )
        self.readings.append((now, self.total_waiting))

    @property
    def total_waiting(self) -> int:
        """All messages that wait."""
        return sum(entry.messages for entry in self.waiting)

    def by_stage(self) -> dict[str, list[Waiting]]:
        """The newest lag, grouped."""
        grouped: dict[str, list[Waiting]] = defaultdict(list)
        for entry in self.waiting:
            grouped[entry.stage].append(entry)
        return grouped
