"""When a page that a job has seen is visited again: every so often, or as often as it changes.

How often a page changes is estimated from visits that only tell whether it has changed at all since the last one:
J. Cho and H. Garcia-Molina, "Estimating Frequency of Change", ACM Transactions on Internet Technology 3(3), 2003,
section 4.2: of n visits at distance I, X found a change; -log((n - X + 0.5) / (n + 0.5)) / I is hardly biased, where
the plain X / (n I) cannot see more than one change a visit. Our distances vary, so I is their mean, and old visits
fade, so that a page may change its ways.
"""

from dataclasses import dataclass
from math import log

WINDOW = 32.0
"""Visits after which what was seen counts half."""

MAX_GROWTH = 2.0
"""The next wait is at most so many times the last one: a few quiet visits do not yet make a page that never changes."""

_HALF = log(2)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a page: visits after the first, how many of them found a change, the seconds they cover."""

    visits: float = 0.0
    changes: float = 0.0
    seconds: float = 0.0

    def after(self, elapsed: float, changed: bool) -> "Watched":
        """With one more visit, `elapsed` seconds after the one before."""
        weight = 0.5 if self.visits >= WINDOW else 1.0
        return Watched(
            weight * self.visits + 1.0,
            weight * self.changes + (1.0 if changed else 0.0),
            weight * self.seconds + max(0.0, elapsed),
        )

    @property
    def rate(self) -> float:
        """Changes a second, estimated; 0 where none was seen."""
        if self.visits == 0 or self.seconds <= 0:
            return 0.0
        seen = -log((self.visits - self.changes + 0.5) / (self.visits + 0.5))
        return max(0.0, seen) * self.visits / self.seconds


def wait_s(watched: Watched, elapsed: float, *, interval: float, max_interval: float, adaptive: bool) -> float:
    """Seconds until the next visit, `elapsed` seconds having passed between the last two (0: there was one only).

    Adaptive: until the page has changed with a probability of one half (changes as a Poisson process), at most
    MAX_GROWTH times the last wait, and always from `interval` to `max_interval`, of which `interval` is the stronger.
    """
    if not adaptive or watched.visits == 0:
        return interval
    even = _HALF / watched.rate if watched.rate > 0 else max_interval
    return max(interval, min(even, MAX_GROWTH * elapsed, max_interval))
