"""Stretches of time, one after the other, as the warehouse begins them: in UTC, weeks on Monday."""

from datetime import UTC, datetime, timedelta

from schemas.analysing import Interval

WIDTHS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(seconds=2_629_746),
}
"""A month's is the mean of 400 years; what begins when goes by the calendar."""
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_LAST_YEAR = 9999


def begun(moment: datetime, interval: Interval) -> datetime:
    """The beginning of the stretch that holds a moment."""
    moment = moment.astimezone(UTC)
    if interval == "month":
        return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    width = WIDTHS[interval]
    return moment - (moment - _MONDAY) % width


def later(start: datetime, interval: Interval, steps: int) -> datetime:
    """The beginning of the stretch so many later. ValueError beyond the last year that has a name."""
    if interval != "month":
        try:
            return start + steps * WIDTHS[interval]
        except OverflowError:
            raise ValueError("beyond the last year") from None
    years, month = divmod(start.month - 1 + steps, 12)
    if start.year + years > _LAST_YEAR:
        raise ValueError("beyond the last year")
    return start.replace(year=start.year + years, month=month + 1)


def between(first: datetime, last: datetime, interval: Interval) -> int:
    """How many steps lead from one beginning to another."""
    if interval == "month":
        return 12 * (last.year - first.year) + last.month - first.month
    return (last - first) // WIDTHS[interval]
