"""Amounts by second: any order in, a fixed window out."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.feed.rates import RateRing

NOW = 1_700_000_000


def test_each_amount_lands_in_its_own_second() -> None:
    ring = RateRing(10)
    ring.add(NOW - 3)
    ring.add(NOW - 1, 4)
    ring.add(NOW - 3, 2)
    assert ring.window(NOW, 5).tolist() == [0, 3, 0, 4, 0]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 100)), max_size=60), st.randoms())
def test_the_order_of_arrival_changes_nothing(amounts: list[tuple[int, int]], chance: random.Random) -> None:
    straight, shuffled = RateRing(10), RateRing(10)
    for back, amount in amounts:
        straight.add(NOW - back, amount)
    mixed = list(amounts)
    chance.shuffle(mixed)
    for back, amount in mixed:
        shuffled.add(NOW - back, amount)
    assert np.array_equal(straight.window(NOW, 10), shuffled.window(NOW, 10))
    assert straight.window(NOW, 10).sum() == sum(amount for _, amount in amounts)


def test_what_is_older_than_the_ring_is_left_out_and_what_has_passed_is_forgotten() -> None:
    ring = RateRing(10)
    ring.add(NOW)
    ring.add(NOW - 1000)
    assert ring.window(NOW, 10).sum() == 1
    assert ring.window(NOW + 500, 10).sum() == 0
    ring.add(NOW + 500, 7)
    assert ring.window(NOW + 500, 10).tolist() == [0] * 9 + [7]


@given(st.floats(0, 9), st.floats(0.01, 9), st.floats(0.1, 1e6))
def test_spreading_keeps_the_sum(start: float, length: float, amount: float) -> None:
    ring = RateRing(30)
    ring.spread(NOW + start, NOW + start + length, amount)
    assert ring.window(NOW + 20, 30).sum() == pytest.approx(amount)


def test_growth_without_a_duration_counts_at_its_end() -> None:
    ring = RateRing(10)
    ring.spread(NOW, NOW, 5)
    assert ring.window(NOW, 1).tolist() == [5]


def test_the_rate_slides_instead_of_jumping() -> None:
    ring = RateRing(60)
    for second in range(NOW - 30, NOW):
        ring.add(second, 10)
    for part in (0.0, 0.25, 0.5, 0.9):
        ring_now = NOW + part
        assert ring.rate(ring_now, 5) == pytest.approx((10 * (1 - part) + 40) / 5)


def test_the_rate_shows_an_event_at_once() -> None:
    ring = RateRing(60)
    ring.add(NOW, 50)
    assert ring.rate(NOW + 0.1, 5) == 10
