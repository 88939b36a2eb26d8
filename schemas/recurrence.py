"""When something recurs: pure, on the wall clock of a time zone, strictly forward through both changes of its clocks.

cronsim does what Debian's cron does: a time that a spring day skips happens as soon as it is over, a time that an
autumn day has twice happens the first time, and what says `*` for minute or hour goes by elapsed time. What is added:
never the same moment twice, and never backwards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

import xxhash
from cronsim import CronSim, CronSimError

Kind: TypeAlias = Literal["cron", "interval", "once"]
CatchUp: TypeAlias = Literal["none", "last", "all"]
Overlap: TypeAlias = Literal["allow", "skip", "queue"]

_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = re.compile(r"[0-9A-Za-z*/,#-]{1,100}(?: [0-9A-Za-z*/,#-]{1,100}){4}").fullmatch
_END = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """`expression` is five cron fields, seconds, or an RFC 3339 moment, by `kind`; `anchor` is where an interval counts
    from. ValueError, from `check`, for what cannot be."""

    kind: Kind
    expression: str
    zone: str = "UTC"
    anchor: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def after(self, moment: datetime) -> datetime | None:
        """The first time strictly after `moment` (aware), in UTC; None where there is no more."""
        return next(self.times(moment), None)

    def times(self, moment: datetime) -> Iterator[datetime]:
        """All of them after `moment`, in UTC, in order."""
        if self.kind == "once":
            only = datetime.fromisoformat(self.expression).astimezone(UTC)
            return iter([only] if only > moment else [])
        return self._intervals(moment) if self.kind == "interval" else self._cron(moment)

    def _intervals(self, moment: datetime) -> Iterator[datetime]:
        step = timedelta(seconds=float(self.expression))
        passed = max(0, (moment - self.anchor) // step)
        found = self.anchor + passed * step
        while found < _END:
            if found > moment and found > self.anchor:
                yield found
            found += step

    def _cron(self, moment: datetime) -> Iterator[datetime]:
        last = moment
        for found in CronSim(self.expression, moment.astimezone(zone_of(self.zone))):
            at = found.astimezone(UTC)
            if at > last:
                last = at
                yield at


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone. ValueError for a name that is none: only listed names are opened, for a name is also a path."""
    if name not in _zones():
        raise ValueError("is not an IANA time zone such as Europe/Berlin")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def cron(expression: str) -> str:
    """The five fields of a cron expression, in their usual spelling. ValueError for one that cannot be read or that no
    date ever fits."""
    fields = _SHORT.get(expression.strip().lower(), " ".join(expression.upper().split()))
    if not _FIELDS(fields):
        raise ValueError("is not five cron fields such as 0 2 * * 1-5 (minute hour day month weekday)")
    try:
        next(CronSim(fields, datetime(2000, 1, 1)))
    except StopIteration:
        raise ValueError("names a date that never comes") from None
    except (CronSimError, ValueError, AssertionError, TypeError, OverflowError) as problem:
        raise ValueError(f"cannot be read as cron: {problem or 'a field is wrong'}") from None
    return fields


def jittered(job_id: str, due: datetime, following: datetime | None, jitter: float) -> datetime:
    """`due` and up to `jitter` seconds, the same whoever computes it, and always before the one that follows."""
    if not jitter:
        return due
    room = jitter if following is None else min(jitter, (following - due).total_seconds() * 0.9)
    share = xxhash.xxh3_64_intdigest(f"{job_id}\x1f{due.isoformat()}".encode()) / 2**64
    return due + timedelta(seconds=room * share)
