"""How fast rows are being closed: what a host without a delay has shown it can do."""

from collections.abc import Mapping

from schemas.events import RunCounts

_HALF_LIFE_S = 2.0


class Rates:
    """Rows closed a second over all runs, an exponential mean with a half-life of two seconds."""

    def __init__(self) -> None:
        self.per_s = 0.0
        self._closed: dict[str, int] = {}
        self._at: float | None = None

    def note(self, runs: Mapping[str, RunCounts], now: float) -> None:
        """Takes the runs' accounts as they stand at `now` (monotonic seconds)."""
        closed = {run: counts.fetched + counts.failed + counts.filtered for run, counts in runs.items()}
        if self._at is not None and now > self._at:
            seconds = now - self._at
            news = sum(max(0, count - self._closed.get(run, count)) for run, count in closed.items())
            keep = 0.5 ** (seconds / _HALF_LIFE_S)
            self.per_s = keep * self.per_s + (1 - keep) * news / seconds
        self._closed, self._at = closed, now
