"""Schedules on the clocks of the world: against every minute of the days on which they are changed."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from schemas.job.schedule import Schedule
from schemas.recurrence import Recurrence, cron, jittered


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def local(expression: str, zone: str, start: str, count: int) -> list[str]:
    """The next times as the clocks of the zone show them, each with its offset."""
    times = Recurrence(kind="cron", expression=expression, zone=zone).times(at(start))
    return [found.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") for found in islice(times, count)]


@pytest.mark.parametrize(
    ("zone", "start", "expression", "shown"),
    [
        # Spring: what the clocks skip happens as soon as it is over, once.
        ("Europe/Berlin", "2027-03-27T12:00Z", "30 2 * * *", ["2027-03-28T03:00+02:00", "2027-03-29T02:30+02:00"]),
        ("Europe/Berlin", "2027-03-27T12:00Z", "0 2,3 * * *", ["2027-03-28T03:00+02:00", "2027-03-29T02:00+02:00"]),
        ("America/New_York", "2027-03-14T05:00Z", "15 2 * * *", ["2027-03-14T03:00-04:00", "2027-03-15T02:15-04:00"]),
        ("Australia/Lord_Howe", "2026-10-03T12:00Z", "15 2 * * *",
         ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"]),
        # Autumn: what the clocks show twice happens the first time.
        ("Europe/Berlin", "2026-10-24T12:00Z", "30 2 * * *", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        ("America/New_York", "2026-10-31T12:00Z", "30 1 * * *", ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"]),
        ("Australia/Lord_Howe", "2027-04-03T12:00Z", "45 1 * * *",
         ["2027-04-04T01:45+11:00", "2027-04-05T01:45+10:30"]),
        # By elapsed time where an hour is `*`: the hour that is there twice counts twice.
        ("Europe/Berlin", "2026-10-25T00:30Z", "0 * * * *",
         ["2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"]),
        ("Europe/Berlin", "2027-03-28T00:30Z", "0 * * * *", ["2027-03-28T03:00+02:00", "2027-03-28T04:00+02:00"]),
    ],
)  # fmt: skip
def test_both_changes_of_the_clocks(zone: str, start: str, expression: str, shown: list[str]) -> None:
    assert local(expression, zone, start, 2) == shown


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"])
@pytest.mark.parametrize(
    "expression", ["*/20 * * * *", "0 2,3 * * *", "30 1,2 * * *", "15 * * * *", "10-50/20 2 * * *"]
)
def test_asked_at_any_moment_the_answer_is_the_same_and_later(zone: str, expression: str) -> None:
    recurrence = Recurrence(kind="cron", expression=expression, zone=zone)
    for day in ("2027-03-13", "2027-03-27", "2026-10-24", "2026-10-31", "2026-10-03", "2027-04-03"):
        start = at(f"{day}T00:00Z")
        whole = list(islice(recurrence.times(start), 150))
        assert all(earlier < later for earlier, later in pairwise(whole))
        for minutes in range(0, 48 * 60, 7):
            moment = start + timedelta(minutes=minutes)
            found = recurrence.after(moment)
            assert found and found > moment
            if moment < whole[-1]:
                assert found == next(time for time in whole if time > moment), (moment, found)


def test_intervals_count_from_their_anchor_and_never_from_before_it() -> None:
    anchor = at("2026-10-25T00:10:07Z")
    every = Recurrence(kind="interval", expression="21600.0", anchor=anchor)
    assert every.after(anchor - timedelta(days=9)) == every.after(anchor) == anchor + timedelta(hours=6)
    assert every.after(anchor + timedelta(days=400, seconds=1)) == anchor + timedelta(days=400, hours=6)


def test_once_is_once() -> None:
    once = Schedule.model_validate({"at": "2027-01-01T06:00:00", "timezone": "America/New_York"}).recurrence(
        at("2026-01-01T00:00Z")
    )
    assert list(once.times(at("2026-01-01T00:00Z"))) == [at("2027-01-01T11:00Z")]
    assert once.after(at("2027-01-01T11:00Z")) is None


@pytest.mark.parametrize(
    "text",
    ["0 0 30 2 *", "0 0 31 4,6 *", "* * * *", "60 * * * *", "* * * * * *", "*/0 * * * *", "5-1 * * * *", "", "\x00",
             "9" * 5000 + " * * * *", "0 0 LW-3/2 * *", "@reboot", "0 2 * * MON#6", "每 * * * *", "0 ⁵ * * *"],
)  # fmt: skip
def test_what_is_no_cron_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cron|date"):
        cron(text)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0 2 * * *", {"cron": "0 2 * * *", "timezone": "UTC"}),
        (" 0  2 * * mon-fri ", {"cron": "0 2 * * MON-FRI"}),
        ({"cron": "@daily", "time_zone": "Europe/Berlin"}, {"cron": "0 0 * * *", "timezone": "Europe/Berlin"}),
        ({"interval": "90m", "overlap": "queue"}, {"interval": 5400.0, "overlap": "queue", "catch_up": "last"}),
        ({"at": "2027-07-01T06:00:00", "tz": "Europe/Berlin"}, {"at": "2027-07-01T04:00:00Z"}),
    ],
)
def test_each_form_of_a_schedule(given: Any, kept: dict[str, Any]) -> None:
    found = Schedule.model_validate(given).model_dump(mode="json")
    assert {name: found[name] for name in kept} == kept
    assert Schedule.model_validate(found).model_dump(mode="json") == found, "what is kept is read again"


@pytest.mark.parametrize(
    "given",
    [{}, {"cron": "0 2 * * *", "interval": 60}, {"interval": 59}, {"interval": "1y"}, {"interval": float("nan")},
     {"cron": "0 2 * * *", "timezone": "Mars/Olympus"}, {"cron": "0 2 * * *", "timezone": "../../etc/passwd"},
     {"at": "0001-01-01T00:00:00", "timezone": "Asia/Tokyo"}, {"at": "soon"}, {"cron": "0 2 * * *", "jitter": -1},
     {"cron": "0 2 * * *", "catch_up": "some"}, {"cron": "0 2 * * *", "every": 2}, 5, ["0 2 * * *"]],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        Schedule.model_validate(given)


def test_jitter_is_the_same_for_each_firing_and_keeps_their_order() -> None:
    due = at("2027-01-01T00:00Z")
    following = due + timedelta(seconds=60)
    shifts = {jittered(f"job {n}", due, following, 3600.0) - due for n in range(50)}
    assert len(shifts) == 50 and all(timedelta() <= shift < following - due for shift in shifts)
    assert jittered("job", due, None, 3600.0) == jittered("job", due, None, 3600.0)
    assert jittered("job", due, following, 0.0) == due
