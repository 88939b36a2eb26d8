"""A block of columns, as the warehouse writes it, is to ClickHouse what it is to us."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.row_store import RowStore
from schemas import codec
from schemas.delivery import Delivery
from schemas.events import CleanBatch
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS
from streams.warehouse.arriving import decode
from streams.warehouse.records import record_rows
from tests.engines import Engines
from tests.fakes.native import rows_of
from tests.unit.warehouse.partitions import AT, batch


def made(dataset: str, name: str, records: int) -> CleanBatch:
    """Records that differ in every column, some with numbers and some without."""
    plain = batch(f"{dataset}/{name}", records)
    found = [
        msgspec.structs.replace(
            record, key=f"{name}-{place}",
            data={"price": place / 2, "é": "x" * place, "new": place % 2 == 0, "tags": ["é", "b"][: place % 3],
                  "added": f"20{place % 90 + 10}-01-31T00:00:00.5Z"} if place % 3 else {"price": None},
            language=f"l{place % 400}", category=name, word_count=place, quality=place / 7, completeness=50.0,
        )
        for place, record in enumerate(plain.records)
    ]  # fmt: skip
    return msgspec.structs.replace(
        plain,
        dataset=dataset,
        records=found,
        numeric={"price": "price"},
        typed={"new": "boolean", "tags": "list", "added": "date"},
        revision=4,
        fetched_at="1999-12-31T23:59:59.5Z",
    )


async def test_every_column_comes_back_and_an_insert_is_one_part(engines: Engines) -> None:
    migrate(engines.clickhouse)
    dataset = f"columns-{uuid4()}"
    values = [codec.encode(made(dataset, name, records)) for name, records in (("a", 700), ("b", 0), ("c", 2))]
    taken = [Delivery(Message(CLEAN_RECORDS, 5, n, None, v), decode(CLEAN_RECORDS, v)) for n, v in enumerate(values)]
    told = record_rows(taken, AT)
    for _ in range(2):
        await RowStore(engines.clickhouse).insert(told, dataset)
    rows = rows_of(told.body)
    client = connect(engines.clickhouse)
    try:
        asked = (
            f"select {', '.join(rows[0])}, _part from records where dataset = {{d:String}} order by offset, position"
        )
        found = client.query(asked, parameters={"d": dataset})
    finally:
        client.close()
    assert len({row[-1] for row in found.result_rows}) == 1
    assert {"flags", "moments", "lists"} <= rows[0].keys() and rows[1]["moments"] == {"added": 1_296_432_000_500}
    kept = [dict(zip(rows[0], map(_plain, row), strict=False)) for row in found.result_rows]
    assert kept == rows and len(rows) == 702


async def test_records_without_such_fields_and_those_stored_before_have_none(engines: Engines) -> None:
    migrate(engines.clickhouse)
    dataset = f"untyped-{uuid4()}"
    value = codec.encode(msgspec.structs.replace(made(dataset, "a", 3), typed={}))
    told = record_rows([Delivery(Message(CLEAN_RECORDS, 5, 0, None, value), decode(CLEAN_RECORDS, value))], AT)
    await RowStore(engines.clickhouse).insert(told, dataset)
    client = connect(engines.clickhouse)
    try:
        asked = "select flags, moments, lists, numbers from records where dataset = {d:String} order by position"
        found = client.query(asked, parameters={"d": dataset}).result_rows
    finally:
        client.close()
    assert [tuple(row) for row in found] == [
        ({}, {}, {}, {}),
        ({}, {}, {}, {"price": 0.5}),
        ({}, {}, {}, {"price": 1.0}),
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return round(value.replace(tzinfo=UTC).timestamp() * 1000)
    return value
