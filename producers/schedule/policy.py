"""What becomes of a time that has come: pure, the store's clock and what it knows are arguments."""

from collections import deque
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Final

from schemas.recurrence import Recurrence, jittered
from schemas.schedules import DISABLED, Decision, Due, Firing

GRACE_S: Final = 60.0
"""So late a firing is still on time."""

MOST_CAUGHT_UP: Final = 20
"""Of `catch_up: all`, and of firings that wait for the end of a run."""

_MOST_COUNTED: Final = 10_000


def decide(due: Due) -> Decision:
    """On time: this firing. Late: what the job's `catch_up` says of all that has passed, the rest being missed."""
    if (due.now - due.next_at).total_seconds() <= GRACE_S:
        return _decided(due, [_fired(due, due.due_at)], due.due_at)
    passed, count = _passed(due)
    keep = {"none": 0, "last": 1, "all": MOST_CAUGHT_UP}[due.catch_up]
    kept = passed[-keep:] if keep else []
    firings = []
    if count > len(kept):
        until = next((one for one in reversed(passed) if not kept or one < kept[0]), due.due_at)
        missed = count - len(kept)
        why = f"No scheduler was there to start {'it' if missed == 1 else 'them'} in time."
        firings.append(Firing(due_at=due.due_at, until=until, times=missed, outcome="missed", why=why))
    if kept:
        firings.append(_fired(due, kept[0]))
    return _decided(due, firings, kept[0] if kept else passed[-1])


def _passed(due: Due) -> tuple[list[datetime], int]:
    """The newest times until now, the last of them last, and how many there were in all (counted up to a bound)."""
    newest: deque[datetime] = deque([due.due_at], maxlen=MOST_CAUGHT_UP + 1)
    times = takewhile(lambda one: one <= due.now, due.recurrence.times(due.due_at))
    count = 1
    for one in islice(times, _MOST_COUNTED):
        newest.append(one)
        count += 1
    if count > _MOST_COUNTED:
        newest.extend(_newest(due.recurrence, newest[-1], due.now))
    return list(newest), count


def _newest(recurrence: Recurrence, since: datetime, now: datetime) -> list[datetime]:
    """The last times between the two, found by looking back twice as far each time."""
    back = timedelta(hours=1)
    while True:
        start = max(since, now - back)
        found = deque(takewhile(lambda one: one <= now, recurrence.times(start)), maxlen=MOST_CAUGHT_UP + 1)
        if len(found) > MOST_CAUGHT_UP or start == since:
            return list(found)
        back *= 2


def _fired(due: Due, at: datetime) -> Firing:
    """Started, unless the job is disabled or an open run is in its way."""
    if not due.enabled:
        return Firing(due_at=at, until=at, outcome="skipped", why=DISABLED)
    if due.overlap == "queue" and (due.open or due.waiting):
        if due.waiting < MOST_CAUGHT_UP:
            return Firing(due_at=at, until=at, outcome="waiting", why="It begins when the open run is over.")
        return Firing(due_at=at, until=at, outcome="skipped", why=f"{due.waiting} firings wait already.")
    if due.overlap == "skip" and due.open:
        return Firing(due_at=at, until=at, outcome="skipped", why="A run of the job was still open.")
    return Firing(due_at=at, until=at, outcome="started")


def _decided(due: Due, firings: list[Firing], last: datetime) -> Decision:
    following = due.recurrence.after(last)
    if following is None:
        return Decision(firings=firings, due_at=None, next_at=None)
    after = due.recurrence.after(following)
    return Decision(firings=firings, due_at=following, next_at=jittered(due.job_id, following, after, due.jitter))
