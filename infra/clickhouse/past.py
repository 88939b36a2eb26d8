"""Live events that Kafka no longer keeps, read from ClickHouse in the order in which they were told."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec

from infra.clickhouse.reading import Reading
from schemas.events import CleanBatch, CleanRecord, PageOutcome, RunCounts, RunEvent, Trend
from schemas.moments import rfc3339
from schemas.past import PastMessage, Piece
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, RUN_EVENTS, TRENDS

_TABLES = {
    CLEAN_RECORDS: "records",
    TRENDS: "trends",
    PAGE_OUTCOMES: "page_outcomes",
    RUN_EVENTS: "run_events",
}
_IDS = ("id", "run_id", "job_id", "record_id", "batch_id", "url_fp")


class ClickHousePast:
    """The gateway's `Past` but for what of it is known to be stored, which PostgreSQL knows."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def held(self, piece: Piece, firsts: Sequence[int], ends: Sequence[int]) -> dict[int, int]:
        """How many items (records, not batches) are stored of each partition between these offsets."""
        values = {"run_id": piece.run_id, "dataset": piece.dataset, "firsts": list(firsts), "ends": list(ends)}
        found = await self._reading.ask("past", f"{_TABLES[piece.topic]}_held", values, dict)
        return {int(row["partition"]): int(row["rows"]) for row in found}

    async def messages(
        self, piece: Piece, partition: int, first: int, end: int, skip: int, limit: int
    ) -> list[PastMessage]:
        """What is stored of a partition from `first` until before `end`, without the first `skip` items, at most
        `limit` items: the last message may have more of them."""
        values = {
            "run_id": piece.run_id,
            "dataset": piece.dataset,
            "partition": partition,
            "first": first,
            "end": end,
            "skip": skip,
            "limit": limit,
        }
        rows = await self._reading.ask("past", _TABLES[piece.topic], values, _plain)
        if piece.topic != CLEAN_RECORDS:
            shape = _SHAPES[piece.topic]
            return [PastMessage(partition, int(row.pop("offset")), shape(row)) for row in rows]
        by_batch = groupby(rows, key=lambda row: (row["offset"], row["batch_id"]))
        return [PastMessage(partition, int(offset), _batch(list(batch))) for (offset, _), batch in by_batch]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(name, value) for name, value in row.items()}


def _text(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    return str(value) if name in _IDS else value


def _batch(rows: list[dict[str, Any]]) -> CleanBatch:
    first = rows[0]
    records = [CleanRecord(id=row["id"], key=row["key"], data=msgspec.json.decode(row["data"])) for row in rows]
    return CleanBatch(
        id=first["batch_id"],
        dataset=first["dataset"],
        run_id=first["run_id"],
        job_id=first["job_id"],
        url=first["url"],
        url_fp="",
        fetch_id="",
        fetched_at=first["fetched_at"],
        records=records,
    )


def _run_event(row: dict[str, Any]) -> RunEvent:
    counts = RunCounts(**{name: value for name, value in row.pop("counts").items() if name in _COUNTS})
    return RunEvent(**row | {"counts": counts, "paused": bool(row["paused"])})


_COUNTS = frozenset(RunCounts.__struct_fields__)
_SHAPES: dict[str, Any] = {
    TRENDS: lambda row: Trend(**row | {"values": list(row["values"])}),
    PAGE_OUTCOMES: lambda row: PageOutcome(**row | {"final": bool(row["final"])}),
    RUN_EVENTS: _run_event,
}
