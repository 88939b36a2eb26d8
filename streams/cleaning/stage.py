"""raw-records → clean-records, dead-letters: the stage around the cleaner."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec

from schemas.delivery import Delivery, Handled, Reject
from schemas.events import RecordBatch
from schemas.ids import rejected_record_id
from streams.cleaning.cleaner import Cleaned, Rejected, clean
from streams.cleaning.limits import fitted

COUNTED = 1000
"""Fields of datasets counted apart; outsiders name fields as they like, and memory must not grow with it."""

_encoder = msgspec.json.Encoder()


class Cleaning:
    """Stateless: what a batch becomes depends on nothing but the batch, so that redelivery changes nothing.

    `unreadable` counts the values that were left out because they are not of their field's type, by dataset and
    field, since the process began (beyond COUNTED of them under empty names); it is for metrics alone.
    """

    def __init__(self) -> None:
        self.unreadable: Counter[tuple[str, str]] = Counter()

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """One clean batch for each raw one, in order, even an empty one; rejected records as letters of their own."""
        handled = Handled()
        for delivery in batch:
            raw: RecordBatch = delivery.event
            cleaned = fitted(clean(raw), raw)
            handled.outputs.append(cleaned.batch)
            handled.rejects.extend(_letter(delivery, raw, rejected) for rejected in cleaned.rejects)
            self._count(raw.dataset, cleaned)
            await asyncio.sleep(0)  # heartbeats and shutdown get their turn between two batches
        return handled

    def _count(self, dataset: str, cleaned: Cleaned) -> None:
        for field, times in cleaned.unreadable.items():
            place = (dataset, field)
            known = place in self.unreadable or len(self.unreadable) < COUNTED
            self.unreadable[place if known else ("", "")] += times


def _letter(delivery: Delivery, raw: RecordBatch, rejected: Rejected) -> Reject:
    message = delivery.message
    return Reject(
        message=message,
        code=rejected.code,
        reason=f"Record {rejected.index} of {raw.url or raw.dataset}: {rejected.reason}"[:2000],
        id=rejected_record_id(raw.id, rejected.index),
        value=_encoder.encode(rejected.record),
        run_id=raw.run_id,
    )
