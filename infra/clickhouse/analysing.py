"""The gateway's `Analyses`: bounded questions about many records, beside those of pages and lists."""

import re
from collections.abc import Callable, Sequence
from math import inf, isfinite, nan
from typing import Any, TypeVar
from uuid import UUID

from infra.clickhouse.analysed import grouped, within
from infra.clickhouse.choosing import bits
from infra.clickhouse.reading import Reading
from infra.clickhouse.sql import queries
from infra.errors import StoreRefused
from schemas.analysing import (
    Fields,
    FieldType,
    Grouped,
    Question,
    Sample,
    Scope,
    Shape,
    Spread,
    Summary,
    TooMuch,
    Value,
    Words,
)

T = TypeVar("T")
_CODE = re.compile(r"(?:code|Code)[: ]+(\d+)")
_BOUNDS = {
    "158": "it would read more than 100 million records, or make more than a million groups",
    "159": "it takes longer than 8 seconds",
    "160": "it would take longer than 8 seconds",
    "241": "it needs more than 1 GB of memory",
}
"""ClickHouse's numbers for a question that meets its bounds (its source, ErrorCodes.cpp)."""


class ClickHouseAnalyses:
    """Asks through a `Reading` of its own, so that long questions leave the short ones their threads."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def fields(self, scope: Scope) -> Fields:
        """By name, with the records that have one of each type; of more than a thousand the most frequent."""
        found: dict[str, dict[FieldType, int]] = {}
        for row in await self._ask("fields", scope, {}, dict):
            found.setdefault(row["name"], {})[row["type"]] = int(row["records"])
        return found

    async def records(self, scope: Scope) -> int:
        """How many there are."""
        return (await self._ask("records", scope, {}, lambda row: int(row["records"])))[0]

    async def grouped(self, question: Question) -> Grouped:
        """Rows in the order of the question's columns."""
        statement, values = grouped(question)
        rows = await self._asked(statement, values, lambda row: list(row.values()))
        told = [[_plain(value) for value in row[:-1]] for row in rows]
        return Grouped(told, int(rows[0][-1]) if rows else 0)

    async def summaries(self, scope: Scope, fields: Sequence[str]) -> list[Summary]:
        """In the order of the fields."""
        found = await self._ask("summaries", scope, {"fields": list(fields)}, _summary)
        return sorted(found, key=lambda one: fields.index(one.field))

    async def shapes(self, scope: Scope, spreads: Sequence[Spread]) -> list[Shape]:
        """In the order of the spreads."""
        places = {
            "means": [bits(one.mean) for one in spreads],
            "deviations": [bits(one.deviation) for one in spreads],
            "lows": [bits(one.low) for one in spreads],
            "widths": [bits(one.width) for one in spreads],
            "fences": [bits(one.fences[0]) for one in spreads],
            "others": [bits(one.fences[1]) for one in spreads],
            "buckets": [one.buckets for one in spreads],
        }
        by_name = {one.field: one for one in spreads}
        values = {"fields": list(by_name), **places}
        found = await self._ask("shapes", scope, values, lambda row: _shape(row, by_name[row["name"]]))
        return sorted(found, key=lambda one: list(by_name).index(one.field))

    async def flags(self, scope: Scope, fields: Sequence[str]) -> list[tuple[str, int, int]]:
        """In the order of the fields."""
        found = await self._ask(
            "flags", scope, {"fields": list(fields)}, lambda row: (row["name"], int(row["records"]), int(row["yes"]))
        )
        return sorted(found, key=lambda one: fields.index(one[0]))

    async def words(self, scope: Scope, fields: Sequence[str], top: int) -> list[Words]:
        """In the order of the fields; estimated for all of them where a million values are too few."""
        try:
            rows = await self._ask("words", scope, {"fields": list(fields), "top": top}, dict)
        except TooMuch:
            rows = await self._ask("many_words", scope, {"fields": list(fields)}, dict)
        found = []
        for field in fields:
            own = [row for row in rows if row["name"] == field]
            if own:
                told = [(row["value"], int(row["times"])) for row in own] if "times" in own[0] else None
                counts = {"count": int(own[0]["records"]), "distinct": int(own[0]["different"])}
                found.append(Words(field=field, top=told, **counts))
        return found

    async def sample(self, scope: Scope, fields: Sequence[str], limit: int) -> Sample:
        """Drawn by a hash of their ids."""
        total = await self.records(scope)
        values = {"fields": list(fields), "limit": limit}
        (told,) = await self._ask("sample", scope, values, lambda row: row["told"])
        return Sample([list(column) for column in zip(*told, strict=True)] or [[] for _ in fields], total)

    async def _ask(self, name: str, scope: Scope, values: dict[str, Any], shape: Callable[[Any], T]) -> list[T]:
        statement, scoped = within(queries("analysing")[name], scope)
        return await self._asked(statement, values | scoped, shape)

    async def _asked(self, statement: str, values: dict[str, Any], shape: Callable[[Any], T]) -> list[T]:
        try:
            return await self._reading.rows(statement, values, shape)
        except StoreRefused as refusal:
            code = _CODE.search(str(refusal))
            if code and code[1] in _BOUNDS:
                raise TooMuch(_BOUNDS[code[1]]) from refusal
            raise


def _plain(value: Any) -> Value:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, UUID):
        return str(value)
    told: Value = value
    return told


def _summary(row: dict[str, Any]) -> Summary:
    deviation = row["deviation"]
    p05, p25, median, p75, p95 = row["quantiles"]
    return Summary(
        field=row["name"],
        count=int(row["values"]),
        mean=row["mean"],
        deviation=deviation if deviation is not None and isfinite(deviation) else None,
        low=row["low"],
        p05=p05,
        p25=p25,
        median=median,
        p75=p75,
        p95=p95,
        high=row["high"],
    )


def _shape(row: dict[str, Any], spread: Spread) -> Shape:
    filled = dict(zip(*row["filled"], strict=True))
    moments = [row[name] if spread.deviation > 0 else nan for name in ("skewness", "kurtosis")]
    return Shape(
        field=row["name"],
        skewness=moments[0] if abs(moments[0]) < inf else None,
        kurtosis=moments[1] if abs(moments[1]) < inf else None,
        counts=[int(filled.get(place, 0)) for place in range(spread.buckets)],
        outliers=int(row["outliers"]),
    )
