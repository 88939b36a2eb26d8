"""The bound on a clean batch: it must fit into one message."""

import msgspec

from schemas.events.records import RecordBatch
from schemas.ids import record_id
from streams.cleaning.cleaner import Cleaned, Rejected

MAX_BYTES = 1_000_000
"""Bytes of a clean batch as JSON; what is left of a message's 1 MiB is for its headers."""

_encoder = msgspec.json.Encoder()


def fitted(cleaned: Cleaned, raw: RecordBatch) -> Cleaned:
    """The same, its largest records rejected until the batch fits; the counts still add up.

    Extraction leaves room for all that cleaning adds, so only batches that others made can be too large.
    """
    batch = cleaned.batch
    surplus = len(_encoder.encode(batch)) - MAX_BYTES
    if surplus <= 0:
        return cleaned
    place = {record_id(raw.id, index): index for index in range(len(raw.records))}
    sizes = sorted(((len(_encoder.encode(record)), record.id) for record in batch.records), reverse=True)
    dropped = set()
    for size, identity in sizes:
        if surplus <= 0:
            break
        dropped.add(identity)
        surplus -= size
    reason = f"The clean batch is larger than {MAX_BYTES} bytes; its largest records were taken out."
    rejects = [
        Rejected(place[record.id], raw.records[place[record.id]], "too_large", reason)
        for record in batch.records
        if record.id in dropped
    ]
    smaller = msgspec.structs.replace(
        batch,
        records=[record for record in batch.records if record.id not in dropped],
        rejected=batch.rejected + len(rejects),
    )
    return Cleaned(smaller, [*cleaned.rejects, *rejects], cleaned.unreadable)
