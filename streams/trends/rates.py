"""Records a minute of a dataset, in event time: a series like any other, watched from the first record on."""

import math

import msgspec

from schemas.events import CleanBatch
from streams.trends.observations import Observation

RATE = "records_a_minute"
"""The field of the series; its record key is empty."""

MINUTE, LATE_S = 60, 60
_MOST_OPEN = 10


class Rate(msgspec.Struct):
    """Open minutes and what was read in each; a minute closes a minute after its end, later records are not counted."""

    newest: float = 0.0
    closed: int = -1
    busy_before: int = -2
    """The newest closed minute that had records."""
    open: dict[int, int] = {}

    def take(self, batch: CleanBatch, at: float) -> list[Observation]:
        """The minutes that ended before this message, those at the edges of a run left out: nobody counted all of
        them, and their few records are no fall."""
        self.newest = max(self.newest, at)
        found = []
        for minute in sorted(self.open):
            if (minute + 1) * MINUTE + LATE_S > self.newest and len(self.open) <= _MOST_OPEN:
                break
            records = self.open.pop(minute)
            if minute == self.busy_before + 1 and minute + 1 in self.open:
                end = float((minute + 1) * MINUTE)
                found.append(Observation("", RATE, "number", float(records), end, batch.id, batch.url))
            self.closed, self.busy_before = minute, minute
        now = math.floor(at / MINUTE)
        if now > self.closed:
            self.open[now] = self.open.get(now, 0) + len(batch.records)
        return found
