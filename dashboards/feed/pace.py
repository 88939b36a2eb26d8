"""A run's pages and records over its whole life, in bounded memory."""

from collections.abc import Iterable, Iterator

import numpy as np

from dashboards.feed.rates import Floats

_MOST_BUCKETS = 300


class Pace:
    """Pages and records by bucket. Buckets begin one second wide and double whenever they become too many.

    They are aligned to multiples of their width, so that two paces of one run can be added.
    """

    __slots__ = ("_buckets", "_width")

    def __init__(self) -> None:
        self._width = 1
        self._buckets: dict[int, tuple[float, float]] = {}

    @property
    def width(self) -> int:
        """Seconds a bucket."""
        return self._width

    def add(self, second: int, pages: float = 0.0, records: float = 0.0) -> None:
        """Counts in the bucket of an epoch second."""
        bucket = second // self._width
        before = self._buckets.get(bucket)
        self._buckets[bucket] = (pages, records) if before is None else (before[0] + pages, before[1] + records)
        if before is None:
            while max(self._buckets) - min(self._buckets) >= _MOST_BUCKETS:
                self._coarsen()

    def plus(self, others: "Iterable[Pace]") -> "Pace":
        """The sum of this pace and the others; neither changes."""
        total = Pace()
        for pace in (self, *others):
            total._take(pace)
        return total

    def arrays(self, now: float) -> tuple[Floats, Floats, Floats]:
        """(bucket start in epoch seconds, pages a second, records a second), without the bucket that still fills.

        The empty bucket before the first and, as soon as it is over, the one after the last are there too: a run of
        one page is a peak and not a point.
        """
        if not self._buckets:
            return np.empty(0), np.empty(0), np.empty(0)
        first, last = min(self._buckets), max(self._buckets)
        full = int(now // self._width) - 1
        buckets = range(first - 1, max(min(last + 1, full), first) + 1)
        amounts = np.array([self._buckets.get(bucket, (0.0, 0.0)) for bucket in buckets]) / self._width
        return np.array(buckets, dtype=float) * self._width, amounts[:, 0], amounts[:, 1]

    def recent(self, now: float, over: int = 5) -> tuple[float, float]:
        """(pages, records) a second over about the last `over` seconds, the running bucket included."""
        current = int(now) // self._width
        count = max(1, -(-over // self._width))
        amounts = [self._buckets.get(current - back, (0.0, 0.0)) for back in range(count + 1)]
        rest = 1.0 - (now / self._width - current)
        seconds = count * self._width
        pages, records = (sum(amount[i] for amount in amounts[:-1]) + amounts[-1][i] * rest for i in (0, 1))
        return pages / seconds, records / seconds

    def __iter__(self) -> Iterator[tuple[int, float, float]]:
        for bucket, (pages, records) in self._buckets.items():
            yield bucket * self._width, pages, records

    def _take(self, other: "Pace") -> None:
        while self._width < other._width:
            self._coarsen()
        for second, pages, records in other:
            self.add(second, pages, records)

    def _coarsen(self) -> None:
        self._width *= 2
        merged: dict[int, tuple[float, float]] = {}
        for bucket, (pages, records) in self._buckets.items():
            before = merged.get(bucket // 2, (0.0, 0.0))
            merged[bucket // 2] = (before[0] + pages, before[1] + records)
        self._buckets = merged
