"""How often a page is visited again."""

from math import log
from random import Random

import pytest

from schemas.freshness import MAX_GROWTH, WINDOW, Watched, wait_s

DAY = 86_400.0


def test_the_estimate_is_that_of_cho_and_garcia_molina() -> None:
    """Section 4.2 of the paper: -log((n - X + 0.5) / (n + 0.5)) changes for each of n visits, X of which saw one."""
    assert Watched(10, 3, 10 * DAY).rate == pytest.approx(-log(7.5 / 10.5) / DAY)
    assert Watched(10, 10, 10 * DAY).rate == pytest.approx(-log(0.5 / 10.5) / DAY)
    assert Watched(10, 0, 10 * DAY).rate == Watched().rate == 0.0


@pytest.mark.parametrize("changes_a_day", [0.1, 0.5, 1.0])
def test_a_page_that_changes_at_random_is_seen_through(changes_a_day: float) -> None:
    """The plain quotient would see one change a visit at most: 0.63 a day where there is one."""
    dice, rates = Random(1), []
    for _ in range(300):
        watched = Watched()
        for _ in range(30):
            watched = watched.after(DAY, dice.random() < 1 - 2.718281828**-changes_a_day)
        rates.append(watched.rate * DAY)
    assert sum(rates) / len(rates) == pytest.approx(changes_a_day, rel=0.05)


def test_old_visits_fade_so_that_a_page_may_change_its_ways() -> None:
    watched = Watched()
    for _ in range(200):
        watched = watched.after(DAY, changed=True)
    busy = watched.rate
    for _ in range(200):
        watched = watched.after(DAY, changed=False)
    assert watched.visits <= WINDOW and watched.rate < 0.02 * busy


@pytest.mark.parametrize(
    ("watched", "elapsed", "wait"),
    [
        (Watched(), 0.0, 3600.0),
        (Watched(10, 0, 10 * DAY), DAY, MAX_GROWTH * DAY),
        (Watched(10, 0, 100 * DAY), 40 * DAY, 30 * DAY),
        (Watched(10, 10, 10 * 60.0), 60.0, 3600.0),
        (Watched(10, 5, 10 * DAY), DAY, DAY * log(2) / -log(5.5 / 10.5)),
    ],
)
def test_the_wait_is_until_a_change_is_as_likely_as_not_within_bounds(
    watched: Watched, elapsed: float, wait: float
) -> None:
    asked = {"interval": 3600.0, "max_interval": 30 * DAY}
    assert wait_s(watched, elapsed, **asked, adaptive=True) == pytest.approx(wait)
    assert wait_s(watched, elapsed, **asked, adaptive=False) == 3600.0


def test_a_longer_interval_than_the_longest_is_meant() -> None:
    assert wait_s(Watched(3, 1, 3 * DAY), DAY, interval=9 * DAY, max_interval=DAY, adaptive=True) == 9 * DAY
