"""The demo's sums: each way in which they may fail to close is said."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.demonstration.accounts import Stored, differences, open_sums
from schemas.events.runs import RunCounts, RunState
from schemas.ledger import Run

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def run(counts: RunCounts, state: RunState = "completed", reason: str = "") -> Run:
    return Run(
        id="0123456789", job_id="j", owner="o", dataset="shop", state=state, reason=reason, max_pages=10,
        created_at=NOW, started_at=NOW, finished_at=NOW, cancelled_at=None, counts=counts,
    )  # fmt: skip


CLOSED = RunCounts(requested=10, fetched=9, filtered=1, extracted=9, stored=7, rejected=1, dropped=1)


def test_closed_sums_say_nothing() -> None:
    assert open_sums([run(CLOSED)]) == []


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (RunCounts(requested=10, fetched=9), "10 URLs requested, 9 ended"),
        (RunCounts(requested=10, fetched=9, failed=1), "1 URLs failed"),
        (RunCounts(extracted=5, stored=4), "5 records extracted, 4 accounted for"),
        (RunCounts(extracted=5, stored=6), "5 records extracted, 6 accounted for"),
    ],
)
def test_what_does_not_add_up_is_named(counts: RunCounts, said: str) -> None:
    [sentence] = open_sums([run(counts)])
    assert said in sentence


def test_a_run_that_is_not_completed_is_named_with_its_reason() -> None:
    [sentence] = open_sums([run(CLOSED, state="failed", reason="nothing fetched")])
    assert "failed, not completed: nothing fetched" in sentence


def test_rows_twice_and_rows_missing_are_named() -> None:
    stored = [Stored(dataset="shop", rows=1001, distinct=1000), Stored(dataset="deals", rows=99, distinct=99)]
    runs = [of("shop", 1001), of("deals", 49), of("deals", 50)]
    assert differences(stored, runs, {"shop": 1000, "deals": 100}) == [
        "shop: 1001 rows in ClickHouse, but 1000 distinct ids",
        "shop: 1001 rows in ClickHouse, the site served 1000",
        "deals: 99 rows in ClickHouse, the site served 100",
    ]


def of(dataset: str, stored: int) -> Run:
    return replace(run(RunCounts(extracted=stored, stored=stored)), dataset=dataset)


@pytest.mark.parametrize("counted", [[], [of("shop", 999)], [of("shop", 500), of("shop", 501)], [of("deals", 1000)]])
def test_what_postgresql_counted_is_held_against_what_clickhouse_holds(counted: list[Run]) -> None:
    stored = [Stored(dataset="shop", rows=1000, distinct=1000)]
    assert differences(stored, [of("shop", 400), of("shop", 600)], {"shop": 1000}) == []
    said = sum(entry.counts.stored for entry in counted if entry.dataset == "shop")
    [sentence] = differences(stored, counted, {"shop": 1000})
    assert sentence == f"shop: 1000 rows in ClickHouse, {said} stored say the runs in PostgreSQL"
