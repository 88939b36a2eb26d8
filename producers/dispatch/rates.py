"""How fast each host's rows are being closed: what a host without a delay has shown it can do."""

from collections.abc import Mapping

_HALF_LIFE_S = 2.0
_FORGOTTEN = 0.01


class Rates:
    """Rows closed a second by host, over all runs: exponential means with a half-life of two seconds.

    Nobody counts closings by host. But what was under way, and what was given since, and is not under way any more, has
    been closed.
    """

    def __init__(self) -> None:
        self._means: dict[str, float] = {}
        self._issued: dict[str, int] = {}
        self._given: dict[str, int] = {}
        self._at: float | None = None

    def gave(self, host: str, tasks: int) -> None:
        """So many tasks were issued for a host."""
        self._given[host] = self._given.get(host, 0) + tasks

    def note(self, issued: Mapping[str, int], now: float) -> None:
        """Takes what each host has under way at `now` (monotonic seconds)."""
        if self._at is not None and now > self._at:
            seconds = now - self._at
            keep = 0.5 ** (seconds / _HALF_LIFE_S)
            for host in self._means.keys() | self._issued.keys() | self._given.keys():
                closed = self._issued.get(host, 0) + self._given.get(host, 0) - issued.get(host, 0)
                mean = keep * self._means.get(host, 0.0) + (1 - keep) * max(closed, 0) / seconds
                if mean < _FORGOTTEN:
                    self._means.pop(host, None)
                else:
                    self._means[host] = mean
            self._given = {}
        self._issued, self._at = dict(issued), now

    def per_s(self, host: str) -> float:
        """Rows of this host closed a second."""
        return self._means.get(host, 0.0)
