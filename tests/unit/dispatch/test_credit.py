"""How much a host may have under way, and how runs share it."""

from collections import Counter
from random import Random

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


def turns(waiting: list[Waiting], rounds: int, room: int = 1) -> Counter[str]:
    """How often each run was served, at a host with so much room in each round."""
    shares, served = Shares(), Counter[str]()
    for _ in range(rounds):
        for run, hosts in shares.share(waiting, {"h": room}).items():
            served[run] += hosts["h"]
    return served


def test_weights_hold_where_there_is_room_for_one_at_a_time() -> None:
    assert turns([Waiting("high", "h", 999, 16), Waiting("low", "h", 999, 1)], 170) == {"high": 160, "low": 10}


def test_a_run_that_comes_later_has_its_share_from_then_on_and_no_more() -> None:
    shares, first = Shares(), Waiting("first", "h", 999)
    for _ in range(50):
        assert shares.share([first], {"h": 1}) == {"first": {"h": 1}}
    both = [first, Waiting("second", "h", 999)]
    served = Counter(run for _ in range(10) for run in shares.share(both, {"h": 1}))
    assert served == {"first": 5, "second": 5}


def test_an_owner_of_many_runs_has_no_more_than_an_owner_of_one() -> None:
    many = [Waiting(f"many {number}", "h", 999, 16, "anna") for number in range(9)]
    served = turns([*many, Waiting("one", "h", 999, 1, "otto")], 180)
    assert served["one"] == 90, "priority counts among one's own runs"
    assert {served[entry.run_id] for entry in many} == {10}


def test_a_hundred_runs_at_fifty_hosts_all_go_on() -> None:
    """Each run waits at all hosts; hosts are full in most rounds, and have room for a few pages in the others."""
    places = [(run, host) for run in range(100) for host in range(50)]
    waiting = [Waiting(f"r{run}", f"h{host}", 99, (1, 4, 16)[run % 3], f"o{run % 7}") for run, host in places]
    shares, served, random = Shares(), Counter[str](), Random(4)
    for _ in range(60):
        credit = {f"h{host}": random.choice((0, 0, 1, 2, 3)) for host in range(50)}
        room = {host for host, free in credit.items() if free}
        for run, hosts in shares.share([entry for entry in waiting if entry.host in room], credit).items():
            served[run] += sum(hosts.values())
    assert len(served) == 100
    by_owner: Counter[str] = Counter()
    for run, pages in served.items():
        by_owner[f"o{int(run[1:]) % 7}"] += pages
    assert max(by_owner.values()) < 1.05 * min(by_owner.values())


WAITING = st.lists(
    st.builds(Waiting, st.sampled_from("abcd"), st.sampled_from(["h1", "h2"]), st.integers(0, 50),
              st.sampled_from([1, 4, 16]), st.sampled_from(["anna", "otto"])),
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
