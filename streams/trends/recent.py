"""The last values of each series: what a person wants to see around a point that stands out."""

from collections.abc import Iterator

import numpy as np

from streams.trends.detector.rounds import rounds
from streams.trends.detector.state import Floats, Ints, grown

KEPT = 20
VALUE, TIME = 0, 1


class RecentValues:
    """A ring per slot: `ring[slot, position] = (value, Unix time)`, `pushed[slot]` how many there ever were."""

    def __init__(self, capacity: int) -> None:
        self.ring: Floats = np.zeros((capacity, KEPT, 2))
        self.pushed: Floats = np.zeros(capacity)

    def reserve(self, slots: int) -> None:
        """Makes room for that many slots."""
        self.ring, self.pushed = grown(self.ring, slots), grown(self.pushed, slots)

    def push(self, slots: Ints, values: Floats, seconds: Floats) -> None:
        """Appends one value per entry, in order; the oldest of a full ring go. A slot may occur several times."""
        for part in rounds(slots, len(slots)):
            once = slots[part]
            positions = (self.pushed[once] % KEPT).astype(np.intp)
            self.ring[once, positions, VALUE] = values[part]
            self.ring[once, positions, TIME] = seconds[part]
            self.pushed[once] += 1.0

    def last(self, slot: int) -> list[tuple[float, float]]:
        """(value, time) of the series, oldest first, at most 20."""
        pushed = int(self.pushed[slot])
        order = [position % KEPT for position in range(max(pushed - KEPT, 0), pushed)]
        return [(float(value), float(time)) for value, time in self.ring[slot, order]]

    def arrays(self) -> Iterator[Floats]:
        """All that must be kept, in a fixed order."""
        yield self.ring
        yield self.pushed
