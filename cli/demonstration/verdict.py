"""What was planted held against what was found: pure, so that the demo's judgement can itself be tested."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A jump that the site made in one product's price, at its `visit`-th visit (counted from 1). Prices in pounds."""

    sku: str
    kind: str
    visit: int
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A trend that was stored: of which product's field, set off by the record of which visit."""

    sku: str
    field: str
    visit: int
    kind: str
    direction: str
    change: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each planted event with the alarm that found it (None: missed), and every alarm that found none."""

    pairs: tuple[tuple[Planted, Alarm | None], ...]
    others: tuple[Alarm, ...] = field(default=())

    @property
    def found(self) -> int:
        """How many planted events were found."""
        return sum(alarm is not None for _, alarm in self.pairs)

    @property
    def holds(self) -> bool:
        """The promise of the demo: something was planted, all of it was found, and at most one other alarm was
        raised."""
        return 0 < self.found == len(self.pairs) and len(self.others) <= 1


def judge(planted: Sequence[Planted], alarms: Iterable[Alarm], watched: str = "price") -> Verdict:
    """An event is found when the *first* alarm of its series comes at its visit or later.

    An alarm before its event is a false one, and then the event counts as missed: after a false alarm the detector
    rests, so that a later one would be luck. Every further alarm, of whatever series, is an `other`.
    """
    in_order = sorted(alarms, key=lambda alarm: (alarm.visit, alarm.sku, alarm.field))
    first: dict[tuple[str, str], Alarm] = {}
    for alarm in in_order:
        first.setdefault((alarm.sku, alarm.field), alarm)
    pairs = []
    for event in sorted(planted, key=lambda event: (event.visit, event.sku)):
        earliest = first.get((event.sku, watched))
        pairs.append((event, earliest if earliest is not None and earliest.visit >= event.visit else None))
    used = {id(alarm) for _, alarm in pairs if alarm is not None}
    return Verdict(tuple(pairs), tuple(alarm for alarm in in_order if id(alarm) not in used))
