"""Moments as ClickHouse's DateTime64(3) counts them."""

from datetime import UTC, datetime

from streams.warehouse.flaws import is_time

_LEAST, _MOST = -2_208_988_800_000, 10_413_791_999_999
"""1900 and 2299: what DateTime64 can hold."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: str) -> int:
    """RFC 3339 as milliseconds, within what the column holds."""
    return min(max(_passed(moment), _LEAST), _MOST)


def exact_milliseconds(moment: str) -> int | None:
    """The same; None for what is no moment, or none that the column holds."""
    if not is_time(moment):
        return None
    passed = _passed(moment)
    return passed if _LEAST <= passed <= _MOST else None


def _passed(moment: str) -> int:
    passed = datetime.fromisoformat(moment) - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000
