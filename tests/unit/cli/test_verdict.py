"""The demo's judgement: what counts as found, what as false."""

from cli.demonstration.verdict import Alarm, Planted, judge


def planted(sku: str = "A", visit: int = 70) -> Planted:
    return Planted(sku=sku, kind="drop", visit=visit, before=100.0, after=90.0)


def alarm(sku: str = "A", visit: int = 71, field: str = "price") -> Alarm:
    return Alarm(sku=sku, field=field, visit=visit, kind="shift", direction="down", change=-0.1)


def test_an_alarm_at_the_visit_itself_finds_the_event() -> None:
    verdict = judge([planted(visit=70)], [alarm(visit=70)])
    assert verdict.found == 1
    assert verdict.holds
    assert verdict.others == ()


def test_an_early_alarm_is_false_and_spoils_the_event_even_if_a_later_one_comes() -> None:
    verdict = judge([planted(visit=70)], [alarm(visit=72), alarm(visit=60)])
    assert verdict.found == 0
    assert [other.visit for other in verdict.others] == [60, 72]
    assert not verdict.holds


def test_alarms_of_unplanted_series_are_others_and_one_is_forgiven() -> None:
    one = judge([planted()], [alarm(), alarm(sku="B")])
    two = judge([planted()], [alarm(), alarm(sku="B"), alarm(sku="C")])
    assert (one.holds, len(one.others)) == (True, 1)
    assert (two.holds, len(two.others)) == (False, 2)


def test_an_alarm_on_another_field_of_the_same_product_finds_nothing() -> None:
    verdict = judge([planted()], [alarm(field="rating")])
    assert verdict.found == 0
    assert len(verdict.others) == 1


def test_a_second_alarm_of_a_found_series_is_an_other() -> None:
    verdict = judge([planted(visit=70)], [alarm(visit=75), alarm(visit=71)])
    assert verdict.pairs[0][1] == alarm(visit=71)
    assert verdict.others == (alarm(visit=75),)


def test_a_missed_event_stands_in_the_table_without_an_alarm() -> None:
    verdict = judge([planted("A", 80), planted("B", 70)], [alarm("A", 85)])
    assert [(event.sku, found is not None) for event, found in verdict.pairs] == [("B", False), ("A", True)]
    assert not verdict.holds
