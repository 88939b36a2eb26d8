"""What becomes of a time that has come, by the store's clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from producers.schedule.policy import MOST_CAUGHT_UP, decide
from producers.schedule.service import opening_of
from schemas.job import JobDescription
from schemas.ledger import Opening
from schemas.recurrence import CatchUp, Overlap, Recurrence
from schemas.schedules import Decision, Due, Firing, JobToRun

START = datetime(2027, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = Recurrence(kind="cron", expression="0 * * * *")


def due(late: timedelta = timedelta(), **change: object) -> Due:
    usual = Due(
        job_id="j", recurrence=HOURLY, jitter=0.0, catch_up="last", overlap="skip", due_at=START, next_at=START,
        now=START + late, enabled=True, open=False, waiting=0,
    )  # fmt: skip
    return replace(usual, **change)  # type: ignore[arg-type]


def outcomes(decision: Decision) -> list[tuple[str, int]]:
    return [(firing.outcome, firing.times) for firing in decision.firings]


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=59)])
def test_on_time_whatever_the_policy(late: timedelta) -> None:
    policies: tuple[CatchUp, ...] = ("none", "last", "all")
    for policy in policies:
        found = decide(due(late, catch_up=policy))
        assert outcomes(found) == [("started", 1)]
        assert found.due_at == found.next_at == START + HOUR


def test_after_a_downtime_each_policy_does_what_it_says_and_tells_of_the_rest() -> None:
    late = 5 * HOUR + timedelta(minutes=30)
    nothing = decide(due(late, catch_up="none"))
    assert outcomes(nothing) == [("missed", 6)] and nothing.due_at == START + 6 * HOUR
    assert nothing.firings[0].until == START + 5 * HOUR and "scheduler" in nothing.firings[0].why
    last = decide(due(late, catch_up="last"))
    assert outcomes(last) == [("missed", 5), ("started", 1)] and last.due_at == START + 6 * HOUR
    assert last.firings[0].until == START + 4 * HOUR and last.firings[1].due_at == START + 5 * HOUR
    first = decide(due(late, catch_up="all"))
    assert outcomes(first) == [("started", 1)] and first.firings[0].due_at == START and first.due_at == START + HOUR
    one_late = decide(due(timedelta(minutes=2), catch_up="last"))
    assert outcomes(one_late) == [("started", 1)], "a single late one is the last of them"


def test_catching_up_all_ends_and_is_bounded() -> None:
    pending, started, missed = due(100 * HOUR, catch_up="all", overlap="allow"), [], 0
    while pending.due_at <= pending.now:
        decision = decide(pending)
        started += [firing.due_at for firing in decision.firings if firing.outcome == "started"]
        missed += sum(firing.times for firing in decision.firings if firing.outcome == "missed")
        assert decision.due_at and decision.next_at
        pending = replace(pending, due_at=decision.due_at, next_at=decision.next_at)
    assert missed == 101 - MOST_CAUGHT_UP
    assert started == [START + hour * HOUR for hour in range(101 - MOST_CAUGHT_UP, 101)]


def test_years_of_downtime_are_decided_at_once() -> None:
    each_minute = Recurrence(kind="cron", expression="* * * * *")
    found = decide(due(timedelta(days=3650), recurrence=each_minute))
    assert [firing.outcome for firing in found.firings] == ["missed", "started"]
    assert found.firings[1].due_at == START + timedelta(days=3650) and found.firings[0].times >= 10_000
    assert found.due_at == START + timedelta(days=3650, minutes=1)


@pytest.mark.parametrize(
    ("overlap", "waiting", "outcome"),
    [("skip", 0, "skipped"), ("allow", 0, "started"), ("queue", 0, "waiting"), ("queue", MOST_CAUGHT_UP, "skipped")],
)
def test_an_open_run_is_in_the_way_as_the_job_says(overlap: Overlap, waiting: int, outcome: str) -> None:
    (firing,) = decide(due(overlap=overlap, open=True, waiting=waiting)).firings
    assert firing.outcome == outcome and (outcome == "started") is not bool(firing.why)


def test_who_waits_is_not_overtaken() -> None:
    assert outcomes(decide(due(overlap="queue", open=False, waiting=1))) == [("waiting", 1)]


def test_a_disabled_job_is_told_of_and_moves_on() -> None:
    found = decide(due(enabled=False))
    assert outcomes(found) == [("skipped", 1)] and found.due_at == START + HOUR and "disabled" in found.firings[0].why


def test_once_is_over_after_once() -> None:
    once = Recurrence(kind="once", expression=START.isoformat())
    assert decide(due(recurrence=once)) == Decision(
        firings=[Firing(due_at=START, until=START, outcome="started")], due_at=None, next_at=None
    )


def test_jitter_counts_when_lateness_is_told() -> None:
    shifted = START + timedelta(minutes=50)
    found = decide(due(timedelta(minutes=50, seconds=30), next_at=shifted, jitter=3300.0, catch_up="none"))
    assert outcomes(found) == [("started", 1)] and found.due_at == START + HOUR
    assert found.next_at and found.due_at <= found.next_at < START + 2 * HOUR


def test_a_run_is_opened_as_the_job_is_described_now_or_not_at_all() -> None:
    described = JobDescription.model_validate(
        {"url": "http://shop.test/", "name": "shop", "options": {"priority": "high", "max_pages": 7}}
    ).model_dump(mode="json")
    opening = opening_of(JobToRun(job_id="j", owner="o", name="Shop", description=described), "r")
    assert isinstance(opening, Opening)
    assert (opening.run_id, opening.dataset, opening.priority, opening.max_pages) == ("r", "shop", 1, 7)
    refused = opening_of(JobToRun(job_id="j", owner="o", name="Shop", description={"urls": []}), "r")
    assert isinstance(refused, str) and "no longer valid" in refused
