"""When a host that keeps failing is left alone: a circuit breaker (M. Nygard, "Release It!", 2007).

After so many failures in a row the host rests for its back-off, and is then tried by one visit at a time until it
answers. Its URLs wait meanwhile, for as long as each run has patience. What a single page does alone never opens it:
further failures of a page that has failed in this row prove nothing about the others.
"""

from dataclasses import dataclass

from producers.politeness.throttle import FAILING, UNWELL

OPENS_AT = 5
"""Failures in a row, each of another page, after which the host is rested."""


@dataclass(frozen=True, slots=True)
class Health:
    """Failures in a row, the epoch second of the first, the kind of the last, and the pages that failed."""

    failures: int = 0
    since: float = 0.0
    failure: str = ""
    pages: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        """The host is rested: its URLs wait rather than fail, and it is tried by one visit at a time."""
        return self.failures >= OPENS_AT

    def proved_by(self, page: str) -> bool:
        """Whether a failure of this page would say anything new about the host."""
        return self.open or page not in self.pages

    def patience_left(self, patience: float, now: float) -> float:
        """Seconds that a run which waits for `patience` will still wait while the host is rested; 0 at the end."""
        return max(0.0, self.since + patience - now)


_WELL = Health()


def failing(status: int | None, failure: str | None) -> bool:
    """Whether an answer says that the host, not the page, is in trouble."""
    return failure in FAILING or status in UNWELL


def after_answer(health: Health, *, page: str, status: int | None, failure: str | None, now: float) -> Health:
    """The health after an answer at `now`: any page or refusal is a success; a 500 or a body that cannot be read
    belongs to its page and says nothing."""
    if not failing(status, failure):
        return _WELL if failure is None and status is not None and status < 500 else health
    kind = str(status) if status in UNWELL else failure or ""
    if not health.proved_by(page):
        return Health(health.failures, health.since, kind, health.pages)
    failures = health.failures + 1
    pages = health.pages | {page} if failures < OPENS_AT else frozenset[str]()
    return Health(failures, health.since or now, kind, pages)
