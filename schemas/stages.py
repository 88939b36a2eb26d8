"""What a stage is: a plain class that the lossless loop drives, testable without Kafka. Each further thing that it can
do is a promise of its own, which the loop looks for when it is made."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from schemas.delivery import Delivery, Handled, Settled


class Stage(Protocol):
    """Deliveries in, outputs and rejects out.

    Promises of the loop: a batch is handed over in order per partition; outputs and rejects are acknowledged by the
    broker before the batch is; after a crash the same deliveries come again. Promises of a stage: handling a
    delivery twice has the effect of handling it once; an outage is waited out inside an adapter and never rejected.
    """

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Does the work of one batch."""
        ...


@runtime_checkable
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


@runtime_checkable
class Closing(Stage, Protocol):
    """A stage for whose messages somebody waits: a page's task, the sums of a run."""

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        """Closes what a message leaves open that goes to the dead letters whole, for this reason. It is asked with
        events only, and may be asked again for the same one."""
        ...


@runtime_checkable
class Decoding(Stage, Protocol):
    """A stage that does not need all of an event, and reads its messages itself."""

    def decode(self, topic: str, value: bytes | None) -> Any:
        """What is handed over as the event; raises CodecError exactly where the codec does."""
        ...
