"""What ClickHouse says of many records is what numpy and scipy say of the same numbers."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from scipy import stats

from api.services.analytics.buckets import edges, spread_of
from api.services.choosing import conditions
from infra.clickhouse.analysing import ClickHouseAnalyses
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.reading import Reading
from infra.clickhouse.sql import queries
from schemas.analysing import Group, Measure, Question, Scope, TooMuch
from tests.engines import Engines

BEGAN = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
COLUMNS = (
    "id", "dataset", "run_id", "job_id", "batch_id", "key", "url", "data", "numbers", "flags", "moments", "lists",
    "fetched_at", "ingested_at", "revision",
)  # fmt: skip


@dataclass
class Shelf:
    """A dataset of its own, and a way to fill it."""

    analyses: ClickHouseAnalyses
    client: Any
    dataset: str
    run_id: str

    @property
    def scope(self) -> Scope:
        return Scope(dataset=self.dataset, runs=(self.run_id,))

    async def keep(self, rows: list[dict[str, Any]], run_id: str | None = None, *, twice: bool = False) -> None:
        told = [self._row(row, run_id or self.run_id) for row in rows]
        # The same block a second time would be dropped as a whole: what comes twice comes in other portions.
        for portion in [told, *([row] for row in told if twice)]:
            await asyncio.to_thread(self.client.insert, "records", portion, column_names=COLUMNS)

    def _row(self, row: dict[str, Any], run_id: str) -> list[Any]:
        numbers = {name: float(value) for name, value in row.items() if type(value) in (int, float)}
        flags = {name: value for name, value in row.items() if type(value) is bool}
        moments = {name: value for name, value in row.items() if isinstance(value, datetime)}
        lists = {name: value for name, value in row.items() if isinstance(value, list)}
        data = json.dumps(row, default=lambda moment: moment.isoformat())
        url = f"https://{row.get('_site', 'shop.test')}/p"
        at = row.get("_at", BEGAN)
        return [str(uuid4()), self.dataset, run_id, run_id, run_id, "k", url, data, numbers, flags, moments, lists,
                at, at + timedelta(minutes=1), 1]  # fmt: skip

    async def ask(self, *measures: Measure, **question: Any) -> list[list[Any]]:
        given: dict[str, Any] = {"scope": self.scope, "measures": measures, "limit": 100, **question}
        asked = Question(**given)
        return [list(row) for row in (await self.analyses.grouped(asked)).rows]


@pytest.fixture
async def shelf(engines: Engines) -> AsyncIterator[Shelf]:
    await asyncio.to_thread(migrate, engines.clickhouse)
    async with Reading(engines.clickhouse) as reading:
        client = await asyncio.to_thread(connect, engines.clickhouse)
        yield Shelf(ClickHouseAnalyses(reading), client, f"set-{uuid4()}", str(uuid4()))
        client.close()


def number(function: Any) -> Measure:
    return Measure(function, "price", ("number",))


async def test_measures_are_numpy_s(shelf: Shelf) -> None:
    prices = [Random(1).lognormvariate(3, 1) for _ in range(501)]
    await shelf.keep([{"price": price} for price in prices] + [{"name": "without"}])
    quantiles = {"p05": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95, "p99": 99}
    expected = {
        "count": 501, "distinct": len(set(prices)), "sum": sum(prices), "avg": np.mean(prices), "min": min(prices),
        "max": max(prices), "stddev": np.std(prices, ddof=1),
        **{name: np.percentile(prices, share) for name, share in quantiles.items()},
    }  # fmt: skip
    (row,) = await shelf.ask(Measure("count"), *[number(name) for name in expected])
    assert row == pytest.approx([502, *expected.values()], rel=1e-12)


async def test_what_is_stored_twice_counts_once(shelf: Shelf) -> None:
    await shelf.keep([{"price": 1.0}, {"price": 3.0}], twice=True)
    assert await shelf.ask(Measure("count"), number("sum")) == [[2, 4.0]]


async def test_records_of_other_runs_and_datasets_are_not_counted(shelf: Shelf) -> None:
    foreign = str(uuid4())
    await shelf.keep([{"price": 1.0}])
    await shelf.keep([{"price": 100.0, "secret": 1, "words": "theirs", "is": True}], foreign)
    assert await shelf.ask(Measure("count"), number("max")) == [[1, 1.0]]
    assert await shelf.ask(Measure("count"), scope=replace(shelf.scope, run_id=foreign)) == [[0]]
    assert await shelf.ask(Measure("count"), scope=replace(shelf.scope, runs=None)) == [[2]]
    assert await shelf.ask(Measure("count"), scope=replace(shelf.scope, runs=())) == [[0]]
    told = shelf.analyses
    assert set(await told.fields(shelf.scope)) == {"price"}
    assert await told.records(shelf.scope) == 1
    assert [one.high for one in await told.summaries(shelf.scope, ["price", "secret"])] == [1.0]
    assert await told.flags(shelf.scope, ["is"]) == [] and await told.words(shelf.scope, ["words"], 3) == []
    assert (await told.sample(shelf.scope, ["price"], 10)).columns == [[1.0]]


async def test_groups_are_of_each_type_and_of_what_every_record_has(shelf: Shelf) -> None:
    added = datetime(2026, 1, 31, tzinfo=UTC)
    await shelf.keep([
        {"price": 1, "new": True, "added": added, "tags": ["a", "b"], "name": "x", "mixed": 1, "_site": "a.test"},
        {"price": 1, "new": False, "tags": ["b"], "name": "it's {x:String} \\ é", "mixed": "one", "_site": "b.test"},
        {"name": "x"},
    ])  # fmt: skip
    count = Measure("count")

    async def groups(name: str, *types: Any) -> list[list[Any]]:
        return await shelf.ask(count, groups=(Group(name, types),), order=((1, True),))

    assert await groups("price", "number") == [[1.0, 2], [None, 1]]
    assert await groups("new", "flag") == [[False, 1], [True, 1], [None, 1]]
    assert await groups("added", "moment") == [[None, 2], [1769817600000, 1]]
    assert await groups("tags", "list") == [["b", 2], ["a", 1], [None, 1]]
    assert await groups("name", "text") == [["x", 2], ["it's {x:String} \\ é", 1]]
    assert await groups("mixed", "number", "text") == [["1", 1], ["one", 1], [None, 1]]
    assert await groups("domain") == [["a.test", 1], ["b.test", 1], ["shop.test", 1]]
    assert await groups("run_id") == [[shelf.run_id, 3]] and await groups("revision") == [[1, 3]]
    fields = await shelf.analyses.fields(shelf.scope)
    assert fields["added"] == {"moment": 1} and fields["mixed"] == {"number": 1, "text": 1}
    assert fields["tags"] == {"list": 2} and fields["new"] == {"flag": 2} and fields["name"] == {"text": 3}


async def test_time_is_in_buckets_in_utc_and_weeks_begin_on_monday(shelf: Shelf) -> None:
    sunday = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    await shelf.keep([{"price": 1, "_at": sunday}, {"price": 2, "_at": sunday + timedelta(seconds=1)}])

    async def starts(interval: Any) -> list[str]:
        rows = await shelf.ask(Measure("count"), interval=interval)
        return [datetime.fromtimestamp(row[0] / 1000, UTC).strftime("%m-%d %H:%M") for row in rows]

    assert await starts("minute") == ["03-01 23:59", "03-02 00:00"]
    assert await starts("hour") == ["03-01 23:00", "03-02 00:00"]
    assert await starts("day") == ["03-01 00:00", "03-02 00:00"]
    assert await starts("week") == ["02-23 00:00", "03-02 00:00"]
    assert await starts("month") == ["03-01 00:00"]
    within = replace(shelf.scope, since=sunday, until=sunday + timedelta(seconds=1))
    assert await shelf.ask(Measure("count"), scope=within) == [[1]]
    assert await shelf.ask(Measure("count"), scope=replace(within, clock="stored_at")) == [[0]]


async def test_conditions_are_those_of_records(shelf: Shelf) -> None:
    await shelf.keep([{"price": 1, "tags": ["a"]}, {"price": 5, "tags": ["b"]}])
    for where, count in (("price>=5", 1), ("tags=a", 1), ("price!=1", 1), ("nothing=1", 0)):
        scope = replace(shelf.scope, where=tuple(conditions([where])))
        assert await shelf.ask(Measure("count"), scope=scope) == [[count]], where


async def test_rows_are_cut_and_the_total_is_told(shelf: Shelf) -> None:
    await shelf.keep([{"price": price} for price in range(7)])
    asked = Question(scope=shelf.scope, groups=(Group("price", ("number",)),), measures=(Measure("count"),), limit=3,
                     order=((0, True),))  # fmt: skip
    found = await shelf.analyses.grouped(asked)
    assert (found.rows, found.total) == ([[6.0, 1], [5.0, 1], [4.0, 1]], 7)


async def test_sums_by_the_minute_say_what_the_records_say(shelf: Shelf) -> None:
    await shelf.keep([{"price": 1, "_site": site, "_at": BEGAN + timedelta(days=day)}
                      for site in ("a.test", "b.test") for day in (0, 0, 1)])  # fmt: skip
    scope = Scope(dataset=shelf.dataset, runs=None, clock="stored_at", since=BEGAN, until=BEGAN + timedelta(days=1))
    asked = {"scope": scope, "groups": (Group("domain"),), "interval": "day"}
    rows = await shelf.ask(Measure("count"), **asked)
    assert [row[1:] for row in rows] == [["a.test", 2], ["b.test", 2]]
    assert await shelf.ask(Measure("count"), **asked, source="aggregated") == rows


async def test_a_field_of_numbers_is_described_as_scipy_does(shelf: Shelf) -> None:
    dice = Random(2)
    values = [1e6 + dice.gammavariate(2, 3) for _ in range(400)] + [1e6 + 90.0, 1e6 - 40.0]
    await shelf.keep([{"price": value, "flat": 7} for value in values])
    price, flat = await shelf.analyses.summaries(shelf.scope, ["price", "flat"])
    quantiles = np.percentile(values, [5, 25, 50, 75, 95])
    assert [price.p05, price.p25, price.median, price.p75, price.p95] == pytest.approx(list(quantiles), rel=1e-14)
    assert (price.count, price.low, price.high) == (402, min(values), max(values))
    assert price.mean == pytest.approx(np.mean(values)) and price.deviation == pytest.approx(np.std(values, ddof=1))
    spreads = [spread_of(price, 12), spread_of(flat, None)]
    shape, still = await shelf.analyses.shapes(shelf.scope, spreads)
    assert shape.skewness == pytest.approx(stats.skew(values), rel=1e-6)
    assert shape.kurtosis == pytest.approx(stats.kurtosis(values, fisher=False), rel=1e-6)
    assert list(shape.counts) == list(np.histogram(values, bins=12)[0])
    assert list(edges(spreads[0], price.high)) == pytest.approx(list(np.histogram(values, bins=12)[1]), rel=1e-14)
    reach = 1.5 * (quantiles[3] - quantiles[1])
    assert shape.outliers == sum(not quantiles[1] - reach <= value <= quantiles[3] + reach for value in values) > 1
    assert (still.skewness, still.kurtosis, list(still.counts), still.outliers) == (None, None, [402], 0)


async def test_flags_and_texts_are_counted(shelf: Shelf) -> None:
    await shelf.keep([{"new": True, "name": "b"}, {"new": False, "name": "a"}, {"new": True, "name": "a"}, {}])
    await shelf.keep([{"added": datetime(2026, 1, 1, tzinfo=UTC), "name": "c"}])
    assert await shelf.analyses.flags(shelf.scope, ["new"]) == [("new", 3, 2)]
    (words,) = await shelf.analyses.words(shelf.scope, ["name", "added"], 2)
    assert (words.field, words.count, words.distinct, words.top) == ("name", 4, 3, [("a", 2), ("b", 1)])


async def test_a_sample_is_the_same_each_time_and_says_of_how_many(shelf: Shelf) -> None:
    await shelf.keep([{"x": place, "y": -place} if place % 2 else {"x": place} for place in range(50)])
    drawn = await shelf.analyses.sample(shelf.scope, ["x", "y"], 20)
    assert drawn.total == 50 and [len(column) for column in drawn.columns] == [20, 20]
    assert all(math.isnan(y) if x % 2 == 0 else y == -x for x, y in zip(*drawn.columns, strict=True))
    assert str(await shelf.analyses.sample(shelf.scope, ["x", "y"], 20)) == str(drawn)
    nothing = await shelf.analyses.sample(replace(shelf.scope, runs=()), ["x", "y"], 20)
    assert nothing.total == 0 and nothing.columns == [[], []]


async def test_what_is_too_much_is_refused_and_never_cut(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    await shelf.keep([{"price": price, "name": str(price)} for price in range(2000)])
    whole = dict(queries("analysing"))
    small = whole["bounds"].replace("max_rows_to_group_by = 1000000", "max_rows_to_group_by = 10")
    assert small != whole["bounds"]
    monkeypatch.setattr("infra.clickhouse.analysed.queries", lambda room: whole | {"bounds": small})
    with pytest.raises(TooMuch, match="groups"):
        await shelf.ask(Measure("count"), groups=(Group("name", ("text",)),))
    (words,) = await shelf.analyses.words(shelf.scope, ["name"], 2)
    assert words.top is None and words.count == 2000 and abs(words.distinct - 2000) < 100
