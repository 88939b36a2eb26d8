"""Clean records as rows: the busiest table, and therefore written column by column."""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from schemas.delivery import Delivery
from streams.warehouse.arriving import StoredBatch, StoredRecord, values_decoder
from streams.warehouse.columns import Column, block, few, maps, numbers, text, texts, uuids
from streams.warehouse.ports import Rows

_LEAST_MS, _MOST_MS = -2_208_988_800_000, 10_413_791_999_999
"""1900 and 2299: what DateTime64 can hold."""
_MOST_FLOAT32 = float(np.finfo(np.float32).max)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record_rows(taken: Sequence[Delivery], at: str) -> Rows:
    """The rows of `records` of some batches, as one Native block."""
    batches: list[StoredBatch] = [delivery.event for delivery in taken]
    counts = [len(batch.records) for batch in batches]
    records = [record for batch in batches for record in batch.records]
    if not records:
        return Rows("records", b"", 0)
    columns = [
        *_of_batches(batches, counts),
        *_of_records(records),
        Column("numbers", "Map(LowCardinality(String), Float64)", _numbers(batches, len(records))),
        Column("ingested_at", _MOMENT, numbers([_ms(at)], "<i8") * len(records)),
        Column("partition", "UInt16", _repeated([one.message.partition for one in taken], counts, "<u2")),
        Column("offset", "Int64", _repeated([one.message.offset for one in taken], counts, "<i8")),
        Column("position", "UInt32", b"".join(np.arange(count, dtype="<u4").tobytes() for count in counts)),
    ]
    return Rows("records", block(len(records), columns), len(records), "Native")


_MOMENT = "DateTime64(3, 'UTC')"


def _of_batches(batches: Sequence[StoredBatch], counts: Sequence[int]) -> list[Column]:
    """What all records of a batch have in common."""
    ids = {"run_id": "run_id", "job_id": "job_id", "batch_id": "id"}
    return [
        Column("dataset", "LowCardinality(String)", few([batch.dataset for batch in batches], counts)),
        *(Column(name, "UUID", _each(batches, counts, source)) for name, source in ids.items()),
        Column("revision", "UInt32", _repeated([batch.revision for batch in batches], counts, "<u4")),
        Column("url", "String", b"".join(text(b.url.encode()) * n for b, n in zip(batches, counts, strict=True))),
        Column("fetched_at", _MOMENT, _repeated([_ms(batch.fetched_at) for batch in batches], counts, "<i8")),
    ]


def _of_records(records: Sequence[StoredRecord]) -> list[Column]:
    return [
        Column("id", "UUID", uuids([record.id for record in records])),
        Column("key", "String", texts([record.key.encode() for record in records])),
        Column("data", "String", texts([bytes(record.data) for record in records])),
        *(
            Column(name, "Float32", numbers(np.clip(_values(records, name), -_MOST_FLOAT32, _MOST_FLOAT32), "<f4"))
            for name in ("completeness", "quality")
        ),
        *(
            Column(name, "LowCardinality(String)", few(list(map(attrgetter(name), records))))
            for name in ("language", "category", "data_type")
        ),
        Column("word_count", "UInt32", numbers([record.word_count for record in records], "<u4")),
    ]


def _values(records: Sequence[StoredRecord], name: str) -> npt.NDArray[np.float64]:
    return np.fromiter(map(attrgetter(name), records), np.float64, len(records))


def _each(batches: Sequence[StoredBatch], counts: Sequence[int], name: str) -> bytes:
    return b"".join(uuids([getattr(b, name)]) * n for b, n in zip(batches, counts, strict=True))


def _repeated(values: Sequence[int], counts: Sequence[int], kind: str) -> bytes:
    return np.repeat(np.array(values, kind), counts).tobytes()


def _numbers(batches: Sequence[StoredBatch], rows: int) -> bytes:
    """The numeric fields of each record, by the names that its batch gives them."""
    names = sorted({name for batch in batches for name in batch.numeric})
    places = {name: place for place, name in enumerate(names)}
    present, values = np.zeros((rows, len(names)), np.bool_), np.zeros((rows, len(names)))
    begin = 0
    for batch in batches:
        end = begin + len(batch.records)
        for name, found in _fields(batch).items():
            if set(map(type, found)) == {float}:  # as nearly always
                present[begin:end, places[name]], values[begin:end, places[name]] = True, found
                continue
            for row, value in enumerate(found, begin):
                if _is_number(value):
                    present[row, places[name]], values[row, places[name]] = True, value
        begin = end
    return maps(names, present, values)


def _fields(batch: StoredBatch) -> dict[str, list[Any]]:
    """The values of its numeric fields, None where a record has none."""
    if not batch.numeric:
        return {}
    names, joined = tuple(batch.numeric), b"[" + b",".join([record.data for record in batch.records]) + b"]"
    try:
        found = values_decoder(names).decode(joined)
    except ValueError:  # a name with characters that JSON escapes
        whole = msgspec.json.decode(joined)
        return {name: [data.get(name) for data in whole] for name in names}
    return {name: list(map(attrgetter(f"v{place}"), found)) for place, name in enumerate(names)}


def _is_number(value: Any) -> bool:
    """A number that a column of floats takes."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63)


def _ms(moment: str) -> int:
    """RFC 3339 as milliseconds, within what the column holds."""
    passed = datetime.fromisoformat(moment) - _EPOCH
    return min(max((passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000, _LEAST_MS), _MOST_MS)
