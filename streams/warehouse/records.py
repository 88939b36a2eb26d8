"""Clean records as rows: the busiest table, and therefore written column by column."""

from collections.abc import Sequence
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from schemas.delivery import Delivery
from schemas.inserts import Rows
from streams.warehouse.arriving import StoredBatch, StoredRecord
from streams.warehouse.columns import Column, block, few, numbers, text, texts, uuids
from streams.warehouse.fields import field_columns
from streams.warehouse.moments import milliseconds

_MOST_FLOAT32 = float(np.finfo(np.float32).max)


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
        *field_columns(batches, len(records)),
        Column("ingested_at", _MOMENT, numbers([milliseconds(at)], "<i8") * len(records)),
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
        Column("fetched_at", _MOMENT, _repeated([milliseconds(batch.fetched_at) for batch in batches], counts, "<i8")),
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
