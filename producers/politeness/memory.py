"""What of a host's pace and health outlives its keeper, and for how long it is worth remembering."""

from dataclasses import replace

from producers.politeness.breaker import Health
from producers.politeness.throttle import HostPace
from schemas.leases import HostRecord

FADES_AFTER = 10.0
"""A host that nobody visited for so many times its back-off (seconds at least) is a stranger again."""


def recorded(pace: HostPace, health: Health, pause: float, delay: float, now: float) -> HostRecord:
    """What the lease keeps: `pause` is what makes the next visit, `delay` what dispatch is told."""
    return HostRecord(
        wait_s=max(0.0, pace.next_visit(pause) - now),
        delay=delay,
        backoff=pace.backoff,
        latency=pace.latency,
        failures=health.failures,
        failing_s=max(0.0, now - health.since) if health.failures else 0.0,
        failure=health.failure,
    )


def left_alone(pace: HostPace, health: Health) -> tuple[HostPace, Health]:
    """What is worth remembering of a host at which nothing waits: failures that did not close it were single pages'
    and say nothing about the next one, nor does the back-off they caused; what it asked for itself stays."""
    if health.open or not health.failures:
        return pace, health
    return (pace if health.failure.isdecimal() else replace(pace, backoff=0.0)), Health()


def recalled(record: HostRecord, pace: HostPace, now: float) -> tuple[HostPace, Health]:
    """Pace and health under a new lease. What this keeper knows itself (`pace`) may be newer, so the later moment
    counts; a `wait_s` below 0 is how long ago the host might have been visited."""
    if -record.wait_s > FADES_AFTER * max(record.backoff, 1.0):
        return replace(pace, backoff=0.0, latency=0.0), Health()
    known = replace(
        pace,
        floor=max(pace.floor, now + record.wait_s),
        backoff=max(pace.backoff, record.backoff),
        latency=record.latency,
    )
    if not record.failures:
        return known, Health()
    return known, Health(record.failures, now - record.failing_s, record.failure)
