"""What the gateways answered and what the processes said, as ClickHouse holds it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from infra.clickhouse.reading import Reading
from schemas.moments import zoned
from schemas.observed import LineFilter, RequestFilter, StoredLine, StoredRequest

_ROOM = "logs"
_END_MS = 4_102_444_800_000
"""The year 2100: moments beyond what a DateTime64 of milliseconds is for are as good as this."""


class ProcessLogs:
    """The gateway's `ProcessLogs`, asked through the same few threads as everything else that it reads there."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def requests(
        self, wanted: RequestFilter, before: tuple[datetime, str] | None, limit: int
    ) -> list[StoredRequest]:
        """Newest first, before a position (at, id)."""
        values = _values(asdict(wanted), before, limit)
        return await self._reading.ask(_ROOM, "requests", values | {"status": wanted.status or 0}, _request)

    async def lines(self, wanted: LineFilter, before: tuple[datetime, str] | None, limit: int) -> list[StoredLine]:
        """Newest first, before a position (at, id)."""
        values = _values(asdict(wanted), before, limit)
        return await self._reading.ask(_ROOM, "lines", values | {"levels": list(wanted.levels)}, _line)


def _values(wanted: dict[str, Any], before: tuple[datetime, str] | None, limit: int) -> dict[str, Any]:
    moment, identity = before or (None, "")
    return {
        **{name: value or "" for name, value in wanted.items() if name not in ("since", "until")},
        "since_ms": _ms(wanted["since"]),
        "until_ms": _ms(wanted["until"]),
        "before_ms": _ms(moment),
        "before_id": identity,
        "limit": limit,
    }


def _ms(moment: datetime | None) -> int:
    return min(max(round(moment.timestamp() * 1000), 1), _END_MS) if moment else 0


def _request(row: dict[str, Any]) -> StoredRequest:
    return StoredRequest(**row | {"id": str(row["id"]), "at": zoned(row["at"])})


def _line(row: dict[str, Any]) -> StoredLine:
    return StoredLine(**row | {"id": str(row["id"]), "at": zoned(row["at"]), "fields": orjson.loads(row["fields"])})
