"""The demo's sums: each way in which they may fail to close is said."""

from typing import Any

import pytest

from cli.demonstration.accounts import Stored, differences, open_sums


def run(state: str = "completed", **counts: int) -> dict[str, Any]:
    zero = dict.fromkeys(
        ("requested", "fetched", "failed", "filtered", "extracted", "stored", "rejected", "dropped"), 0
    )
    return {"run_id": "0123456789", "state": state, "reason": "", "counts": zero | counts}


def test_closed_sums_say_nothing() -> None:
    closed = run(requested=10, fetched=7, failed=2, filtered=1, extracted=9, stored=7, rejected=1, dropped=1)
    assert open_sums([closed]) == []


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"requested": 10, "fetched": 9}, "10 URLs requested, 9 ended"),
        ({"extracted": 5, "stored": 4}, "5 records extracted, 4 accounted for"),
        ({"extracted": 5, "stored": 6}, "5 records extracted, 6 accounted for"),
    ],
)
def test_what_does_not_add_up_is_named(counts: dict[str, int], said: str) -> None:
    [sentence] = open_sums([run(**counts)])
    assert said in sentence


def test_a_run_that_is_not_completed_is_named_with_its_reason() -> None:
    [sentence] = open_sums([run("failed") | {"reason": "nothing fetched"}])
    assert "failed, not completed: nothing fetched" in sentence


def test_rows_twice_and_rows_missing_are_named() -> None:
    stored = [Stored(dataset="shop", rows=1001, distinct=1000), Stored(dataset="deals", rows=99, distinct=99)]
    said = differences(stored, {"shop": 1000, "deals": 100})
    assert said == [
        "shop: 1001 rows in ClickHouse, but 1000 distinct ids",
        "shop: 1001 rows in ClickHouse, the site served 1000",
        "deals: 99 rows in ClickHouse, the site served 100",
    ]
