"""What every store of records promises; the real one is ClickHouse."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.ports import Records
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.reading import Reading
from schemas.ledger import StoredMark, StoredRecord, StoredTrend
from tests.unit.api.fakes import FakeRecords

SCORES = ("completeness", "quality", "language", "word_count", "category", "data_type")
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
            "numbers",
            "fetched_at",
            "ingested_at",
            *SCORES,
        ]
        rows = [
            [each.id, dataset, run_id, run_id, run_id, each.key, each.url, each.data, {}, each.fetched_at, BEGAN]
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
