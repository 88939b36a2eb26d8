"""What has begun and may end: a price that fell and comes back is one happening, told twice, not two.

A happening is open from the alarm until three values in a row are nearer to what was before than to what it became;
then an event closes it. After eighty values (as long as its series rests after an alarm) the new level is the usual
one: nothing is told, because nothing ended.
"""

import numpy as np

from streams.trends.detector.state import Floats, Ints, grown
from streams.trends.identities import NUMBERS, as_identity, as_numbers

LONGEST = 80
IN_A_ROW = 3

KIND, BEFORE, AFTER, AGE, BACK = range(5)
_ID = slice(5, 5 + NUMBERS)
_WIDTH = 5 + NUMBERS
SPIKE, SHIFT = 1.0, 2.0


class Happenings:
    """A row per slot: its kind (0: nothing is open), from which level to which, values since, how many of them in a
    row are back, and the id of the event that told of it, as four numbers."""

    def __init__(self, capacity: int) -> None:
        self.rows: Floats = np.zeros((capacity, _WIDTH))

    def reserve(self, slots: int) -> None:
        """Makes room for that many slots."""
        self.rows = grown(self.rows, slots)

    def are_open(self, slots: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Where something goes on."""
        going: np.ndarray[tuple[int], np.dtype[np.bool_]] = self.rows[slots, KIND] != 0
        return going

    def begin(self, slot: int, kind: float, before: float, after: float, identity: str) -> None:
        """An alarm was told under that id."""
        self.rows[slot] = [kind, before, after, 0.0, 0.0, *as_numbers(identity)]

    def go_on(self, slot: int, value: float) -> tuple[float, float, float, str] | None:
        """One more value of a series in which something is open; (kind, before, after, id) when it thereby ended."""
        row = self.rows[slot]
        near = abs(value - row[BEFORE]) < abs(value - row[AFTER])
        row[AGE] += 1.0
        row[BACK] = row[BACK] + 1.0 if near else 0.0
        ended = None
        if row[BACK] >= IN_A_ROW:
            ended = float(row[KIND]), float(row[BEFORE]), float(row[AFTER]), as_identity(row[_ID])
        if ended or row[AGE] >= LONGEST:
            row[:] = 0.0
        return ended
