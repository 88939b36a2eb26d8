"""Runs, trends and series: bounded, each told once, time decides."""

import pytest

from dashboards.feed.runs import RunBook
from dashboards.feed.seen import Seen
from dashboards.feed.series import SeriesBook, SeriesName
from dashboards.feed.trends import TrendBook
from schemas.events import CleanRecord
from schemas.heads import BatchHead
from tests.unit.dashboards.events import NOW, batch, head, run_event, trend


def test_a_late_event_does_not_turn_a_run_back() -> None:
    book = RunBook()
    assert book.fold(run_event("running", NOW, fetched=5, requested=5))
    assert not book.fold(run_event("running", NOW - 1, fetched=3, requested=5))
    known = book.get("run-1")
    assert known is not None and known.counts.fetched == 5


def test_a_run_that_is_over_stays_over() -> None:
    book = RunBook()
    book.fold(run_event("completed", NOW))
    assert not book.fold(run_event("running", NOW + 5))
    assert book.under_way() == 0


def test_the_end_counts_even_if_progress_is_stamped_later() -> None:
    book = RunBook()
    book.fold(run_event("running", NOW + 1))
    assert book.fold(run_event("completed", NOW))


def test_a_repeat_changes_nothing() -> None:
    book = RunBook()
    book.fold(run_event("running"))
    version = book.version
    assert not book.fold(run_event("running"))
    assert book.version == version


def test_runs_under_way_come_first_then_the_newest() -> None:
    book = RunBook()
    for name, state, ago in (("old", "completed", 50), ("going", "running", 90), ("new", "failed", 10)):
        book.fold(run_event(state, NOW - ago, run=name))
    assert [event.run_id for event in book.recent(9)] == ["going", "new", "old"]
    assert [event.run_id for event in book.recent(1)] == ["going"]


def test_old_runs_are_forgotten() -> None:
    book = RunBook(most=3)
    for number in range(10):
        book.fold(run_event("completed", NOW + number, run=f"run-{number}"))
    assert len(book) == 3
    assert [event.run_id for event in book.recent(9)] == ["run-9", "run-8", "run-7"]


def test_trends_are_ordered_by_time_and_told_once() -> None:
    book = TrendBook(most=3)
    for number, ago in ((1, 30), (2, 10), (3, 20)):
        assert book.fold(trend(number, NOW - ago))
    assert not book.fold(trend(2, NOW - 10))
    assert [found.id for found in book.newest(2)] == [trend(2).id, trend(3).id]
    assert not book.fold(trend(4, NOW - 99)), "older than all of a full book"
    assert book.fold(trend(5, NOW))
    assert book.get(trend(1).id) is None
    assert len(book) == 3
    assert book.since(NOW - 15) == 2


def test_trends_of_one_series() -> None:
    book = TrendBook()
    book.fold(trend(1, key="a"))
    book.fold(trend(2, key="b"))
    assert [found.id for found in book.of(SeriesName("shop", "b", "price"))] == [trend(2).id]


def test_series_keep_their_last_values_in_the_order_of_time() -> None:
    book = SeriesBook(values=3)
    for number, ago in enumerate((1, 4, 3, 2)):
        book.fold(head(batch(number, NOW - ago, prices=(float(ago),))))
    assert book.values(SeriesName("shop", "k0", "price")) == [(NOW - 4, 4.0), (NOW - 3, 3.0), (NOW - 2, 2.0)]
    assert book.values(SeriesName("shop", "k0", "name")) == []


def test_series_are_read_from_so_many_bytes_of_batches_and_go_on_when_more_come() -> None:
    one = sum(map(len, head(batch(1)).records))
    book, name = SeriesBook(limit=3 * one + one // 2), SeriesName("shop", "k0", "price")
    for number in range(5):
        book.fold(head(batch(number, NOW + number, prices=(number + 0.5,))))
    assert len(book) == 3
    assert book.values(name) == [(NOW + number, number + 0.5) for number in (2, 3, 4)]
    book.fold(head(batch(9, NOW + 9, prices=(9.5,))))
    assert book.values(name)[-2:] == [(NOW + 4, 4.5), (NOW + 9, 9.5)], "and what was read once is not read again"
    assert len(book.values(name)) == 4


def test_records_that_nobody_looks_at_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    book = SeriesBook()

    def noted(self: BatchHead) -> list[CleanRecord]:
        opened.append(self.id)
        return []

    monkeypatch.setattr(BatchHead, "opened", noted)
    for number in range(3):
        book.fold(head(batch(number)))
    assert not opened
    book.values(SeriesName("another", "k0", "price"))
    assert not opened
    book.values(SeriesName("shop", "k0", "price"))
    assert len(opened) == 3


def test_what_was_seen_is_remembered_within_bounds() -> None:
    seen = Seen(most=2)
    assert [seen.first_time(name) for name in ("a", "b", "a", "c", "a")] == [True, True, False, True, True]
