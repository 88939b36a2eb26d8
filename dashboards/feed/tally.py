"""What a run's pages and records came to: the sums and the last of each."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dashboards.feed.pace import Pace
from schemas.events import PageOutcome
from schemas.heads import BatchHead
from schemas.moments import epoch

LAST_PAGES = 12
LAST_RECORDS = 8
_MOST_HOSTS = 200


@dataclass(slots=True)
class HostPace:
    """How a host answered: visits, and milliseconds in total and at worst."""

    visits: int = 0
    total_ms: float = 0.0
    worst_ms: float = 0.0

    @property
    def mean_ms(self) -> float:
        """Milliseconds a visit."""
        return self.total_ms / self.visits if self.visits else 0.0

    def plus(self, other: "HostPace") -> "HostPace":
        """Both together."""
        worst = max(self.worst_ms, other.worst_ms)
        return HostPace(self.visits + other.visits, self.total_ms + other.total_ms, worst)


@dataclass(frozen=True, slots=True)
class LatestRecord:
    """One clean record and where it came from."""

    at: str
    url: str
    dataset: str
    key: str
    data: dict[str, Any]


@dataclass(slots=True)
class Tally:
    """Sums over some of a run's events. Two tallies over disjoint events can be added."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    retries: int = 0
    hosts: dict[str, HostPace] = field(default_factory=dict)
    pages: deque[PageOutcome] = field(default_factory=lambda: deque(maxlen=LAST_PAGES))
    records: deque[LatestRecord] = field(default_factory=lambda: deque(maxlen=LAST_RECORDS))
    pace: Pace = field(default_factory=Pace)

    def add_page(self, outcome: PageOutcome) -> None:
        """Counts the outcome of one visit; one that will be tried again is a retry and not yet an outcome."""
        if outcome.final:
            self.outcomes[outcome.klass, outcome.outcome] += 1
            second = epoch(outcome.fetched_at)
            if second is not None:
                self.pace.add(int(second), pages=1)
        else:
            self.retries += 1
        if outcome.elapsed_ms > 0 and (outcome.host in self.hosts or len(self.hosts) < _MOST_HOSTS):
            visit = HostPace(1, outcome.elapsed_ms, outcome.elapsed_ms)
            self.hosts[outcome.host] = self.hosts.get(outcome.host, HostPace()).plus(visit)
        self.pages.append(outcome)

    def add_batch(self, batch: BatchHead) -> None:
        """Counts the records of one clean batch."""
        second = epoch(batch.fetched_at)
        if second is not None and batch.records:
            self.pace.add(int(second), records=len(batch.records))
        for record in batch.opened(LAST_RECORDS):
            self.records.append(LatestRecord(batch.fetched_at, batch.url, batch.dataset, record.key, record.data))

    def plus(self, later: "Tally") -> "Tally":
        """Both together; the last pages and records are those of `later` first."""
        hosts = dict(self.hosts)
        for host, pace in later.hosts.items():
            hosts[host] = hosts.get(host, HostPace()).plus(pace)
        total = Tally(self.outcomes + later.outcomes, self.retries + later.retries, hosts)
        total.pages.extend((*self.pages, *later.pages))
        total.records.extend((*self.records, *later.records))
        total.pace = self.pace.plus([later.pace])
        return total

    def slowest(self, limit: int) -> list[tuple[str, HostPace]]:
        """Hosts by mean time, slowest first."""
        return sorted(self.hosts.items(), key=lambda entry: -entry[1].mean_ms)[:limit]


def remembered(tallies: Iterable[tuple[str, str, bool, int]], hosts: Iterable[tuple[str, int, float, float]],
               pages: Iterable[PageOutcome], records: Iterable[LatestRecord],
               pace: Iterable[tuple[int, int, int]]) -> Tally:  # fmt: skip
    """A tally of what a store remembers (`ports.ChartHistory`)."""
    tally = Tally()
    for klass, outcome, final, count in tallies:
        if final:
            tally.outcomes[klass, outcome] += count
        else:
            tally.retries += count
    tally.hosts = {host: HostPace(visits, total, worst) for host, visits, total, worst in hosts}
    tally.pages.extend(pages)
    tally.records.extend(records)
    for second, page_count, record_count in pace:
        tally.pace.add(second, page_count, record_count)
    return tally
