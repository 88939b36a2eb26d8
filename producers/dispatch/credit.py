"""How much of each host may be under way at once, and how runs share it. Pure.

Kafka is not a queue here: what has been issued cannot be paused, cancelled or overtaken any more. So a host gets only
as many tasks as keep its fetcher busy for one round trip, rate × round trip + 1 (Little's law), and what it gets is
shared among owners and their runs page by page, so that a big run does not starve a small one, nor an owner of many
runs the others.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

ROUND_TRIP_S = 1.0
"""From issuing a task to the closing of its row, with some reserve; measured at .1–.4 s."""

MAX_CREDIT = 256
MAX_HOSTS = 20_000
"""Hosts whose turns are remembered; one that is forgotten begins anew, which costs nobody more than a turn."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """So much of one run waits at one host. `weight` is the run's share among its owner's (priority); owners share
    alike."""

    run_id: str
    host: str
    queued: int
    weight: int = 1
    owner: str = ""


def host_credit(delay: float, concurrency: int, closed_per_s: float) -> int:
    """Tasks that a host may have under way, by the slowest pace that any of its runs asks for.

    With a delay the rate is known. Without one it is what the host has shown it can do, with room to show more.
    """
    rate = concurrency / delay if delay > 0 else max(closed_per_s * 1.5, 4.0 * concurrency)
    return max(1, min(MAX_CREDIT, int(rate * ROUND_TRIP_S) + concurrency))


class _Turns:
    """Whose turn it is, one page at a time: stride scheduling (Waldspurger and Weihl, 1995).

    Each name has a moment at which it is next, which moves on by 1/weight with each turn; the earliest one has the
    turn. Shares are kept to within a turn at any moment, where round robin with quanta would serve sixteen pages of one
    run before the first of another. Whoever comes new begins somewhere within one stride from now, elsewhere at each
    host, so that not the same run is last everywhere.
    """

    __slots__ = ("_next", "_now", "_place")

    def __init__(self, place: str) -> None:
        self._place = place
        self._now = 0.0
        self._next: dict[str, float] = {}

    def meet(self, weights: Mapping[str, int]) -> None:
        """Those who want something now; what the others had saved is lost. A higher weight counts from now on."""
        for name in self._next.keys() - weights.keys():
            del self._next[name]
        for name, weight in weights.items():
            if name in self._next:
                self._next[name] = min(self._next[name], self._now + 1 / weight)
            else:
                self._next[name] = self._now + crc32(f"{self._place} {name}".encode()) / 2**32 / weight

    def take(self, weights: Mapping[str, int]) -> str:
        """Who has the turn, which is taken."""
        name = min(self._next, key=self._next.__getitem__)
        self._now = self._next[name]
        self._next[name] += 1 / weights[name]
        return name

    def leave(self, name: str) -> None:
        """It wants nothing more."""
        del self._next[name]


class _Host:
    """The turns at one host: among owners, and among the runs of each."""

    __slots__ = ("name", "owners", "runs")

    def __init__(self, name: str) -> None:
        self.name = name
        self.owners = _Turns(name)
        self.runs: dict[str, _Turns] = {}


class Shares:
    """Fair shares at each host: among owners alike, and among an owner's runs by their weights. Turns go on where the
    last round ended, so shares are kept at a host that has room for one page at a time."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

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

    def _divide(self, name: str, entries: Sequence[Waiting], credit: int) -> dict[str, int]:
        owned: dict[str, dict[str, int]] = {}
        for entry in entries:
            owned.setdefault(entry.owner, {})[entry.run_id] = entry.weight
        queued = {entry.run_id: entry.queued for entry in entries}
        alike = dict.fromkeys(owned, 1)
        host = self._host(name)
        host.owners.meet(alike)
        host.runs = {owner: host.runs.get(owner) or _Turns(name) for owner in owned}
        for owner, weights in owned.items():
            host.runs[owner].meet(weights)
        given: dict[str, int] = {}
        for _ in range(min(credit, sum(queued.values()))):
            owner = host.owners.take(alike)
            run = host.runs[owner].take(owned[owner])
            given[run] = given.get(run, 0) + 1
            if given[run] == queued[run]:
                del owned[owner][run]
                host.runs[owner].leave(run)
                if not owned[owner]:
                    host.owners.leave(owner)
        return given

    def _host(self, name: str) -> _Host:
        host = self._hosts.pop(name, None) or _Host(name)
        self._hosts[name] = host
        if len(self._hosts) > MAX_HOSTS:
            self._hosts.popitem(last=False)
        return host
