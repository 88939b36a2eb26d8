"""The runs as their events tell them."""

from collections import OrderedDict

from schemas.events import RunEvent
from schemas.ledger import ENDED_STATES
from schemas.moments import epoch


class RunBook:
    """The newest event of each run, of at most `most` runs; the one that was silent longest is forgotten first."""

    def __init__(self, most: int = 500) -> None:
        self._most = most
        self._runs: OrderedDict[str, RunEvent] = OrderedDict()
        self.version = 0
        self._ordered: list[RunEvent] = []
        self._ordered_as_of = 0

    def fold(self, event: RunEvent) -> bool:
        """Takes an event that is not older than what is known; True when it changed something.

        An event may come late or again: time decides, and a run that is over stays over.
        """
        known = self._runs.get(event.run_id)
        if known is not None and (event == known or not _newer(event, known)):
            return False
        self._runs[event.run_id] = event
        self._runs.move_to_end(event.run_id)
        if len(self._runs) > self._most:
            self._runs.popitem(last=False)
        self.version += 1
        return True

    def get(self, run_id: str) -> RunEvent | None:
        """The newest event of a run, if it is remembered."""
        return self._runs.get(run_id)

    def recent(self, limit: int) -> list[RunEvent]:
        """Runs under way first, then those that changed last."""
        if self._ordered_as_of != self.version:
            # All times are RFC 3339 in UTC with milliseconds: their order is the order of their text.
            self._ordered = sorted(self._runs.values(), key=lambda event: event.at, reverse=True)
            self._ordered.sort(key=lambda event: event.state in ENDED_STATES)
            self._ordered_as_of = self.version
        return self._ordered[:limit]

    def under_way(self) -> int:
        """How many runs are not over."""
        return sum(event.state not in ENDED_STATES for event in self._runs.values())

    def __len__(self) -> int:
        return len(self._runs)


def _newer(event: RunEvent, known: RunEvent) -> bool:
    if known.state in ENDED_STATES and event.state not in ENDED_STATES:
        return False
    if known.state not in ENDED_STATES and event.state in ENDED_STATES:
        return True
    return (epoch(event.at) or 0.0) >= (epoch(known.at) or 0.0)
