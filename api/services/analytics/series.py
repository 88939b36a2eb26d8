"""A series of equal stretches of time from rows that are there only where something was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.errors import invalid
from api.services.analytics.calendar import WIDTHS, begun, between, later
from schemas.analysing import Interval, Value

MOST_BUCKETS = 2000


@dataclass(frozen=True, slots=True)
class Series:
    """What was in each bucket from `first` on, None for nothing."""

    first: datetime
    interval: Interval
    values: list[float | None]

    @property
    def at(self) -> list[float]:
        """Epoch seconds, equally far from each other: months are told to the forecast as if they were of one length,
        and to people as they are."""
        start, width = self.first.timestamp(), WIDTHS[self.interval].total_seconds()
        return [start + place * width for place in range(len(self.values))]

    def moment(self, place: int) -> datetime:
        """The beginning of a bucket, also of one to come."""
        return later(self.first, self.interval, place)


def series_of(
    rows: Sequence[Sequence[Value]],
    interval: Interval,
    within: tuple[datetime | None, datetime],
    *,
    empty: float | None,
    horizon: int,
) -> Series:
    """From rows of (milliseconds, value), each bucket once: those that are whole between the two moments; `empty` is
    what a bucket without a row is. ApiError 422 where there is none, or too many."""
    since, until = within
    told = {datetime.fromtimestamp(float(row[0] or 0) / 1000, UTC): row[1] for row in rows}
    end = begun(until, interval)
    told = {at: value for at, value in told.items() if at < end and (since is None or since <= at)}
    if not told:
        raise invalid("", "No stretch of time that is over has records; ask for a narrower interval, or later.")
    first = min(told)
    count = between(first, end, interval)
    if count > MOST_BUCKETS:
        raise invalid(
            "interval",
            f"That is a series of {count:,} buckets, and {MOST_BUCKETS:,} may be: give a wider interval, or `since`.",
        )
    try:
        later(first, interval, count + horizon)
    except ValueError:
        raise invalid("horizon", "This leads beyond the year 9999; ask for fewer buckets.") from None
    found = [told.get(later(first, interval, place), empty) for place in range(count)]
    return Series(first, interval, [None if value is None else float(value) for value in found])
