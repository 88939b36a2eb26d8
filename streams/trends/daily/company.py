"""Among how many series a slow trend was found: one of thousands is found by chance each day.

Benjamini & Hochberg's rule over the series of a dataset, as they come: a p-value is held against those of the day
before, which were of the same series. So nothing waits for a day to be over, and no order matters within it.
"""

import math

import msgspec

_BINS = 161
_WIDTH = 0.05


class Company(msgspec.Struct):
    """Numbers of p-values by −log10 p in steps of 0.05, of the newest day and of the one before that had any."""

    day: int = -1
    now: list[int] = []
    before: list[int] = []

    def believes(self, p: float, day: int, share: float) -> bool:
        """Whether the p-value of a series on that day is among those of which at most `share` are false; counts it.

        A dataset's first day with p-values has no company to be held against: nothing is believed on it.
        """
        if day > self.day:
            self.day, self.before, self.now = day, self.now, [0] * _BINS
        place = min(int(-math.log10(max(p, 1e-9)) / _WIDTH), _BINS - 1)
        self.now[place] += 1
        tested = sum(self.before) + 1
        as_small = sum(self.before[place + 1 :]) + 1
        return tested > 1 and p <= share * as_small / tested
