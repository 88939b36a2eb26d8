"""raw-records → clean-records, dead-letters: the stage around the cleaner."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from schemas.delivery import Delivery, Handled, Reject
from schemas.events import RecordBatch
from schemas.ids import rejected_record_id
from streams.cleaning.cleaner import Rejected, clean, given_up
from streams.cleaning.limits import fitted
from streams.portion import in_portion

_encoder = msgspec.json.Encoder()


class Cleaning:
    """Stateless: what a batch becomes depends on nothing but the batch, so that redelivery changes nothing.

    `unreadable` is told how many values were left out because they are not of their field's type; it is for metrics
    alone. Not by dataset and field: outsiders name those as they like.
    """

    def __init__(self, unreadable: Callable[[int], object] = lambda count: None) -> None:
        self._unreadable = unreadable

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """One clean batch for each raw one, in order, even an empty one; rejected records as letters of their own. What
        it does not come to within PORTION_S is the rest."""
        handled = Handled()
        for delivery in in_portion(batch, handled):
            raw: RecordBatch = delivery.event
            cleaned = fitted(clean(raw), raw)
            handled.outputs.append(cleaned.batch)
            handled.rejects.extend(_letter(delivery, raw, rejected) for rejected in cleaned.rejects)
            self._unreadable(sum(cleaned.unreadable.values()))
            await asyncio.sleep(0)  # heartbeats and shutdown get their turn between two batches
        return handled

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        """The batch cannot be cleaned at all: it is in the dead letters, and its run goes on without its records."""
        return Handled([given_up(delivery.event)])


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
