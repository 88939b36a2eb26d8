"""What the fetcher and the keeper of host leases tell each other; seconds, so that their clocks need not agree."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostRecord:
    """What is remembered of a host, whoever visits it.

    `wait_s` until it may be visited again; `delay` between two visits at the moment, by which dispatch issues tasks;
    `backoff`: what its failures and pleas have added, which shrinks as it recovers; `latency`: how slowly it answers,
    smoothed; `failures` in a row that speak of its health, the first of them `failing_s` ago, the last of kind
    `failure` (an exchange's failure, or a status).
    """

    wait_s: float = 0.0
    delay: float = 0.0
    backoff: float = 0.0
    latency: float = 0.0
    failures: int = 0
    failing_s: float = 0.0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class RunState:
    """A run whose pages are wanted: perhaps not now (`paused`), perhaps at another `delay` than the pinned one."""

    paused: bool = False
    delay: float | None = None
