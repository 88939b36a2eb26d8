"""Which failures are tried again, when, and how a URL ends."""

import random
from typing import get_args

import pytest

from schemas.exchange import FailureKind
from schemas.outcomes import OUTCOMES, OutcomeName, outcome_of_failure, outcome_of_status
from schemas.retry import Final, Retry, RetryPolicy, decide

HALF = 0.5


def half() -> float:
    return HALF


def test_the_list_of_outcomes_is_closed_and_each_is_of_one_class() -> None:
    assert set(OUTCOMES) == set(get_args(OutcomeName))
    assert {outcome.klass for outcome in OUTCOMES.values()} == {"fetched", "failed", "filtered"}
    assert all(outcome.sentence.endswith(".") for outcome in OUTCOMES.values())
    assert not any(outcome.retryable for outcome in OUTCOMES.values() if outcome.klass != "failed")


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_failure_of_an_exchange_is_an_outcome_that_is_no_success(kind: FailureKind) -> None:
    assert outcome_of_failure(kind).klass != "fetched"


@pytest.mark.parametrize(
    ("status", "name"),
    [(200, "fetched"), (204, "fetched"), (304, "not_modified"), (301, "redirected"), (308, "redirected"),
     (404, "http_error"), (500, "http_error"), (999, "http_error"), (600, "http_error")],
)  # fmt: skip
def test_statuses(status: int, name: str) -> None:
    assert outcome_of_status(status).name == name


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("http_error", 404, Final("http_error")),
        ("http_error", 410, Final("http_error")),
        ("http_error", 501, Final("http_error")),
        ("blocked_address", None, Final("blocked_address")),
        ("tls_failed", None, Final("tls_failed")),
        ("too_large", 200, Final("too_large")),
        ("robots_denied", None, Final("robots_denied")),
        ("cancelled", None, Final("cancelled")),
        ("http_error", 302, Final("http_error")),
    ],
)
def test_what_ends_at_once(kind: str, status: int | None, expected: Final) -> None:
    assert decide(kind, status, 1, None, 0.0, half) == expected


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        ("timeout", None, "timeout"),
        ("dns_failed", None, "dns_failed"),
        ("connect_failed", None, "connect_failed"),
        ("connection_lost", None, "connect_failed"),
        ("malformed_response", 200, "malformed_response"),
        ("decode_failed", 200, "decode_failed"),
        ("http_error", 429, "http_error"),
        ("http_error", 503, "http_error"),
        ("http_error", 500, "http_error"),
        ("http_error", 408, "http_error"),
    ],
)
def test_what_is_tried_again_twice_and_then_ends(kind: str, status: int | None, outcome: OutcomeName) -> None:
    assert decide(kind, status, 1, None, 100.0, half) == Retry(100.0 + HALF * 2.0, outcome)
    assert decide(kind, status, 2, None, 100.0, half) == Retry(100.0 + HALF * 4.0, outcome)
    assert decide(kind, status, 3, None, 100.0, half) == Final(outcome)


def test_no_retries_when_the_job_wants_none() -> None:
    assert decide("timeout", None, 1, None, 0.0, half, RetryPolicy(max_tries=1)) == Final("timeout")


def test_waits_are_spread_between_nothing_and_the_doubled_bound() -> None:
    policy = RetryPolicy(max_tries=99, base=1.0, cap=60.0)
    dice = random.Random(7)
    for tries in range(1, 90):
        waits = [policy.wait(tries, dice.random()) for _ in range(200)]
        bound = min(60.0, 2.0 ** (tries - 1))
        assert 0 <= min(waits) < 0.1 * bound
        assert 0.9 * bound < max(waits) < bound


@pytest.mark.parametrize(("asked", "waited"), [(30.0, 30.0), (0.0, 1.0), (10.0**9, 3600.0), (None, 1.0)])
def test_retry_after_lengthens_the_wait_up_to_the_bound(asked: float | None, waited: float) -> None:
    assert decide("http_error", 503, 1, asked, 0.0, half) == Retry(waited, "http_error")


def test_an_unknown_kind_is_a_mistake_and_not_an_outcome() -> None:
    with pytest.raises(ValueError, match="neither"):
        decide("exploded", None, 1, None, 0.0, half)
