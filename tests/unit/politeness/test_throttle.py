"""How long a host is left alone."""

from typing import Any

import pytest

from producers.politeness.throttle import HostPace, ThrottlePolicy, after_visit, before_visit, delay_of, rest_of

POLICY = ThrottlePolicy()


def visit(
    pace: HostPace,
    now: float,
    status: int | None = 200,
    failure: str | None = None,
    retry_after: float | None = None,
    latency: float | None = None,
    **how: Any,
) -> HostPace:
    """A visit that took no time."""
    return after_visit(
        pace, status=status, failure=failure, began=now, now=now, retry_after=retry_after, latency=latency, **how
    )


@pytest.mark.parametrize(
    ("job", "crawl", "expected"), [(1, None, 1), (1, 5, 5), (5, 1, 5), (0, 0, 0), (0, 10**9, 3600), (4000, 10**9, 4000)]
)
def test_the_longer_delay_counts(job: float, crawl: float | None, expected: float) -> None:
    assert delay_of(job, crawl) == expected


def test_a_healthy_host_is_visited_after_the_delay_and_no_later() -> None:
    assert visit(HostPace(), 100.0).next_visit(2.0) == 102.0


def test_a_changed_delay_changes_the_next_visit_but_not_what_the_host_asked_for() -> None:
    pace = visit(HostPace(), 100.0)
    assert (pace.next_visit(60.0), pace.next_visit(1.0)) == (160.0, 101.0)
    asked = visit(HostPace(), 100.0, 503, retry_after=30.0)
    assert (asked.next_visit(60.0), asked.next_visit(0.0)) == (160.0, 130.0)


@pytest.mark.parametrize(
    ("status", "failure"),
    [(429, None), (503, None), (502, None), (504, None), (None, "timeout"), (None, "connect_failed"),
     (None, "dns_failed"), (None, "connection_lost")],
)  # fmt: skip
def test_a_busy_or_failing_host_rests_twice_as_long_each_time_up_to_the_bound(
    status: int | None, failure: str | None
) -> None:
    pace, now, waits = HostPace(), 0.0, []
    for _ in range(11):
        pace = visit(pace, now, status, failure)
        waits.append(pace.next_visit(0.0) - now)
        now = pace.next_visit(0.0)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_visits_that_were_under_way_when_it_was_slowed_down_slow_it_no_further() -> None:
    pace = visit(HostPace(), 10.0, 503)
    for _ in range(30):
        pace = after_visit(pace, status=503, failure=None, began=9.0, now=11.0)
    assert pace.backoff == POLICY.first
    assert after_visit(pace, status=503, failure=None, began=12.0, now=12.0).backoff == 2 * POLICY.first


def test_a_page_that_fails_again_is_no_further_proof_but_a_plea_is() -> None:
    assert visit(HostPace(backoff=4.0), 0.0, None, "timeout", proof=False).backoff == 4.0
    assert visit(HostPace(backoff=4.0), 0.0, 503, proof=False).backoff == 8.0


def test_speed_comes_back_step_by_step_and_wholly() -> None:
    pace, now, waits = HostPace(backoff=64.0), 0.0, []
    while pace.backoff:
        pace = visit(pace, now)
        waits.append(pace.next_visit(0.0) - now)
        now = pace.next_visit(0.0)
    assert waits == sorted(waits, reverse=True)
    assert waits[0] == 48.0
    assert 20 <= len(waits) <= 30
    assert waits[-1] == 0.0


def test_a_host_that_comes_back_from_its_rest_is_not_made_to_wait_as_long_again() -> None:
    assert visit(HostPace(backoff=300.0), 0.0, reopened=True).backoff == POLICY.resumed


def test_retry_after_is_obeyed_and_never_shortens() -> None:
    assert visit(HostPace(), 0.0, 503, retry_after=120.0).next_visit(0.0) == 120.0
    assert visit(HostPace(), 0.0, 503, retry_after=2.0).next_visit(5.0) == 5.0
    assert visit(HostPace(backoff=100.0), 0.0, 429, retry_after=2.0).next_visit(0.0) == 200.0


@pytest.mark.parametrize(
    ("status", "failure"),
    [(500, None), (501, None), (None, "too_large"), (None, "blocked_address"), (None, "decode_failed")],
)
def test_what_says_nothing_about_the_hosts_health_changes_no_backoff(status: int | None, failure: str | None) -> None:
    assert visit(HostPace(backoff=8.0), 0.0, status, failure).backoff == 8.0


def test_an_earlier_visit_never_brings_the_next_one_forward() -> None:
    waiting = visit(HostPace(), 0.0, 503, retry_after=600.0)
    assert visit(waiting, 1.0, 200).next_visit(0.0) == 600.0


def test_while_it_recovers_even_beginnings_keep_their_distance() -> None:
    assert before_visit(HostPace(backoff=8.0), 100.0, single=False).next_visit(0.0) == 108.0
    assert before_visit(HostPace(), 100.0, single=False).next_visit(0.0) == 100.0


def test_where_several_are_under_way_pauses_count_from_beginnings() -> None:
    begun = before_visit(HostPace(), 100.0, single=False)
    assert visit(begun, 107.0, single=False).next_visit(10.0) == 110.0
    assert visit(begun, 107.0, single=True).next_visit(10.0) == 117.0


@pytest.mark.parametrize(
    ("latency", "concurrency", "rest"),
    [(0.0, 1, 0.0), (0.2, 1, 0.0), (0.2, 64, 0.0), (1.25, 1, 1.0), (1.25, 8, 2.25 / 8), (500.0, 1, 30.0)],
)
def test_a_slow_host_rests_as_long_as_it_was_slow(latency: float, concurrency: int, rest: float) -> None:
    assert rest_of(latency, concurrency) == pytest.approx(rest)


def test_one_slow_page_is_no_slow_host_and_a_slow_host_is_seen_soon() -> None:
    pace = HostPace()
    for latency in (0.1, 0.1, 2.0):
        pace = visit(pace, 0.0, latency=latency)
    assert rest_of(pace.latency, 1) < 0.5
    for _ in range(10):
        pace = visit(pace, 0.0, latency=2.0)
    assert rest_of(pace.latency, 1) > 1.5
    for _ in range(15):
        pace = visit(pace, 0.0, latency=0.05)
    assert rest_of(pace.latency, 1) == 0.0


def test_quick_errors_are_no_sign_of_speed() -> None:
    slow = HostPace(latency=2.0)
    assert visit(slow, 0.0, 404, latency=0.01).latency == 2.0
    assert visit(slow, 0.0, 500, latency=6.0).latency == 3.0
    assert visit(slow, 0.0, 200, latency=0.0).latency == 1.5
