"""How far stages are behind, from what looks at the broker saw."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from api.ports import Behind
from api.services.lag import ALERT_S, LagHistory, LagWatch
from tests.unit.api.eventually import eventually


class Place(NamedTuple):
    group: str
    topic: str
    partition: int
    acknowledged: int
    end: int


class Away(Exception):
    pass


def test_the_oldest_message_waits_since_its_end_was_first_seen() -> None:
    history = LagHistory()
    assert history.seen([Place("trawl-trends", "t", 0, 5, 5)], 0.0) == [Behind("trends", "t", 0, 0.0)]
    assert history.seen([Place("trawl-trends", "t", 0, 5, 9)], 10.0) == [Behind("trends", "t", 4, 0.0)]
    assert history.seen([Place("trawl-trends", "t", 0, 5, 20)], 25.0) == [Behind("trends", "t", 15, 15.0)]
    assert history.seen([Place("trawl-trends", "t", 0, 9, 20)], 30.0) == [Behind("trends", "t", 11, 5.0)]
    assert history.seen([Place("trawl-trends", "t", 0, 20, 20)], 31.0) == [Behind("trends", "t", 0, 0.0)]


def test_partitions_add_up_and_the_oldest_counts_and_strangers_do_not() -> None:
    history = LagHistory()
    places = [Place("trawl-cleaning", "t", 0, 0, 3), Place("trawl-cleaning", "t", 1, 0, 0), Place("mine", "t", 1, 0, 9)]
    history.seen(places, 0.0)
    places[1] = Place("trawl-cleaning", "t", 1, 0, 4)
    assert history.seen(places, 7.0) == [Behind("cleaning", "t", 7, 7.0)]


def test_two_groups_on_one_topic_have_ages_of_their_own() -> None:
    history = LagHistory()
    history.seen([Place("trawl-trends", "t", 0, 0, 4), Place("trawl-warehouse", "t", 0, 4, 4)], 0.0)
    found = history.seen([Place("trawl-trends", "t", 0, 1, 4), Place("trawl-warehouse", "t", 0, 4, 4)], 8.0)
    assert found == [Behind("trends", "t", 3, 8.0), Behind("warehouse", "t", 0, 0.0)]


def test_what_is_remembered_is_bounded() -> None:
    history = LagHistory()
    for number in range(5000):
        history.seen([Place("trawl-trends", "t", 0, 0, number)], float(number))
    (lag,) = history.seen([Place("trawl-trends", "t", 0, 0, 5000)], 5000.0)
    assert lag.seconds == 719.0, "at least so much; what was before is forgotten"


async def test_it_is_said_once_with_advice_and_that_it_is_over() -> None:
    now, places, told = [0.0], [Place("trawl-trends", "t", 0, 0, 8)], list[Behind]()

    async def positions() -> Sequence[Place]:
        if not places:
            raise Away("the broker is away")
        return places

    watch = LagWatch(positions, told.append, (Away,), lambda: now[0])
    with capture_logs() as logs:
        for moment in (0.0, ALERT_S - 1, ALERT_S, ALERT_S + 5, ALERT_S + 10):
            now[0] = moment
            await watch.look()
        assert watch.behind == [Behind("trends", "t", 8, ALERT_S + 10)] == told[-1:]
        places.clear()
        await watch.look()
        assert watch.behind, "a broker that is away says nothing new"
        places.append(Place("trawl-trends", "t", 0, 8, 8))
        await watch.look()
    assert not watch.behind
    said = [entry["event"] for entry in logs]
    assert said == ["stage_behind", "lag_unknown", "stage_caught_up"]
    assert "trawl trends" in logs[0]["advice"] and logs[0]["seconds"] == ALERT_S


async def test_a_look_that_fails_of_itself_is_logged_and_the_next_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.lag.LOOK_EVERY_S", 0.001)
    told = list[Behind]()
    answers = iter([8, None, 9])

    async def positions() -> Sequence[Place]:
        end = next(answers, 9)
        if end is None:
            raise ValueError("an answer of no shape")
        return [Place("trawl-trends", "t", 0, 5, end)]

    with capture_logs() as logs:
        async with LagWatch(positions, told.append, (Away,)).watching():
            await eventually(lambda: told and told[-1].messages == 4)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("lag_unknown", "error")]
