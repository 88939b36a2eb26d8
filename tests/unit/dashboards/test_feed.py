"""Messages in, figures out."""

from typing import Any

from dashboards.feed.feed import STALE_S, Feed
from schemas import codec
from schemas.events import Event, MetricSample
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, topic_of
from tests.unit.dashboards.events import NOW, batch, outcome, run_event, trend


def message(event: Event, offset: int, at: float = NOW, partition: int = 0) -> Message:
    return Message(topic_of(type(event)), partition, offset, None, codec.encode(event), (), int(at * 1000))


def test_events_land_in_the_second_in_which_they_were_published() -> None:
    feed = Feed(NOW)
    feed.take(message(outcome(1, NOW - 9), 0, NOW - 5), NOW)
    feed.take(message(outcome(2, NOW - 9), 1, NOW - 5), NOW)
    feed.take(message(batch(1, NOW - 9, prices=(1.0, 2.0, 3.0)), 0, NOW - 4), NOW)
    assert feed.pages.window(int(NOW), 7).tolist() == [0, 2, 0, 0, 0, 0, 0]
    assert feed.records.window(int(NOW), 7).tolist() == [0, 0, 3, 0, 0, 0, 0]


def test_a_clock_that_runs_ahead_does_not_count_in_the_future() -> None:
    feed = Feed(NOW)
    feed.take(message(outcome(1), 0, NOW + 900), NOW)
    assert feed.pages.window(int(NOW), 1).tolist() == [1]


def test_partitions_may_come_in_any_order() -> None:
    feed, other = Feed(NOW), Feed(NOW)
    told = [message(outcome(number, NOW - 20), number // 3, NOW - 20 + number, number % 3) for number in range(12)]
    for part in told:
        feed.take(part, NOW)
    for partition in (2, 0, 1):
        for part in told:
            if part.partition == partition:
                other.take(part, NOW)
    assert feed.pages.window(int(NOW), 30).tolist() == other.pages.window(int(NOW), 30).tolist()


def test_what_was_read_before_or_published_twice_counts_once() -> None:
    feed = Feed(NOW)
    feed.take(message(outcome(1), 7), NOW)
    feed.take(message(outcome(1), 7), NOW)
    feed.take(message(outcome(1), 8), NOW)
    feed.take(message(batch(1), 3), NOW)
    feed.take(message(batch(1), 4), NOW)
    assert feed.pages.window(int(NOW), 1).tolist() == [1]
    assert feed.records.window(int(NOW), 1).tolist() == [1]


def test_a_topic_that_was_made_anew_is_read_on() -> None:
    feed = Feed(NOW)
    feed.take(message(outcome(1), 500, NOW - 60), NOW)
    feed.take(message(outcome(2), 0, NOW), NOW)
    assert feed.pages.window(int(NOW), 61).sum() == 2


def test_a_retry_is_no_page() -> None:
    feed = Feed(NOW)
    feed.take(message(outcome(1, final=False, klass="failed", name="timeout"), 0), NOW)
    assert feed.pages.window(int(NOW), 1).sum() == 0


def test_a_visit_counts_when_it_was_made_and_only_if_it_was() -> None:
    feed = Feed(NOW)
    feed.take(message(outcome(1, NOW - 3), 0), NOW)
    feed.take(message(outcome(2, NOW - 3, final=False, klass="failed", name="timeout"), 1), NOW)
    feed.take(message(outcome(3, klass="filtered", name="cancelled", ms=0, fetched_at=""), 2), NOW)
    assert feed.visits.window(int(NOW), 5).tolist() == [0, 2, 0, 0, 0]


def test_a_stage_that_rests_is_known_to_rest() -> None:
    feed = Feed(NOW)
    for number in (1, 2):
        rested = MetricSample(id=str(number), process="trends", instance="a", at="",
                              values={'trawl_records_total{stage="trends"}': 0})  # fmt: skip
        feed.take(message(rested, number, NOW + number), NOW + 3)
    known = feed.stages.known("trends", "records")
    assert known is not None
    assert known.rate(NOW + 3) == 0


def test_what_is_no_event_is_counted_and_passed_over() -> None:
    feed = Feed(NOW)
    feed.take(Message(PAGE_OUTCOMES, 0, 0, None, b"{no json", (), 0), NOW)
    feed.take(Message(CLEAN_RECORDS, 0, 0, None, None, (), 0), NOW)
    feed.take(message(outcome(1), 1), NOW)
    assert feed.unreadable == 2
    assert feed.pages.window(int(NOW), 1).sum() == 1


def test_each_kind_of_event_reaches_its_book() -> None:
    feed = Feed(NOW)
    for event in (run_event("running"), outcome(1), batch(1), trend(1)):
        feed.take(message(event, 0), NOW)
    assert (len(feed.runs), len(feed.details), len(feed.series), len(feed.trends)) == (1, 1, 1, 1)


def test_stages_tell_what_they_do() -> None:
    feed = Feed(NOW)
    for number in range(10):
        at = NOW - 10 + number
        sample = MetricSample(id=str(number), process="warehouse", instance="a", at="",
                              values={'trawl_records_total{stage="warehouse"}': number * 20.0})  # fmt: skip
        feed.take(message(sample, number, at), NOW)
    ring = feed.stages.known("warehouse", "records")
    assert ring is not None
    assert ring.window(int(NOW) - 2, 5).tolist() == [20] * 5
    assert feed.stages.known("warehouse", "pages") is None


def test_the_lag_is_grouped_by_stage() -> None:
    feed = Feed(NOW)
    feed.waits([("trawl-warehouse", "trends", 2), ("trawl-warehouse", "clean-records", 40), ("someone", "x", 1)], NOW)
    assert feed.stages.total_waiting == 43
    grouped = feed.stages.by_stage()
    assert [(entry.topic, entry.messages) for entry in grouped["warehouse"]] == [("clean-records", 40), ("trends", 2)]
    assert list(feed.stages.readings) == [(NOW, 43)]


def test_silence_makes_it_stale() -> None:
    feed = Feed(NOW)
    assert not feed.live(NOW)
    feed.waits([], NOW)
    assert feed.live(NOW + STALE_S)
    assert not feed.live(NOW + STALE_S + 1)


def test_listeners_hear_each_tick_until_they_leave() -> None:
    feed = Feed(NOW)
    heard: list[Any] = []
    leave = feed.subscribe(heard.append)
    feed.tick(NOW)
    leave()
    leave()
    feed.tick(NOW + 1)
    assert heard == [NOW]
