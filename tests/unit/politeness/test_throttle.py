"""How long a host is left alone."""

import pytest

from producers.politeness.throttle import HostPace, ThrottlePolicy, after_visit, delay_of

POLICY = ThrottlePolicy()


def visit(
    pace: HostPace,
    now: float,
    status: int | None = 200,
    failure: str | None = None,
    delay: float = 0.0,
    retry_after: float | None = None,
) -> HostPace:
    return after_visit(pace, status=status, failure=failure, delay=delay, retry_after=retry_after, now=now)


@pytest.mark.parametrize(
    ("job", "crawl", "expected"), [(1, None, 1), (1, 5, 5), (5, 1, 5), (0, 0, 0), (0, 10**9, 3600), (4000, 10**9, 4000)]
)
def test_the_longer_delay_counts(job: float, crawl: float | None, expected: float) -> None:
    assert delay_of(job, crawl) == expected


def test_a_healthy_host_is_visited_after_the_delay_and_no_later() -> None:
    assert visit(HostPace(), 100.0, delay=2.0) == HostPace(102.0, 0.0)


@pytest.mark.parametrize(
    ("status", "failure"),
    [(429, None), (503, None), (None, "timeout"), (None, "connect_failed"), (None, "dns_failed"),
     (None, "connection_lost")],
)  # fmt: skip
def test_a_busy_or_failing_host_rests_twice_as_long_each_time_up_to_the_bound(
    status: int | None, failure: str | None
) -> None:
    pace, now, waits = HostPace(), 0.0, []
    for _ in range(11):
        pace = visit(pace, now, status, failure)
        waits.append(pace.next_visit - now)
        now = pace.next_visit
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_speed_comes_back_step_by_step_and_wholly() -> None:
    pace, now, waits = HostPace(backoff=64.0), 0.0, []
    while pace.backoff:
        pace = visit(pace, now)
        waits.append(pace.next_visit - now)
        now = pace.next_visit
    assert waits == sorted(waits, reverse=True)
    assert waits[0] == 48.0
    assert 20 <= len(waits) <= 30
    assert waits[-1] == 0.0


def test_retry_after_is_obeyed_and_never_shortens() -> None:
    assert visit(HostPace(), 0.0, 503, retry_after=120.0).next_visit == 120.0
    assert visit(HostPace(), 0.0, 503, delay=5.0, retry_after=2.0).next_visit == 5.0
    assert visit(HostPace(backoff=100.0), 0.0, 429, retry_after=2.0).next_visit == 200.0


@pytest.mark.parametrize(
    ("status", "failure"),
    [(500, None), (502, None), (None, "too_large"), (None, "blocked_address"), (None, "decode_failed")],
)
def test_what_says_nothing_about_the_hosts_health_changes_no_backoff(status: int | None, failure: str | None) -> None:
    assert visit(HostPace(backoff=8.0), 0.0, status, failure).backoff == 8.0


def test_an_earlier_visit_never_brings_the_next_one_forward() -> None:
    waiting = visit(HostPace(), 0.0, 503, retry_after=600.0)
    assert visit(waiting, 1.0, 200).next_visit == 600.0
