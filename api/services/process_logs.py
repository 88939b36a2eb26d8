"""What the gateways answered and what the processes said, for those who look after the system."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from api.ports import ProcessLogs
from api.services.cursors import Page, cut, pack, unpack
from schemas.moments import zoned
from schemas.observed import LineFilter, RequestFilter, StoredLine, StoredRequest

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]
_LEVELS: tuple[LogLevel, ...] = ("debug", "info", "warning", "error", "critical")
SINCE = timedelta(hours=1)
"""How far back is looked where nobody says."""


def at_least(level: LogLevel) -> tuple[LogLevel, ...]:
    """A level and those above it."""
    return _LEVELS[_LEVELS.index(level) :]


def moment(given: datetime | None, now: datetime) -> datetime:
    """The beginning that was asked for; a time without a zone is in UTC."""
    return zoned(given) if given else now - SINCE


class Observed:
    """Newest first, piece by piece. ApiError 422 for a cursor of another list."""

    def __init__(self, stored: ProcessLogs) -> None:
        self._stored = stored

    async def requests(self, wanted: RequestFilter, cursor: str | None, limit: int) -> Page[StoredRequest]:
        """Requests that were answered."""
        found = await self._stored.requests(wanted, _position(cursor), limit + 1)
        return cut(found, limit, lambda one: pack(one.at, one.id))

    async def lines(self, wanted: LineFilter, cursor: str | None, limit: int) -> Page[StoredLine]:
        """Lines of the processes' logs."""
        found = await self._stored.lines(wanted, _position(cursor), limit + 1)
        return cut(found, limit, lambda one: pack(one.at, one.id))


def _position(cursor: str | None) -> tuple[datetime, str] | None:
    found = unpack(cursor, (datetime, UUID))
    return (found[0], found[1]) if found else None
