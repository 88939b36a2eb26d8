"""What the dashboards ask ClickHouse: the past of trends, series and runs."""

from collections.abc import Mapping
from typing import Any

import orjson

from infra.clickhouse.asking import Asking
from infra.clickhouse.sql import queries
from schemas.events import PageOutcome, Trend
from schemas.moments import of_epoch, rfc3339, zoned
from schemas.observed import Refused, RequestFigures, RequestPace, RouteFigures, StoredRequest

_TIMEOUT_S = 10.0


class ClickHouseCharts(Asking):
    """Small bounded questions; see `dashboards/ports.py` for what is promised."""

    def __init__(self, url: str) -> None:
        super().__init__(url, _TIMEOUT_S)

    async def trends(self, limit: int) -> list[Trend]:
        """The newest trends, oldest first."""
        return [_trend(row) for row in reversed(await self._ask("trends", limit=limit))]

    async def series(self, dataset: str, record_key: str, field: str, limit: int) -> list[tuple[float, float]]:
        """The last values of a series, oldest first, as (epoch seconds, value)."""
        rows = await self._ask("series", dataset=dataset, key=record_key, field=field, limit=limit)
        return [(row["at_ms"] / 1000, row["value"]) for row in reversed(rows)]

    async def series_trends(self, dataset: str, record_key: str, field: str, limit: int) -> list[Trend]:
        """The newest trends of a series, oldest first."""
        rows = await self._ask("series_trends", dataset=dataset, key=record_key, field=field, limit=limit)
        return [_trend(row) for row in reversed(rows)]

    async def tallies(self, run_id: str, before: float) -> list[tuple[str, str, bool, int]]:
        """(class, outcome, final, pages) of a run."""
        rows = await self._ask("tallies", run=run_id, before_ms=_ms(before))
        return [(row["klass"], row["outcome"], bool(row["final"]), row["pages"]) for row in rows]

    async def hosts(self, run_id: str, before: float, limit: int) -> list[tuple[str, int, float, float]]:
        """(host, visits, total ms, worst ms) of the run's slowest hosts on average."""
        rows = await self._ask("hosts", run=run_id, before_ms=_ms(before), limit=limit)
        return [(row["host"], row["visits"], row["total_ms"], row["worst_ms"]) for row in rows]

    async def pages(self, run_id: str, before: float, limit: int) -> list[PageOutcome]:
        """The last outcomes of a run, oldest first."""
        rows = await self._ask("pages", run=run_id, before_ms=_ms(before), limit=limit)
        return [_outcome(row) for row in reversed(rows)]

    async def records(self, run_id: str, before: float, limit: int) -> list[tuple[str, str, str, dict[str, Any]]]:
        """(fetched at, url, record key, data) of a run's last records, oldest first."""
        rows = await self._ask("records", run=run_id, before_ms=_ms(before), limit=limit)
        return [
            (of_epoch(row["fetched_at_ms"] / 1000), row["url"], row["key"], orjson.loads(row["data"]))
            for row in reversed(rows)
        ]

    async def pace(self, run_id: str, before: float) -> list[tuple[int, int, int]]:
        """(epoch second, pages, records) of a run; each row is for the time until the next."""
        rows = await self._ask("pace", run=run_id, before_ms=_ms(before))
        return [(int(row["second"]), int(row["pages"]), int(row["records"])) for row in rows]

    async def requests(self, since: float, width: int, limit: int) -> RequestFigures:
        """What the gateways answered since an epoch second, in stretches of `width` seconds; at most `limit` rows of
        each kind."""
        asked = {"since_ms": _ms(since), "limit": limit}
        statuses = await self._ask("request_statuses", **asked)
        return RequestFigures(
            pace=tuple(RequestPace(**row) for row in await self._ask("request_pace", **asked, width=width)),
            routes=tuple(RouteFigures(**row) for row in await self._ask("request_routes", **asked)),
            statuses=tuple((row["status"], row["requests"]) for row in statuses),
            slowest=tuple(_request(row) for row in await self._ask("request_slowest", **asked)),
            refused=tuple(
                Refused(**row | {"last": zoned(row["last"])}) for row in await self._ask("request_refused", **asked)
            ),
        )

    async def _ask(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        return await self.ask(queries("charts")[name], parameters)


def _trend(row: Mapping[str, Any]) -> Trend:
    known = {name: row[name] for name in Trend.__struct_fields__ if name in row}
    return Trend(**known | {"id": str(row["id"]), "run_id": str(row["run_id"]), "record_id": str(row["record_id"]),
                            "values": list(row["values"]), "at": rfc3339(row["at"])})  # fmt: skip


def _outcome(row: Mapping[str, Any]) -> PageOutcome:
    known = {name: row[name] for name in PageOutcome.__struct_fields__ if name in row}
    ids = {name: str(row[name]) for name in ("id", "run_id", "job_id", "url_fp")}
    return PageOutcome(
        **known | ids | {"final": bool(row["final"]), "fetched_at": of_epoch(row["fetched_at_ms"] / 1000)}
    )


def _request(row: Mapping[str, Any]) -> StoredRequest:
    return StoredRequest(**{**row, "id": str(row["id"]), "at": zoned(row["at"])})


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
