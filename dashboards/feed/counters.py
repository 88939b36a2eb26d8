"""From the counters that processes publish to what the stages do a second."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from schemas.events import MetricSample

Unit = Literal["pages", "records", "messages"]

_UNITS: dict[str, Unit] = {
    "trawl_pages_total": "pages",
    "trawl_records_total": "records",
    "trawl_messages_total": "messages",
}
_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?P<labels>.*)\}$")
_STAGE = re.compile(r'(?:^|,)stage="(?P<stage>[^"\\]*)"')


@dataclass(frozen=True, slots=True)
class Increase:
    """A stage got through `amount` of something from `start` to `end` (epoch seconds)."""

    stage: str
    unit: Unit
    start: float
    end: float
    amount: float


class Counters:
    """Remembers the last sample of each process instance, of at most `most` of them."""

    def __init__(self, most: int = 128) -> None:
        self._most = most
        self._last: OrderedDict[tuple[str, str], tuple[float, dict[str, float]]] = OrderedDict()

    def take(self, sample: MetricSample, at: float) -> list[Increase]:
        """What each counter grew by since the instance's last sample, be it nothing; an empty list for the first sample
        and for one that comes late.

        A counter that became smaller belongs to a process that began anew: it has grown from zero.
        """
        instance = (sample.process, sample.instance)
        counters = {name: value for name, value in sample.values.items() if _meaning(name)}
        before = self._last.get(instance)
        if before and at <= before[0]:
            return []
        self._last[instance] = (at, counters)
        self._last.move_to_end(instance)
        if len(self._last) > self._most:
            self._last.popitem(last=False)
        return _increases(before, at, counters) if before else []


def _increases(before: tuple[float, dict[str, float]], at: float, counters: dict[str, float]) -> list[Increase]:
    start, old = before
    found = []
    for name, value in counters.items():
        meaning = _meaning(name)
        grown = value - old.get(name, 0.0)
        amount = grown if grown >= 0 else value
        if meaning:
            found.append(Increase(meaning[0], meaning[1], start, at, amount))
    return found


@lru_cache(maxsize=4096)
def _meaning(name: str) -> tuple[str, Unit] | None:
    """(stage, unit) of a Prometheus sample name with labels, or None for a metric that no chart shows."""
    sample = _SAMPLE.match(name)
    unit = _UNITS.get(sample["name"]) if sample else None
    stage = _STAGE.search(sample["labels"]) if sample else None
    return (stage["stage"], unit) if unit and stage else None
