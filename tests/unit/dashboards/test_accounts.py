"""Sums that close, and sums that do not."""

from dashboards.pages.accounts import accounts
from dashboards.pages.rows import progress
from schemas.events import RunCounts


def test_a_run_that_adds_up() -> None:
    pages, records = accounts(RunCounts(requested=100, queued=40, issued=5, fetched=50, failed=3, filtered=2,
                                        extracted=900, stored=800, rejected=50, dropped=20))  # fmt: skip
    assert (pages.total, pages.over) == (100, 0)
    assert sum(number for _, number in pages.parts) == 100
    assert (records.total, records.over) == (900, 0)
    assert dict(records.parts)["on their way"] == 30


def test_sums_that_are_off_say_by_how_much() -> None:
    pages, records = accounts(RunCounts(requested=100, fetched=90, extracted=10, stored=13))
    assert pages.over == -10
    assert records.over == 3


def test_progress_is_in_shares_of_what_was_requested() -> None:
    shares = progress(RunCounts(requested=200, queued=100, issued=10, fetched=80, failed=6, filtered=4))
    assert shares == {"fetched": 40.0, "failed": 3.0, "filtered": 2.0, "issued": 5.0}
    assert progress(RunCounts()) == {"fetched": 0.0, "failed": 0.0, "filtered": 0.0, "issued": 0.0}
