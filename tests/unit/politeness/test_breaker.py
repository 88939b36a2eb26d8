"""When a host that keeps failing is rested, and for how long its pages wait."""

import pytest

from producers.politeness.breaker import OPENS_AT, Health, after_answer
from producers.politeness.memory import FADES_AFTER, left_alone, recalled, recorded
from producers.politeness.throttle import HostPace
from schemas.leases import HostRecord


def heard(health: Health, page: str, what: str | int, now: float = 0.0) -> Health:
    status, failure = (what, None) if isinstance(what, int) else (None, what)
    return after_answer(health, page=page, status=status, failure=failure, now=now)


def row(*answers: str | int, same: bool = False) -> Health:
    health = Health()
    for number, what in enumerate(answers):
        health = heard(health, "same" if same else str(number), what, 100.0 + number)
    return health


@pytest.mark.parametrize(
    "what", ["timeout", "connect_failed", "dns_failed", "connection_lost", 429, 502, 503, 504, 521]
)
def test_so_many_pages_in_a_row_open_it(what: str | int) -> None:
    assert not row(*[what] * (OPENS_AT - 1)).open
    opened = row(*[what] * OPENS_AT)
    assert opened.open and opened.since == 100.0 and opened.failure == str(what)


@pytest.mark.parametrize("what", [404, 500, 200, "too_large", "tls_failed", "decode_failed", "malformed_response"])
def test_what_is_the_pages_own_does_not(what: str | int) -> None:
    assert row(*[what] * 20) == Health()


def test_one_page_alone_never_opens_it() -> None:
    assert row(*["timeout"] * 50, same=True).failures == 1


@pytest.mark.parametrize(("between", "opens"), [(200, False), (404, False), (500, True), ("too_large", True)])
def test_a_page_ends_the_row_and_what_says_nothing_does_not(between: str | int, opens: bool) -> None:
    assert row("timeout", "timeout", "timeout", between, "timeout", "timeout").open is opens


def test_patience_is_counted_from_the_first_failure_of_the_row() -> None:
    opened = row(*["timeout"] * OPENS_AT)
    assert opened.patience_left(900.0, 400.0) == 600.0
    assert opened.patience_left(900.0, 2000.0) == 0.0


def test_while_it_is_open_each_failure_counts_and_one_answer_closes_it() -> None:
    opened = row(*["timeout"] * OPENS_AT)
    worse = heard(heard(opened, "0", 503), "0", 503)
    assert (worse.failures, worse.since, worse.failure) == (OPENS_AT + 2, 100.0, "503")
    assert heard(worse, "0", 200) == Health()


def test_what_a_lease_keeps_comes_back_as_it_was() -> None:
    pace = HostPace(last_visit=990.0, floor=1040.0, backoff=64.0, latency=0.5)
    health = Health(7, 500.0, "timeout")
    record = recorded(pace, health, 10.0, 64.0, 1000.0)
    assert record == HostRecord(40.0, 64.0, 64.0, 0.5, 7, 500.0, "timeout")
    heir_pace, heir_health = recalled(record, HostPace(), 77.0)
    assert heir_health == Health(7, 77.0 - 500.0, "timeout")
    assert (heir_pace.next_visit(10.0), heir_pace.backoff, heir_pace.latency) == (117.0, 64.0, 0.5)


def test_what_this_keeper_knows_itself_may_be_newer() -> None:
    own = HostPace(last_visit=995.0, floor=1300.0, backoff=128.0)
    pace, _ = recalled(HostRecord(wait_s=5.0, backoff=64.0), own, 1000.0)
    assert (pace.last_visit, pace.floor, pace.backoff) == (995.0, 1300.0, 128.0)


@pytest.mark.parametrize(
    ("ago", "known"), [(0.0, True), (64.0 * FADES_AFTER - 1, True), (64.0 * FADES_AFTER + 1, False)]
)
def test_what_was_known_of_a_host_fades(ago: float, known: bool) -> None:
    pace, health = recalled(HostRecord(-ago, 64.0, 64.0, 2.0, 9, 5000.0, "503"), HostPace(), 1000.0)
    assert (health.open, pace.backoff > 0, pace.latency > 0) == (known,) * 3


def test_where_nothing_waits_single_pages_failures_are_forgotten_but_not_what_the_host_asked_for() -> None:
    pace = HostPace(backoff=4.0)
    assert left_alone(pace, row("timeout", "timeout")) == (HostPace(), Health())
    assert left_alone(pace, row(503, 503)) == (pace, Health())
    dead = row(*["timeout"] * OPENS_AT)
    assert left_alone(pace, dead) == (pace, dead)
