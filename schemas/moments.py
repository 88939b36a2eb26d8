"""Moments: RFC 3339 in UTC with milliseconds wherever events, rows and answers carry them as a text."""

from datetime import UTC, datetime


def zoned(moment: datetime) -> datetime:
    """One that names no zone is in UTC: so stores answer it, and so people are told that it is taken."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def rfc3339(moment: datetime) -> str:
    """As every text of this product has it."""
    return zoned(moment).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_epoch(seconds: float) -> str:
    """The text of a Unix time."""
    return rfc3339(datetime.fromtimestamp(seconds, UTC))


def epoch(text: str) -> float | None:
    """The Unix time of a text; None for one that is no time, or beyond time's ends, where a zone may lead."""
    try:
        seconds = zoned(datetime.fromisoformat(text)).timestamp()
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError):
        return None
    return seconds
