"""How much of each host may be under way at once, and how runs share it. Pure.

Kafka is not a queue here: what has been issued cannot be paused, cancelled or overtaken any more. So a host gets only
as many tasks as keep its fetcher busy for one round trip, rate × round trip + 1 (Little's law), and what it gets is
shared among the runs by deficit round robin (Shreedhar and Varghese, 1995), so that a big run does not starve a
small one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ROUND_TRIP_S = 1.0
"""From issuing a task to the closing of its row, with some reserve; measured at .1–.4 s."""

MAX_CREDIT = 256


@dataclass(frozen=True, slots=True)
class Waiting:
    """So much of one run waits at one host. `weight` is the run's share among its like (priority)."""

    run_id: str
    host: str
    queued: int
    weight: int = 1


def host_credit(delay: float, concurrency: int, closed_per_s: float) -> int:
    """Tasks that a host may have under way, by the slowest pace that any of its runs asks for.

    With a delay the rate is known. Without one it is what the host has shown it can do, with room to show more.
    """
    rate = concurrency / delay if delay > 0 else max(closed_per_s * 1.5, 4.0 * concurrency)
    return max(1, min(MAX_CREDIT, int(rate * ROUND_TRIP_S) + concurrency))


@dataclass
class Shares:
    """Deficit round robin over the runs at each host; what a run could not use is not saved for later."""

    _turn: dict[str, int] = field(default_factory=dict)

    def share(self, waiting: Sequence[Waiting], credit: Mapping[str, int]) -> dict[str, dict[str, int]]:
        """run → host → how many rows to reserve, so that no host gets more than its credit."""
        by_host: dict[str, list[Waiting]] = {}
        for entry in waiting:
            if entry.queued > 0 and credit.get(entry.host, 0) > 0:
                by_host.setdefault(entry.host, []).append(entry)
        quotas: dict[str, dict[str, int]] = {}
        for host, entries in by_host.items():
            for run, count in self._divide(host, entries, credit[host]).items():
                quotas.setdefault(run, {})[host] = count
        return quotas

    def _divide(self, host: str, entries: Sequence[Waiting], credit: int) -> dict[str, int]:
        turn = self._turn.get(host, 0)
        ring = [entries[(turn + place) % len(entries)] for place in range(len(entries))]
        given = dict.fromkeys((entry.run_id for entry in ring), 0)
        left, progress = credit, True
        while left and progress:
            progress = False
            for entry in ring:
                quantum = min(entry.weight, entry.queued - given[entry.run_id], left)
                if quantum > 0:
                    given[entry.run_id] += quantum
                    left -= quantum
                    progress = True
        self._turn[host] = turn + 1
        if len(self._turn) > 100_000:
            self._turn.clear()
        return {run: count for run, count in given.items() if count}
