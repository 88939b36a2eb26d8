"""A run's pace: bounded however long it lasts, and exact in its sums."""

import random

from hypothesis import given
from hypothesis import strategies as st

from dashboards.feed.pace import Pace

BEGAN = 1_700_000_003


def totals(pace: Pace) -> tuple[float, float]:
    rows = list(pace)
    return sum(row[1] for row in rows), sum(row[2] for row in rows)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=80))
def test_buckets_stay_few_and_nothing_is_lost(seconds: list[int]) -> None:
    pace = Pace()
    for second in seconds:
        pace.add(BEGAN + second, pages=1, records=3)
    at, pages, _ = pace.arrays(BEGAN + 10**6)
    assert len(at) <= 302
    assert totals(pace) == (len(seconds), 3 * len(seconds))
    assert round(float(pages.sum() * pace.width)) == len(seconds)


@given(st.lists(st.tuples(st.integers(0, 5000), st.booleans()), max_size=60))
def test_two_halves_make_the_whole(events: list[tuple[int, bool]]) -> None:
    whole, left, right = Pace(), Pace(), Pace()
    for second, goes_left in events:
        whole.add(BEGAN + second, pages=1)
        (left if goes_left else right).add(BEGAN + second, pages=1)
    both = left.plus([right])
    assert totals(both) == totals(whole)
    assert both.width == whole.width
    assert sorted(both) == sorted(whole)


def test_the_bucket_that_still_fills_is_not_drawn() -> None:
    pace = Pace()
    for second in range(3):
        pace.add(100 + second, pages=2)
    at, pages, _ = pace.arrays(102.5)
    assert at.tolist() == [99, 100, 101]
    assert pages.tolist() == [0, 2, 2]


def test_a_run_of_one_page_is_a_peak() -> None:
    pace = Pace()
    pace.add(100, pages=1)
    assert [pace.arrays(now)[1].tolist() for now in (100.5, 101.0, 102.0, 500.0)] == [
        [0, 1],
        [0, 1],
        [0, 1, 0],
        [0, 1, 0],
    ]


def test_recent_follows_the_last_seconds_whatever_the_width() -> None:
    pace = Pace()
    for second in range(2000):
        pace.add(second, pages=4, records=8)
    assert pace.width == 8
    pages, records = pace.recent(2000.0)
    assert 3.5 <= pages <= 4.5
    assert records == 2 * pages
    assert pace.recent(3000.0) == (0.0, 0.0)


def test_nothing_has_no_pace() -> None:
    assert [len(column) for column in Pace().arrays(5.0)] == [0, 0, 0]
    assert Pace().recent(5.0) == (0.0, 0.0)


def test_an_earlier_second_may_come_later() -> None:
    pace = Pace()
    seconds = list(range(1000))
    random.Random(3).shuffle(seconds)
    for second in seconds:
        pace.add(second, pages=1)
    assert totals(pace) == (1000, 0)
