"""What a stage is: a plain class that the lossless loop drives, testable without Kafka."""

import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from schemas.delivery import Delivery, Handled, Reject, Settled

__all__ = ["PORTION_S", "Delivery", "Handled", "Reject", "Settled", "Stage", "Stateful", "in_portion"]

PORTION_S = 20.0
"""Seconds after which a stage begins no further message of a batch before what it has is published: a batch in which
every message takes long would otherwise keep its worker away for longer than it may be."""


class Stage(Protocol):
    """Deliveries in, outputs and rejects out.

    Promises of the loop: a batch is handed over in order per partition; outputs and rejects are acknowledged by the
    broker before the batch is; after a crash the same deliveries come again. Promises of a stage: handling a
    delivery twice has the effect of handling it once; an outage is waited out inside an adapter and never rejected.
    """

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Does the work of one batch."""
        ...


class Stateful(Stage, Protocol):
    """A stage that decides itself how far its input is settled, because it keeps a memory or a ledger.

    It is shown every offset: a message that was no event comes as a delivery whose event is None. When it raises, its
    worker ends, since its memory may be half-changed.
    """

    async def assigned(self, topic: str, partitions: set[int]) -> None:
        """These partitions are its own from now on, and only these; whatever it knew of others is void."""
        ...

    async def settle(self, *, idle: bool) -> Settled:
        """After publishing, or once a second when nothing came (`idle`): how far the input may be acknowledged."""
        ...


def in_portion(batch: Sequence[Delivery], handled: Handled) -> Iterator[Delivery]:
    """The deliveries that a stage begins within PORTION_S, the first one in any case; the others become the rest."""
    until = time.monotonic() + PORTION_S
    for index, delivery in enumerate(batch):
        if index and time.monotonic() > until:
            handled.rest.extend(batch[index:])
            return
        yield delivery
