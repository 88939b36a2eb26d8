"""How long a run will go on."""

from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from api.services.remaining import remaining
from schemas.events import RunCounts
from schemas.ledger import HostLoad, Run, Sample
from tests.bench.rest import coverage, said
from tests.fakes.crawls import SHAPES

BEGAN = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def run(known: int, done: int, **fields: Any) -> Run:
    values: dict[str, Any] = {
        "id": "r", "job_id": "j", "owner": "o", "dataset": "d", "state": "running", "reason": "", "max_pages": 10_000,
        "created_at": BEGAN, "started_at": BEGAN, "finished_at": None, "cancelled_at": None,
        "counts": RunCounts(requested=known, fetched=done, queued=known - done),
    }  # fmt: skip
    return Run(**values | fields)


def steady(pace: float, known: int, until: int) -> list[Sample]:
    return [Sample(after(second), known, int(pace * second)) for second in range(1, until)]


def test_a_known_list_of_pages_takes_what_its_pace_says() -> None:
    found = remaining(run(100, 40), steady(4, 100, 10), (), after(10))
    assert found.low is not None and found.high is not None
    assert 10 <= found.low <= 15 <= found.high <= 25


def test_pages_that_are_still_being_found_are_reckoned_with() -> None:
    samples = [Sample(after(second), 100 + 2 * second, 4 * second) for second in range(1, 10)]
    found = remaining(run(120, 40), samples, (), after(10))
    # 80 are known; with one new page for two visits they come to 160 visits at 4 a second.
    assert found.low is not None and 14 <= found.low <= 20 and found.high is not None and 40 <= found.high <= 60


def test_a_frontier_that_outgrows_the_visits_is_bounded_by_max_pages_or_by_nothing() -> None:
    samples = [Sample(after(second), 30 * second, 4 * second) for second in range(1, 10)]
    unbounded = remaining(run(300, 40, max_pages=1_000_000), samples, (), after(10))
    assert unbounded.low is not None and unbounded.high is None and "max_pages" in unbounded.reason
    bounded = remaining(run(300, 40, max_pages=200), samples, (), after(10))
    assert bounded.high is not None and bounded.high >= 40


def test_politeness_bounds_it_from_below() -> None:
    found = remaining(run(100, 40), steady(4, 100, 10), [HostLoad("slow", 50, 10.0), HostLoad("x", 10, 1.0)], after(10))
    assert found.low == 490.0 and found.high is not None and found.high >= 500 and "politeness" in found.reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"state": "queued", "started_at": None}, "waits to be started"),
        ({"paused_at": BEGAN}, "paused"),
        ({"state": "finishing"}, "Every page is done"),
        ({"stopped_at": BEGAN}, "under way"),
        ({"counts": RunCounts(requested=50, fetched=2, queued=48)}, "Too few"),
    ],
)
def test_what_cannot_be_said_is_not_said(fields: dict[str, Any], reason: str) -> None:
    found = remaining(run(100, 40, **fields), (), (), after(10))
    assert (found.low, found.high) == (None, None) and reason in found.reason


def test_what_is_over_takes_nothing() -> None:
    found = remaining(run(1, 1, state="completed"), (), (), after(10))
    assert (found.low, found.high) == (0.0, 0.0)


@pytest.mark.parametrize("kind", range(len(SHAPES)), ids=SHAPES)
def test_four_ranges_in_five_hold_the_true_time(kind: int) -> None:
    """Over crawls that the margins were not measured with."""
    points, unsaid = said(range(10_000 + kind, 10_150, len(SHAPES)))
    assert coverage(points) >= 0.8
    both = [(low, high, left) for low, high, left in points if high is not None and left > 1]
    assert median((high - low) / left for low, high, left in both) < 3, "a range that says something"
    assert len(both) + unsaid > 0.5 * len(points)


def test_a_pace_that_drops_is_believed() -> None:
    """The first eight seconds were quick; since then a page takes a second."""
    samples = [Sample(after(second), 100, min(40, 5 * second)) for second in range(1, 9)]
    samples += [Sample(after(8 + second), 100, 40 + second) for second in range(1, 12)]
    found = remaining(run(100, 52), samples, (), after(20))
    assert found.low is not None and found.high is not None and found.low <= 48 <= found.high
