"""A run that is not over, as whoever conducts the crawl sees it."""

from dataclasses import dataclass

from schemas.events import RunCounts

MAX_ESTIMATE_S = 60.0
"""The gateway ends an estimate within seconds; one that is older was left behind by a gateway that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that is not over, as it stood when it was read. `delay` (seconds) replaces the job's where it is set; of
    `kind` crawl, estimate (nobody is told of it) or replay (whose rows are at no host)."""

    id: str
    job_id: str
    dataset: str
    state: str
    priority: int
    seeded: bool
    cancelled: bool
    max_pages: int
    counts: RunCounts
    finishing_s: float
    owner: str = ""
    paused: bool = False
    stopped: bool = False
    delay: float | None = None
    kind: str = "crawl"
    age_s: float = 0.0

    @property
    def unwanted(self) -> bool:
        """Whether it is to be cancelled: somebody said so, or it is an estimate that nobody can be waiting for."""
        return self.cancelled or (self.kind == "estimate" and self.age_s > MAX_ESTIMATE_S)

    @property
    def going(self) -> bool:
        """Whether new visits of it are wanted."""
        return self.state == "running" and not (self.unwanted or self.paused or self.stopped)
