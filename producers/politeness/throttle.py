"""How long a host is left alone between two visits.

The wait is the longest of what the job asks, what robots.txt asks, and a back-off of our own that doubles while the
host says it is busy or fails, and shrinks step by step when it is well again: a host that has just recovered is not
hit at full speed. The state is two numbers, kept with the host's lease, so that it survives whoever visits.
"""

from dataclasses import dataclass, replace

MAX_CRAWL_DELAY = 3600.0
"""Seconds of Crawl-delay that are obeyed at most: more is a wish not to be crawled, which has its own line."""

SLOW_DOWN = frozenset({429, 503})
"""Statuses by which a host says that it is visited too fast (RFC 6585, 4; RFC 9110, 15.6.4)."""

_FAILING = frozenset({"timeout", "connect_failed", "dns_failed", "connection_lost"})


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """Seconds, and factors per visit: a host rests 1, 2, 4 … 300 s, and is trusted again over some 30 visits."""

    first: float = 1.0
    growth: float = 2.0
    recovery: float = 0.75
    longest: float = 300.0
    forgotten: float = 0.05


@dataclass(frozen=True, slots=True)
class HostPace:
    """What is remembered of a host: not before when it is visited next (epoch seconds), and its back-off (seconds)."""

    next_visit: float = 0.0
    backoff: float = 0.0


_DEFAULT = ThrottlePolicy()


def delay_of(job_delay: float, crawl_delay: float | None) -> float:
    """Seconds between two visits: the job's wish, never less than robots.txt's."""
    return max(job_delay, min(crawl_delay or 0.0, MAX_CRAWL_DELAY))


def after_visit(
    pace: HostPace,
    *,
    status: int | None,
    failure: str | None,
    delay: float,
    retry_after: float | None,
    now: float,
    policy: ThrottlePolicy = _DEFAULT,
) -> HostPace:
    """The pace after a visit that ended at `now` with a `status` or an exchange's `failure`.

    `delay` is `delay_of(…)`; `retry_after` seconds are obeyed with every status that came with them. Failures that
    say nothing about the host's health (a page too large, a blocked address) leave the back-off as it is.
    """
    backoff = pace.backoff
    if status in SLOW_DOWN or failure in _FAILING:
        backoff = min(max(backoff * policy.growth, policy.first), policy.longest)
    elif failure is None and status is not None and status < 500:
        backoff *= policy.recovery
        if backoff < policy.forgotten:
            backoff = 0.0
    wait = max(delay, backoff, retry_after or 0.0)
    return replace(pace, next_visit=max(pace.next_visit, now + wait), backoff=backoff)
