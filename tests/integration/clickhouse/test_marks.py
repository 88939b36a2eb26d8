"""What trends publishes lands in its tables as it is."""

import json
from uuid import uuid4

from clickhouse_connect.driver.client import Client

from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.row_store import RowStore
from schemas.delivery import Delivery
from schemas.events import Event, Mark, RecordMarks, Trend
from schemas.message import Message
from schemas.topics import RECORD_MARKS, TRENDS
from streams.warehouse.rows import shape_of
from tests.engines import Engines

AT = "2026-11-22T18:00:00Z"


async def stored(engines: Engines, topic: str, event: Event) -> Client:
    """A client, once the event's rows are in."""
    migrate(engines.clickhouse)
    delivery = Delivery(Message(topic, 0, 0, None, b""), event)
    shape = shape_of(topic)
    assert not shape.flaw(delivery)
    for rows in shape.rows([delivery], AT):
        await RowStore(engines.clickhouse).insert(rows, str(uuid4()))
    return connect(engines.clickhouse)


async def test_marks_are_rows_by_record_id(engines: Engines) -> None:
    dataset, ids = f"marks-{uuid4()}", [str(uuid4()) for _ in range(3)]
    marks = [
        Mark(record_id=ids[0], key="a", state="changed", other=ids[1], fields={"price": [11.0, 9.0]}),
        Mark(record_id=ids[2], key="b", state="new"),
    ]
    told = RecordMarks(
        id=str(uuid4()), dataset=dataset, run_id=str(uuid4()), job_id=str(uuid4()), at=AT, unchanged=3, marks=marks
    )
    client = await stored(engines, RECORD_MARKS, told)
    sql = "select toString(record_id), state, other, fields from record_marks where dataset = {d:String} order by key"
    first, second = client.query(sql, parameters={"d": dataset}).result_rows
    assert first[:3] == (ids[0], "changed", ids[1])
    assert json.loads(first[3]) == {"price": [11.0, 9.0]}
    assert second == (ids[2], "new", "", "{}")


async def test_a_trend_says_what_found_it_and_what_it_closes(engines: Engines) -> None:
    dataset, closes = f"trends-{uuid4()}", str(uuid4())
    trend = Trend(
        id=str(uuid4()), dataset=dataset, run_id=str(uuid4()), record_key="", field="price", series="s", kind="shift",
        direction="up", score=1.0, confidence=1.0, before=1.0, after=2.0, change=1.0, at=AT, record_id=str(uuid4()),
        detector="change_point", phase="ended", closes=closes, rule="price above 1",
    )  # fmt: skip
    client = await stored(engines, TRENDS, trend)
    sql = "select detector, phase, closes, rule from trends where dataset = {d:String}"
    (row,) = client.query(sql, parameters={"d": dataset}).result_rows
    assert row == ("change_point", "ended", closes, "price above 1")
