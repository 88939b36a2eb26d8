"""Rates from counters that only grow, and sometimes begin anew."""

from dashboards.feed.counters import Counters, Increase
from schemas.events import MetricSample

RECORDS = 'trawl_records_total{stage="cleaning"}'
MESSAGES = 'trawl_messages_total{topic="raw-records",stage="cleaning"}'


def sample(at: float, instance: str = "1", **values: float) -> tuple[MetricSample, float]:
    names = {"records": RECORDS, "messages": MESSAGES, "other": 'python_gc_total{generation="0"}', "bare": "up"}
    named = {names[key]: value for key, value in values.items()}
    return MetricSample(id=str(at), process="cleaning", instance=instance, at="", values=named), at


def test_the_first_sample_says_nothing_yet() -> None:
    assert Counters().take(*sample(10, records=500)) == []


def test_growth_is_told_with_its_time() -> None:
    counters = Counters()
    counters.take(*sample(10, records=500, messages=5, other=1, bare=1))
    grown = counters.take(*sample(12, records=700, messages=6, other=9, bare=9))
    assert grown == [
        Increase("cleaning", "records", 10, 12, 200),
        Increase("cleaning", "messages", 10, 12, 1),
    ]


def test_a_counter_that_fell_began_anew() -> None:
    counters = Counters()
    counters.take(*sample(10, records=500))
    assert counters.take(*sample(11, records=30)) == [Increase("cleaning", "records", 10, 11, 30)]


def test_a_sample_that_comes_late_or_again_changes_nothing() -> None:
    counters = Counters()
    counters.take(*sample(10, records=1))
    counters.take(*sample(12, records=5))
    assert counters.take(*sample(11, records=3)) == []
    assert counters.take(*sample(12, records=5)) == []
    assert counters.take(*sample(13, records=6)) == [Increase("cleaning", "records", 12, 13, 1)]


def test_a_stage_that_rests_tells_so() -> None:
    counters = Counters()
    counters.take(*sample(10, records=5))
    assert counters.take(*sample(11, records=5)) == [Increase("cleaning", "records", 10, 11, 0)]


def test_instances_are_told_apart_and_bounded() -> None:
    counters = Counters(most=2)
    counters.take(*sample(10, "a", records=1))
    counters.take(*sample(10, "b", records=100))
    assert counters.take(*sample(11, "a", records=2)) == [Increase("cleaning", "records", 10, 11, 1)]
    counters.take(*sample(11, "c", records=1))
    assert counters.take(*sample(12, "b", records=200)) == [], "the one that was silent longest was forgotten"


def test_a_counter_that_appears_later_grew_from_zero() -> None:
    counters = Counters()
    counters.take(*sample(10, messages=1))
    assert Increase("cleaning", "records", 10, 11, 8) in counters.take(*sample(11, messages=1, records=8))
