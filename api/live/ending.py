"""Ends of runs that wait until everything they promise was read."""

from collections import OrderedDict
from dataclasses import dataclass

from api.live.cursors import Positions
from api.live.frames import Parcel
from api.live.streams import LIVE_TOPICS
from api.ports.live import Place
from schemas.events import RunEvent

_MOST = 1000
"""Ends that wait. One whose promises never come true is let go of then: listeners ask the store how a silent run is."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run, and what must have been read before it is told."""

    parcel: Parcel
    promises: tuple[tuple[Place, int], ...]

    @classmethod
    def of(cls, parcel: Parcel) -> "Ending":
        """ValueError for partitions that are no numbers."""
        assert isinstance(parcel.event, RunEvent)
        return cls(
            parcel,
            tuple(
                ((topic, int(partition)), end)
                for topic, places in parcel.event.end_offsets.items()
                if topic in LIVE_TOPICS
                for partition, end in places.items()
            ),
        )

    def kept(self, at: Positions) -> bool:
        """Whether all of it has been read by here."""
        return all(at.get(place) >= end for place, end in self.promises)


class Endings:
    """Those that wait, one a run."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Ending] = OrderedDict()

    def add(self, ending: Ending) -> None:
        """Begins to wait."""
        self._waiting[ending.parcel.run_id] = ending
        while len(self._waiting) > _MOST:
            self._waiting.popitem(last=False)

    def of(self, run_id: str) -> Ending | None:
        """The end of this run that is held back."""
        return self._waiting.get(run_id)

    def kept(self, at: Positions) -> list[Ending]:
        """Those that may be told now; they wait no more."""
        if not self._waiting:
            return []
        found = [ending for ending in self._waiting.values() if ending.kept(at)]
        for ending in found:
            del self._waiting[ending.parcel.run_id]
        return found
