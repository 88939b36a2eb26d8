"""What every store of records promises; the real one is ClickHouse."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.ports import Records
from api.services.choosing import conditions
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.reading import Reading
from schemas.choosing import FieldOrder
from schemas.ledger import StoredMark, StoredRecord, StoredTrend
from tests.unit.api.fakes import FakeRecords, typed

SCORES = ("completeness", "quality", "language", "word_count", "category", "data_type")
FIELDS: dict[str, type] = {"numbers": float, "flags": bool, "moments": datetime, "lists": list}
BEGAN = datetime(2026, 1, 5, 10, 30, 0, 123_000, tzinfo=UTC)


@dataclass
class Store:
    """A store of records, and a way to fill it."""

    records: Records
    client: Any

    async def keep(self, dataset: str, run_id: str, records: list[StoredRecord]) -> None:
        if self.client is None:
            self.records.of_run[run_id] = records  # type: ignore[attr-defined]
            return
        names = [
            "id",
            "dataset",
            "run_id",
            "job_id",
            "batch_id",
            "key",
            "url",
            "data",
            *FIELDS,
            "fetched_at",
            "ingested_at",
            *SCORES,
        ]
        rows = [
            [each.id, dataset, run_id, run_id, run_id, each.key, each.url, each.data]
            + [_of_type(each, type_) for type_ in FIELDS.values()]
            + [each.fetched_at, BEGAN]
            + [getattr(each, name) for name in SCORES]
            for each in records
        ]
        await asyncio.to_thread(self.client.insert, "records", rows, column_names=names)

    async def keep_marks(self, dataset: str, run_id: str, marks: list[StoredMark]) -> None:
        if self.client is None:
            self.records.stored_marks[run_id] = marks  # type: ignore[attr-defined]
            return
        names = [*asdict(marks[0]), "id", "dataset", "run_id", "job_id", "ingested_at"]
        rows = [[*asdict(mark).values(), run_id, dataset, run_id, run_id, BEGAN] for mark in marks]
        await asyncio.to_thread(self.client.insert, "record_marks", rows, column_names=names)

    async def keep_trends(self, trends: list[StoredTrend]) -> None:
        if self.client is None:
            self.records.stored_trends += trends  # type: ignore[attr-defined]
            return
        rows = [[*asdict(trend).values(), BEGAN] for trend in trends]
        names = [*asdict(trends[0]), "ingested_at"]
        await asyncio.to_thread(self.client.insert, "trends", rows, column_names=names)


@pytest.fixture(params=["fake", "real"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """One kind of store after the other."""
    if request.param == "fake":
        yield Store(FakeRecords(), None)
        return
    engines = request.getfixturevalue("engines")
    await asyncio.to_thread(migrate, engines.clickhouse)
    async with Reading(engines.clickhouse) as reading:
        client = await asyncio.to_thread(connect, engines.clickhouse)
        yield Store(reading, client)
        client.close()


def _of_type(of: StoredRecord, type_: type) -> dict[str, Any]:
    """Its fields of one type, as the warehouse would find them."""
    found: dict[str, Any] = {n: value for n in json.loads(of.data) if type(value := typed(of, n)) is type_}
    return {
        name: value for name, value in found.items() if type_ is not list or {type(entry) for entry in value} == {str}
    }


def record(key: str, data: str = '{"price":1.5}') -> StoredRecord:
    return StoredRecord(id=str(uuid4()), key=key, url="http://shop.test/", data=data, fetched_at=BEGAN)


async def test_records_come_in_the_order_of_their_key_piece_by_piece(store: Store) -> None:
    dataset, run_id = f"set-{uuid4()}", str(uuid4())
    keys = ["b", "a", "a", "", "ключ \U0001f511", "' or 1=1 --", "c\\d"]
    records = sorted((record(key) for key in keys), key=lambda each: (each.key, each.id))
    await store.keep(dataset, run_id, records)
    await store.keep(dataset, str(uuid4()), [record("another run's")])
    whole = await store.records.records(dataset, run_id, None, 100)
    assert {each.id for each in whole} == {each.id for each in records}
    assert [each.key for each in whole] == [each.key for each in records]
    assert sorted(whole, key=lambda each: each.id) == sorted(records, key=lambda each: each.id)
    pieces: list[StoredRecord] = []
    position: tuple[str, str] | None = None
    while piece := await store.records.records(dataset, run_id, position, 2):
        pieces += piece
        position = (piece[-1].key, piece[-1].id)
    assert pieces == whole
    assert await store.records.records(f"not {dataset}", str(uuid4()), None, 10) == []


async def test_data_comes_back_as_it_was_stored(store: Store) -> None:
    dataset, run_id = f"set-{uuid4()}", str(uuid4())
    text = '{"name":"Ünïcode \U0001f41f \\u0007 \\" \\\\ </script>","n":[1e-7,null,true]}'
    await store.keep(dataset, run_id, [record("k", text)])
    assert [each.data for each in await store.records.records(dataset, run_id, None, 1)] == [text]


async def test_a_record_s_scores_are_stored_beside_it(store: Store) -> None:
    dataset, run_id = f"set-{uuid4()}", str(uuid4())
    scored = replace(record("k"), completeness=60.0, quality=65.5, language="en", word_count=4, category="home",
                     data_type="ecommerce")  # fmt: skip
    await store.keep(dataset, run_id, [scored])
    assert await store.records.records(dataset, run_id, None, 2) == [scored]


SHOP: dict[str, dict[str, Any]] = {
    "a": {"price": 19.99, "in_stock": True, "added": "2026-01-31T00:00:00Z", "tags": ["new", "sale"], "name": "x"},
    "b": {"price": -0.1, "in_stock": False, "added": "1999-12-31T23:59:59.999Z", "tags": ["sale"],
          "name": "2026-01-31"},
    "c": {"price": 5e-324, "name": "true", "n'o {x:String}": 1.0},
    "d": {"in_stock": True, "added": "2026-01-31T00:00:00.001Z", "name": "19.99"},
    "e": {"price": 20.0, "name": "it's \\ \t é"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        (["price=19.99"], "a"), (["price>=19.99"], "ae"), (["price>19.99"], "e"), (["price<5e-324"], "b"),
        (["price<=5e-324", "price>-1"], "bc"), (["price!=19.99"], "bce"), (["in_stock=true"], "ad"),
        (["in_stock=false"], "b"), (["in_stock!=true"], "b"), (["added=2026-01-31"], "a"),
        (["added>=2026-01-31"], "ad"), (["added<2026-01-31T01:00:00+01:00"], "b"), (["added>2026-01-31"], "d"),
        (["added!=2026-01-31"], "bd"), (["tags=sale"], "ab"), (["tags!=new"], "b"),
        (["tags=sale", "in_stock=true"], "a"),
        (["name=19.99"], "d"), (["name=true"], "c"), (["name=2026-01-31"], "b"), (["name=it's \\ \t é"], "e"),
        (["name!=x"], "bcde"), (["n'o {x:String}>0"], "c"), (["nothing=1"], ""), (["nothing!=1"], ""),
        (["price=true"], ""), (["in_stock>0"], ""), (["added>=0001-01-01"], "abd"),
    ],
    ids=str,
)  # fmt: skip
async def test_records_are_chosen_by_their_typed_fields(store: Store, where: list[str], keys: str) -> None:
    dataset, run_id = f"set-{uuid4()}", str(uuid4())
    await store.keep(dataset, run_id, [record(key, json.dumps(data)) for key, data in SHOP.items()])
    found = await store.records.records(dataset, run_id, None, 10, conditions(where))
    assert "".join(each.key for each in found) == keys
    rest = (
        await store.records.records(dataset, run_id, (found[0].key, found[0].id), 10, conditions(where))
        if found
        else []
    )
    assert rest == found[1:]


@pytest.mark.parametrize(
    ("field", "down", "keys"),
    [("price", False, "bcaed"), ("price", True, "eacbd"), ("added", False, "badce"), ("added", True, "dabce"),
     ("in_stock", False, "badce"), ("in_stock", True, "adbce"), ("nothing", True, "abcde")],
)  # fmt: skip
async def test_records_are_sorted_by_a_typed_field_piece_by_piece(
    store: Store, field: str, down: bool, keys: str
) -> None:
    dataset, run_id = f"set-{uuid4()}", str(uuid4())
    await store.keep(dataset, run_id, [record(key, json.dumps(data)) for key, data in SHOP.items()])
    seen, position = [], None
    by = FieldOrder(field=field, down=down)
    while piece := await store.records.ranked(dataset, run_id, by, position, 2):
        seen += piece
        position = (piece[-1].rank, piece[-1].record.key, piece[-1].record.id)
    assert "".join(one.record.key for one in seen) == keys
    dear = await store.records.ranked(dataset, run_id, by, None, 9, conditions(["price>=0"]))
    assert [one.record.key for one in dear] == [key for key in keys if key in "ace"]


async def test_marks_come_in_the_order_of_their_key_each_once(store: Store) -> None:
    dataset, run_id = f"set-{uuid4()}", str(uuid4())
    states = ("new", "changed", "similar", "gone", "new")
    marks = [
        StoredMark(record_id=str(uuid4()), key=key, state=state, other="", fields='{"price":[1,2]}', at=BEGAN)
        for key, state in zip(("c", "a", "a", "", "b'"), states, strict=True)
    ]
    marks.append(replace(marks[1], state="similar"))
    await store.keep_marks(dataset, run_id, [*marks, marks[0]])
    await store.keep_marks(dataset, str(uuid4()), [replace(marks[0], key="another run's")])
    ask = store.records.marks
    whole = await ask(dataset, run_id, None, None, 100)
    assert [mark.key for mark in whole] == ["", "a", "a", "a", "b'", "c"]
    assert sorted(whole, key=repr) == sorted(marks, key=repr)
    pieces: list[StoredMark] = []
    while piece := await ask(dataset, run_id, None, _place(pieces[-1]) if pieces else None, 1):
        pieces += piece
    assert pieces == whole
    assert [mark.key for mark in await ask(dataset, run_id, "new", None, 100)] == ["b'", "c"]
    assert await ask(f"not {dataset}", str(uuid4()), None, None, 100) == []


def _place(mark: StoredMark) -> tuple[str, str, str]:
    return mark.key, mark.record_id, mark.state


TREND = StoredTrend(
    id="", dataset="", run_id="", record_key="SKU-1", field="price", series="s", kind="spike", direction="down",
    score=9.5, confidence=0.99, before=10.0, after=7.0, change=-0.3, at=BEGAN, record_id=str(uuid4()),
    url="http://shop.test/1", values=[10.0, 10.1, 7.0], sentence="price of SKU-1 fell by 30 %",
)  # fmt: skip


async def test_trends_come_newest_first_of_the_runs_that_were_asked_for(store: Store) -> None:
    dataset, runs = f"set-{uuid4()}", [str(uuid4()) for _ in range(2)]
    trends = [
        replace(
            TREND,
            id=str(uuid4()),
            dataset=dataset,
            run_id=runs[number % 2],
            at=BEGAN + timedelta(seconds=number // 2),
            kind="shift" if number == 3 else "spike",
        )
        for number in range(6)
    ]
    await store.keep_trends(trends)
    ask = store.records.trends
    both = await ask(runs, limit=100)
    assert sorted(both, key=lambda each: each.id) == sorted(trends, key=lambda each: each.id)
    assert [each.at for each in both] == sorted((each.at for each in trends), reverse=True)
    one = await ask(runs[:1], limit=100)
    assert [each.run_id for each in one] == runs[:1] * 3
    first = await ask(runs, limit=3)
    assert first + await ask(runs, before=(first[-1].at, first[-1].id), limit=100) == both
    assert [each.kind for each in await ask(runs, kind="shift", limit=10)] == ["shift"]
    assert await ask(runs, dataset=f"not {dataset}", limit=10) == []
    assert await ask([], limit=10) == []
    assert {each.id for each in await ask(None, dataset=dataset, limit=100)} == {each.id for each in trends}
