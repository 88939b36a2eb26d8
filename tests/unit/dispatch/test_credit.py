"""How much a host may have under way, and how runs share it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.dispatch.credit import MAX_CREDIT, Shares, Waiting, host_credit


@pytest.mark.parametrize(
    ("delay", "concurrency", "closed_per_s", "credit"),
    [
        (1.0, 1, 0.0, 2),  # one a second: one under way, one on its way
        (0.1, 1, 0.0, 11),
        (10.0, 1, 500.0, 1),  # what it could do does not matter where it asks for rest
        (0.0, 1, 0.0, 5),  # a start
        (0.0, 8, 0.0, 40),
        (0.0, 1, 100.0, 151),  # room to show more than it has shown
        (0.0, 1, 100_000.0, MAX_CREDIT),
    ],
)
def test_credit_is_rate_times_round_trip(delay: float, concurrency: int, closed_per_s: float, credit: int) -> None:
    assert host_credit(delay, concurrency, closed_per_s) == credit


def test_a_big_run_does_not_starve_a_small_one() -> None:
    quotas = Shares().share([Waiting("big", "h", 10_000), Waiting("small", "h", 3)], {"h": 10})
    assert quotas == {"big": {"h": 7}, "small": {"h": 3}}


def test_weights_are_shares() -> None:
    quotas = Shares().share([Waiting("high", "h", 99, 16), Waiting("low", "h", 99, 1)], {"h": 34})
    assert quotas == {"high": {"h": 32}, "low": {"h": 2}}


def test_everyone_has_a_turn_where_there_is_room_for_one() -> None:
    shares = Shares()
    served: set[str] = set()
    for _ in range(3):
        served |= shares.share([Waiting(name, "h", 9) for name in "abc"], {"h": 1}).keys()
    assert served == set("abc")


def test_a_host_without_credit_gets_nothing() -> None:
    assert Shares().share([Waiting("a", "h", 5), Waiting("a", "unknown", 5)], {"h": 0}) == {}
    assert Shares().share([Waiting("a", "h", 5)], {"h": -3}) == {}


WAITING = st.lists(
    st.builds(Waiting, st.sampled_from("abcd"), st.sampled_from(["h1", "h2"]), st.integers(0, 50),
              st.sampled_from([1, 4, 16])),
    unique_by=lambda entry: (entry.run_id, entry.host),
)  # fmt: skip


@given(WAITING, st.dictionaries(st.sampled_from(["h1", "h2"]), st.integers(-5, 60)))
def test_credit_is_never_exceeded_nor_left_unused(waiting: list[Waiting], credit: dict[str, int]) -> None:
    quotas = Shares().share(waiting, credit)
    for host in ("h1", "h2"):
        given_out = sum(hosts.get(host, 0) for hosts in quotas.values())
        wanted = sum(entry.queued for entry in waiting if entry.host == host)
        assert given_out == min(max(credit.get(host, 0), 0), wanted)
    for entry in waiting:
        assert quotas.get(entry.run_id, {}).get(entry.host, 0) <= entry.queued
