"""Records as a block of columns say what the events say."""

import json
from typing import Any

import msgspec
import pytest

from schemas import codec
from schemas.delivery import Delivery
from schemas.ids import digest
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS
from streams.warehouse.arriving import decode
from streams.warehouse.flaws import batch_flaw
from streams.warehouse.records import record_rows
from tests.fakes.native import rows_of
from tests.unit.warehouse.partitions import AT, batch


def deliveries(*events: Any) -> list[Delivery]:
    """As the pump hands them over."""
    values = [codec.encode(event) for event in events]
    return [Delivery(Message(CLEAN_RECORDS, 3, 7 + n, None, v), decode(CLEAN_RECORDS, v)) for n, v in enumerate(values)]


def made(name: str, data: list[dict[str, Any]], **more: Any) -> Any:
    records = [
        msgspec.structs.replace(record, data=one, language=f"l{place}", word_count=place, quality=1e300)
        for place, (record, one) in enumerate(zip(batch(name, len(data)).records, data, strict=True))
    ]
    return msgspec.structs.replace(batch(name, len(data)), records=records, **more)


def test_every_column_is_what_its_event_says() -> None:
    first = made("a", [{"price": 1.5, "n": 2}, {"price": "x" * 20_000}], numeric={"price": "price", "n": "number"})
    empty, second = made("b", []), made("c", [{"é": 1}], dataset="other", fetched_at="2026-01-01T01:00:00.0019+01:00")
    taken = deliveries(first, empty, second)
    rows = rows_of(record_rows(taken, AT).body)
    assert [row["id"] for row in rows] == [digest("a", "0"), digest("a", "1"), digest("c", "0")]
    assert [json.loads(row["data"]) for row in rows] == [one.data for event in (first, second) for one in event.records]
    assert [row["numbers"] for row in rows] == [{"price": 1.5, "n": 2.0}, {}, {}]
    assert [(row["dataset"], row["batch_id"], row["offset"], row["position"]) for row in rows] == [
        ("d", digest("a"), 7, 0), ("d", digest("a"), 7, 1), ("other", digest("c"), 9, 0),
    ]  # fmt: skip
    assert [(row["language"], row["word_count"], row["partition"], row["key"]) for row in rows] == [
        ("l0", 0, 3, "a"), ("l1", 1, 3, "a"), ("l0", 0, 3, "c"),
    ]  # fmt: skip
    assert [row["fetched_at"] - row["ingested_at"] for row in rows] == [0, 0, 1]
    assert record_rows(taken, AT) == record_rows(deliveries(first, empty, second), AT), "the same for the same events"


@pytest.mark.parametrize(
    ("value", "stored"),
    [(1, 1.0), (-2.5, -2.5), (2**63 - 1, float(2**63)), (2**63, None), (10**30, None), (None, None), ("1", None),
     ([1], None), ({"a": 1}, None), (True, 1.0)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("name", ["price", "", 'a"b', "\\", "\0", "é" * 300])
def test_numbers_have_what_is_a_number(name: str, value: Any, stored: float | None) -> None:
    event = made("a", [{name: value}, {name: 0.5}, {}], numeric={name: "number", "other": "number"})
    found = [row["numbers"] for row in rows_of(record_rows(deliveries(event), AT).body)]
    assert found == [{} if stored is None else {name: stored}, {name: 0.5}, {}]


DAY = 1_767_225_600_000
"""2026-01-01."""


@pytest.mark.parametrize(
    ("type_", "column", "value", "stored"),
    [
        ("boolean", "flags", True, True), ("boolean", "flags", False, False), ("boolean", "flags", 1, None),
        ("boolean", "flags", "true", None), ("boolean", "flags", None, None),
        ("date", "moments", "2026-01-01T00:00:00Z", DAY), ("date", "moments", "2026-01-01", None),
        ("date", "moments", "2026-01-01T01:00:00.0019+01:00", DAY + 1),
        ("date", "moments", "2026-02-30T00:00:00Z", None),
        ("date", "moments", "1850-01-01T00:00:00Z", None), ("date", "moments", "2300-01-01T00:00:00Z", None),
        ("date", "moments", 5, None), ("date", "moments", True, None), ("date", "moments", "", None),
        ("list", "lists", ["a", "é", ""], ["a", "é", ""]), ("list", "lists", ["x" * 256], ["x" * 256]),
        ("list", "lists", ["é" * 128], ["é" * 128]), ("list", "lists", ["é" * 129], None),
        ("list", "lists", ["x"] * 100, ["x"] * 100), ("list", "lists", ["x"] * 101, None),
        ("list", "lists", [], None), ("list", "lists", ["a", 1], None), ("list", "lists", [{"a": 1}], None),
        ("list", "lists", "a", None), ("list", "lists", [["a"]], None),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
@pytest.mark.parametrize("name", ["f", "", 'a"b', "\0"])
def test_a_typed_field_has_what_is_of_its_type(name: str, type_: str, column: str, value: Any, stored: Any) -> None:
    good: Any = {"boolean": True, "date": "2026-01-01T00:00:00Z", "list": ["b"]}[type_]
    kept = {"boolean": True, "date": DAY, "list": ["b"]}[type_]
    followed: list[list[dict[str, Any]]] = [[{name: good}, {}], [], [{name: good}, {name: good}]]
    for others in followed:
        event = made("a", [{name: value, "n": 1}, *others], typed={name: type_}, numeric={"n": "number"})
        rows = rows_of(record_rows(deliveries(event), AT).body)
        expected = [{} if stored is None else {name: stored}, *({name: kept} if one else {} for one in others)]
        assert [row[column] for row in rows] == expected
        assert [row["numbers"] for row in rows] == [{"n": 1.0}, *({} for _ in others)]


def test_a_batch_is_typed_by_its_own_rules_and_what_no_rule_types_has_no_column() -> None:
    data: list[dict[str, Any]] = [{"a": True, "b": "2026-01-01T00:00:00Z", "c": ["x"], "d": 1}, {"a": False}]
    plain, flags = made("p", data), made("f", data, typed={"a": "boolean", "b": "boolean"})
    others = made("o", data, typed={"b": "date", "c": "list", "a": "list"}, numeric={"d": "number"})
    rows = rows_of(record_rows(deliveries(plain, flags, others), AT).body)
    assert [row["flags"] for row in rows] == [{}, {}, {"a": True}, {"a": False}, {}, {}]
    assert [row["moments"] for row in rows] == [{}, {}, {}, {}, {"b": DAY}, {}]
    assert [row["lists"] for row in rows] == [{}, {}, {}, {}, {"c": ["x"]}, {}]
    assert [row["numbers"] for row in rows] == [{}, {}, {}, {}, {"d": 1.0}, {}]
    (row, _) = rows_of(record_rows(deliveries(plain), AT).body)
    assert row["numbers"] == {} and not {"flags", "moments", "lists"} & row.keys()


def test_more_texts_than_a_byte_counts_are_indexed() -> None:
    event = made("a", [{} for _ in range(300)])
    assert [row["language"] for row in rows_of(record_rows(deliveries(event), AT).body)] == [
        f"l{n}" for n in range(300)
    ]


def test_a_count_that_no_column_holds_is_a_flaw() -> None:
    for count in (-1, 2**32, 10**30):
        event = made("a", [{}])
        wrong = [msgspec.structs.replace(record, word_count=count) for record in event.records]
        (one,) = deliveries(msgspec.structs.replace(event, records=wrong))
        assert "word count" in batch_flaw(one)
