"""A job's schedule follows from its description: written in the transaction that writes that."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.job.schedule import Schedule
from schemas.recurrence import Recurrence, jittered


async def settle(connection: Connection, job_id: str, description: Mapping[str, Any]) -> None:
    """Makes, changes or removes the job's schedule as its description says. One that is as it was goes on as it was:
    an interval keeps its rhythm, and nothing is fired twice."""
    named, job = queries("schedules"), {"job_id": job_id}
    given = description.get("schedule")
    if given is None:
        await connection.execute(named["drop"], job)
        return
    schedule = Schedule.model_validate(given)
    now = await clock(connection)
    recurrence = schedule.recurrence(now)
    wanted = {
        "kind": recurrence.kind,
        "expression": recurrence.expression,
        "zone": recurrence.zone,
        "jitter": schedule.jitter,
        "catch_up": schedule.catch_up,
        "overlap": schedule.overlap,
    }
    held = await (await connection.execute(named["held"], job)).fetchone()
    if held is not None and all(held[name] == value for name, value in wanted.items()):
        return
    if held is not None and (held["kind"], held["expression"]) == ("interval", recurrence.expression):
        recurrence = schedule.recurrence(held["anchor"])
    times = following(job_id, recurrence, schedule.jitter, now)
    await connection.execute(named["put"], wanted | job | times | {"anchor": recurrence.anchor})
    if schedule.at is not None and schedule.at <= now:
        why = "The moment had passed when the schedule was made."
        told = {
            "due_at": schedule.at,
            "until": schedule.at,
            "times": 1,
            "outcome": "missed",
            "why": why,
            "run_id": None,
        }
        await connection.execute(named["fired"], job | told)


async def clock(connection: Connection) -> datetime:
    """The moment of this transaction, by the clock that all schedulers share."""
    row = await (await connection.execute(queries("schedules")["clock"])).fetchone()
    assert row is not None
    found: datetime = row["now"]
    return found


def following(job_id: str, recurrence: Recurrence, jitter: float, now: datetime) -> dict[str, datetime | None]:
    """The next time after `now`, and that with its jitter."""
    due = recurrence.after(now)
    if due is None:
        return {"due_at": None, "next_at": None}
    return {"due_at": due, "next_at": jittered(job_id, due, recurrence.after(due), jitter)}
