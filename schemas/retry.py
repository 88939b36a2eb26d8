"""Whether a visit is tried again, and when.

Exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015): of
the ways compared there it needs the fewest calls until all clients are served. The stage that closes tasks applies
it; the clock and the dice are arguments, so that the same answer can be told again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from schemas.exchange import FailureKind
from schemas.outcomes import (
    OUTCOMES,
    RETRYABLE_STATUS,
    Outcome,
    OutcomeName,
    outcome_of_failure,
)

_FAILURES = frozenset(get_args(FailureKind))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How stubborn a job is. Tries count the first one; times are seconds.

    `max_tries_of` goes before `max_tries`, by status (`503`) first, then by outcome. A status that is named in it is
    tried again even if it does not pass by itself as a rule (`RETRYABLE_STATUS`): the job knows its host.
    """

    max_tries: int = 3
    base: float = 2.0
    cap: float = 300.0
    max_retry_after: float = 3600.0
    max_tries_of: Mapping[str, int] = field(default_factory=dict)

    def tries_for(self, outcome: Outcome, status: int | None) -> int:
        """How often a visit is made that ends like this."""
        if outcome.name == "http_error" and str(status) in self.max_tries_of:
            return self.max_tries_of[str(status)]
        if not _may_pass(outcome, status):
            return 1
        return self.max_tries_of.get(outcome.name, self.max_tries)

    def wait(self, tries: int, dice: float) -> float:
        """Seconds before the try after `tries` tries; `dice` is uniform in [0, 1)."""
        return dice * min(self.cap, self.base * 2.0 ** min(tries - 1, 32))


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again, not before this time (epoch seconds). `outcome` is what this try ended as."""

    not_before: float
    outcome: OutcomeName


@dataclass(frozen=True, slots=True)
class Final:
    """This is how the URL ends."""

    outcome: OutcomeName


_DEFAULT = RetryPolicy()


def decide(
    kind: str,
    status: int | None,
    tries: int,
    retry_after: float | None,
    now: float,
    rng: Callable[[], float],
    policy: RetryPolicy = _DEFAULT,
) -> Retry | Final:
    """What follows a try: another one or the end.

    `kind` is an exchange's failure or an outcome's name. `tries` counts this one.
    `retry_after` is what the host asked for in seconds; it is obeyed up to the policy's bound, and only lengthens.
    Raises ValueError for a kind that is in no closed list.
    """
    outcome = outcome_of(kind)
    if tries >= policy.tries_for(outcome, status):
        return Final(outcome.name)
    wait = policy.wait(tries, rng())
    if retry_after is not None and outcome.name == "http_error":
        wait = max(wait, min(retry_after, policy.max_retry_after))
    return Retry(now + wait, outcome.name)


def outcome_of(kind: str) -> Outcome:
    """What a try ended as, by the kind of its failure or outcome. ValueError for neither."""
    if kind in _FAILURES:
        return outcome_of_failure(kind)  # type: ignore[arg-type]  # just checked against the closed list
    if kind not in OUTCOMES:
        raise ValueError(f"{kind!r} is neither a failure of an exchange nor an outcome.")
    return OUTCOMES[kind]


def _may_pass(outcome: Outcome, status: int | None) -> bool:
    if outcome.name == "http_error":
        return status in RETRYABLE_STATUS
    return outcome.retryable
