"""What runs' visits came to, as ClickHouse holds it, and the removal of a run's records."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from infra.clickhouse.reading import Reading
from schemas.ledger import RunFigures, Sample, Turn, Visited
from schemas.moments import zoned

_ROOM = "visits"


class ClickHouseVisits:
    """The gateway's `Visits`, asked through the same few threads as everything else that it reads there."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def figures(self, runs: Sequence[str]) -> list[RunFigures]:
        """Of each run that has visited something."""
        if not runs:
            return []
        return await self._reading.ask(_ROOM, "figures", {"runs": list(runs)}, _figures)

    async def turns(self, run_id: str, after: tuple[datetime, str], limit: int) -> list[Turn]:
        """Changes of a run's state, in order, after a position."""
        return await self._reading.ask(_ROOM, "turns", {"run_id": run_id, "limit": limit, **_after(after)}, _turn)

    async def samples(self, run_id: str, limit: int) -> list[Sample]:
        """The last so many, the oldest first."""
        found = await self._reading.ask(_ROOM, "samples", {"run_id": run_id, "limit": limit}, _sample)
        return found[::-1]

    async def visits(
        self, run_id: str, after: tuple[datetime, str], limit: int, *, trouble: bool = False
    ) -> list[Visited]:
        """Visits of a run, in order, after a position."""
        values = {"run_id": run_id, "trouble": trouble, "limit": limit, **_after(after)}
        return await self._reading.ask(_ROOM, "visits", values, _visited)

    async def remove_records(self, dataset: str, run_id: str) -> None:
        """A lightweight delete: the rows are hidden when it returns, and leave the disk with the next merge."""
        for statement in ("remove_records", "remove_marks"):
            await self._reading.remove(_ROOM, statement, {"dataset": dataset, "run_id": run_id})


def _after(position: tuple[datetime, str]) -> dict[str, Any]:
    moment, identity = position
    return {"after_ms": round(moment.timestamp() * 1000), "after_id": identity}


def _figures(row: dict[str, Any]) -> RunFigures:
    return RunFigures(**row | {"run_id": str(row["run_id"])})


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(zoned(row["at"]), int(row["known"]), int(row["done"]))


def _turn(row: dict[str, Any]) -> Turn:
    return Turn(**row | {"id": str(row["id"]), "at": zoned(row["at"]), "paused": bool(row["paused"])})


def _visited(row: dict[str, Any]) -> Visited:
    return Visited(**row | {"id": str(row["id"]), "at": zoned(row["at"]), "final": bool(row["final"])})
