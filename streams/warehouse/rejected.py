"""What becomes of a batch that is given up: its records are dead letters, and its run must close all the same.

Extraction promised the batch, and a run is over when ClickHouse holds each promised one. So it is stored as a batch
of which every record was rejected, rather than failing the run: the other pages' records are good, the dead letter
names what is not, and a run of which too much is rejected fails by that.
"""

import msgspec

from schemas.delivery import Delivery
from schemas.events import CleanBatch
from streams.warehouse.flaws import batch_flaw

_NO_TIME = "1970-01-01T00:00:00Z"
"""No column of a batch holds when its page was fetched."""


def rejected(delivery: Delivery) -> Delivery:
    """The same batch without records. Without an event where there is no batch of anybody's to account for: another
    kind of event, or one whose ids and counts nobody can have promised."""
    batch = delivery.event
    if isinstance(batch, CleanBatch):
        empty = msgspec.structs.replace(
            batch, records=[], numeric={}, typed={}, rejected=batch.counted_in, filtered=0, fetched_at=_NO_TIME
        )
        kept = Delivery(delivery.message, empty)
        if not batch_flaw(kept):
            return kept
    return Delivery(delivery.message, None)
