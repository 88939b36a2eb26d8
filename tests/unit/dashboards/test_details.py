"""A run's sums: what the feed counts and what the store remembers meet at a seam, and nothing counts twice."""

import random

from dashboards.feed.details import RunDetails
from dashboards.feed.tally import LAST_PAGES, LatestRecord, Tally, remembered
from schemas.events import PageOutcome
from schemas.moments import epoch
from tests.unit.dashboards.events import NOW, batch, head, outcome


def test_only_what_was_fetched_after_the_seam_is_counted_here() -> None:
    details = RunDetails(NOW)
    details.page(outcome(1, NOW - 1), NOW + 5)
    details.page(outcome(2, NOW), NOW + 5)
    details.batch(head(batch(1, NOW - 1)), NOW + 5)
    details.batch(head(batch(2, NOW + 1, prices=(1.0, 2.0))), NOW + 5)
    live = details.get("run-1", NOW).live
    assert live.outcomes == {("fetched", "fetched"): 1}
    assert len(live.records) == 2


def test_a_page_that_was_never_visited_counts_when_it_is_told() -> None:
    details = RunDetails(NOW)
    details.page(outcome(1, klass="filtered", name="cancelled", fetched_at=""), NOW + 1)
    assert details.get("run-1", NOW).live.outcomes == {("filtered", "cancelled"): 1}


def test_feed_and_store_together_count_every_page_once_even_when_details_are_forgotten() -> None:
    chance = random.Random(11)
    details = RunDetails(NOW, most=3)
    pages = []
    for number in range(600):
        at = NOW - 100 + number / 2
        pages.append((at, outcome(number, at, run=f"run-{chance.randrange(7)}")))
    folded_at = NOW
    for at, page in pages:
        folded_at = max(NOW, at + 0.3)
        details.page(page, folded_at)
    for run in (f"run-{number}" for number in range(7)):
        detail = details.get(run, folded_at)
        stored = [page for _, page in pages if page.run_id == run and (epoch(page.fetched_at) or 0) < detail.seam]
        whole = of(stored).plus(detail.live)
        assert sum(whole.outcomes.values()) == sum(page.run_id == run for _, page in pages), run


def of(pages: list[PageOutcome]) -> Tally:
    tally = Tally()
    for page in pages:
        tally.add_page(page)
    return tally


def test_a_visit_that_is_tried_again_is_no_outcome() -> None:
    tally = of([outcome(1, final=False, klass="failed", name="timeout"), outcome(1)])
    assert tally.outcomes == {("fetched", "fetched"): 1}
    assert tally.retries == 1
    assert len(tally.pages) == 2


def test_the_slowest_host_comes_first() -> None:
    tally = of([outcome(1, host="fast", ms=10), outcome(2, host="slow", ms=900), outcome(3, host="slow", ms=100),
                outcome(4, host="fast", ms=30)])  # fmt: skip
    slowest = tally.slowest(5)
    assert [(host, pace.visits, pace.mean_ms, pace.worst_ms) for host, pace in slowest] == [
        ("slow", 2, 500, 900),
        ("fast", 2, 20, 30),
    ]


def test_hosts_and_last_pages_are_bounded() -> None:
    tally = of([outcome(number, host=f"host-{number}") for number in range(1000)])
    assert len(tally.hosts) == 200
    assert [page.host for page in tally.pages] == [f"host-{number}" for number in range(1000 - LAST_PAGES, 1000)]


def test_a_store_s_memory_is_added_below_what_is_live() -> None:
    record = LatestRecord("", "", "shop", "old", {})
    before = remembered([("fetched", "fetched", True, 90), ("failed", "timeout", False, 4)],
                        [("example.org", 10, 1000.0, 300.0)], [outcome(1)], [record], [(int(NOW), 90, 50)])  # fmt: skip
    live = of([outcome(2, NOW + 1, ms=500)])
    whole = before.plus(live)
    assert whole.outcomes == {("fetched", "fetched"): 91}
    assert whole.retries == 4
    assert whole.hosts["example.org"].visits == 11
    assert whole.hosts["example.org"].worst_ms == 500
    assert [page.id for page in whole.pages] == [outcome(1).id, outcome(2).id]
    assert sum(pages for _, pages, _ in whole.pace) == 91
    assert before.outcomes == {("fetched", "fetched"): 90}, "neither of the two changes"
