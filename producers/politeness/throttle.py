"""How long a host is left alone between two visits.

The wait is the longest of what the jobs ask, what robots.txt asks, and a back-off of our own that doubles while the
host says it is busy or fails, and shrinks step by step when it is well again: a host that has just recovered is not
hit at full speed. A host that answers slowly gets a rest beside its work. What is remembered is kept with the host's
lease, so that it survives whoever visits.
"""

from dataclasses import dataclass, replace

MAX_CRAWL_DELAY = 3600.0
"""Seconds of Crawl-delay that are obeyed at most: more is a wish not to be crawled, which has its own line."""

SLOW_DOWN = frozenset({429, 503})
"""Statuses by which a host says that it is visited too fast (RFC 6585, 4; RFC 9110, 15.6.4)."""

UNWELL = SLOW_DOWN | frozenset({502, 504, 520, 521, 522, 523, 524, 529, 530})
"""Statuses that speak of the host's health and not of one page: gateways' (RFC 9110, 15.6), and what proxies add."""

FAILING = frozenset({"timeout", "connect_failed", "dns_failed", "connection_lost"})
"""Failures of an exchange that speak of the host's health."""


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """Seconds, and factors per visit: a host rests 1, 2, 4 … 300 s, and is trusted again over some 30 visits.

    An answer within `prompt` seconds is prompt; what is above it is added to the pause, up to `slowest`. `weight` is
    that of the newest answer in the smoothed latency (Jacobson's filter, RFC 6298, 2.3, a little quicker): one slow
    page is no slow host. A host that comes back after it was rested begins with `resumed` at most.
    """

    first: float = 1.0
    growth: float = 2.0
    recovery: float = 0.75
    longest: float = 300.0
    forgotten: float = 0.05
    resumed: float = 10.0
    prompt: float = 0.25
    slowest: float = 30.0
    weight: float = 0.25


@dataclass(frozen=True, slots=True)
class HostPace:
    """What is remembered of a host; epoch seconds and seconds.

    `last_visit` and the delay make the next visit, so that a changed delay acts at once; `floor` is the moment before
    which it is not visited whatever the delay (Retry-After, back-off, an earlier keeper's word). `slowed_at` is when
    the back-off grew: visits that began before it are no further proof.
    """

    last_visit: float = 0.0
    floor: float = 0.0
    backoff: float = 0.0
    latency: float = 0.0
    slowed_at: float = 0.0

    def next_visit(self, pause: float) -> float:
        """When it may be visited again, by the pause that is wanted now."""
        return max(self.floor, self.last_visit + pause)


_DEFAULT = ThrottlePolicy()


def delay_of(job_delay: float, crawl_delay: float | None) -> float:
    """Seconds between two visits: the job's wish, never less than robots.txt's."""
    return max(job_delay, min(crawl_delay or 0.0, MAX_CRAWL_DELAY))


def rest_of(latency: float, concurrency: int, policy: ThrottlePolicy = _DEFAULT) -> float:
    """Seconds of pause that a host's slowness adds; 0 for a prompt one.

    A host that is visited once at a time rests after each visit for as long as it was slow. With more at once the
    pause is between two beginnings, and comes to the same load: each of the `concurrency` visits its rest.
    """
    slow = min(latency - policy.prompt, policy.slowest)
    if slow <= 0.0:
        return 0.0
    return slow if concurrency == 1 else (latency + slow) / concurrency


def before_visit(pace: HostPace, now: float, single: bool) -> HostPace:
    """A visit begins. Where several may be under way, not even beginnings come closer than the back-off."""
    floor = pace.floor if single or not pace.backoff else max(pace.floor, now + pace.backoff)
    return replace(pace, last_visit=now, floor=floor)


def after_visit(
    pace: HostPace,
    *,
    status: int | None,
    failure: str | None,
    began: float,
    now: float,
    retry_after: float | None = None,
    latency: float | None = None,
    single: bool = True,
    proof: bool = True,
    reopened: bool = False,
    policy: ThrottlePolicy = _DEFAULT,
) -> HostPace:
    """The pace after a visit from `began` to `now` that brought a `status` or an exchange's `failure`.

    `retry_after` seconds are obeyed with every status that came with them. Failures that say nothing about the host's
    health (a page too large, a blocked address) leave the back-off as it is; so do, without new `proof`, one page's
    repeated ones. `latency` seconds passed until the answer began. Where visits are `single` the delay counts from
    their end. `reopened`: the host had been given a rest and has answered.
    """
    backoff, slowed_at = pace.backoff, pace.slowed_at
    if status in SLOW_DOWN or (proof and (status in UNWELL or failure in FAILING)):
        if began >= slowed_at:
            backoff, slowed_at = min(max(backoff * policy.growth, policy.first), policy.longest), now
    elif failure is None and status is not None and status < 500:
        backoff *= policy.recovery
        if reopened:
            backoff = min(backoff, policy.resumed)
        if backoff < policy.forgotten:
            backoff = 0.0
    return HostPace(
        last_visit=now if single else pace.last_visit,
        floor=max(pace.floor, now + max(backoff, retry_after or 0.0)) if backoff or retry_after else pace.floor,
        backoff=backoff,
        latency=_smoothed(pace.latency, latency, status, policy),
        slowed_at=slowed_at,
    )


def _smoothed(known: float, latency: float | None, status: int | None, policy: ThrottlePolicy) -> float:
    """An error page is made faster than a page: it may only raise what is known (Scrapy's AutoThrottle does so too)."""
    if latency is None:
        return known
    found = known + policy.weight * (latency - known)
    return max(found, known) if status is None or status >= 400 else found
